internal import Supervision

/// A supervisor's surroundings for one life: an imagined machine, an impatient operator, and a daemon's loop that
/// is always a little late.
struct World {
    private(set) var dice: Dice
    private(set) var now = Instant(nanoseconds: 3_600_000_000_000)
    private(set) var supervisor: Supervisor
    private var kernel = Kernel()
    private var operating: Operator
    private var invariants: Invariants
    private var faults: Faults
    /// What the last `.save` wrote.
    private var written = SavedState()
    private var writtenHistory = History()
    /// The daemon dies while it carries out what comes next.
    private var isDying = false
    private var tickets: UInt64 = 0
    private(set) var history: [Moment] = []
    private(set) var digest = Digest()

    /// The first invariant that did not hold.
    var violation: String? { invariants.violation }

    /// The latest the loop may wake up after something is due.
    static let lateness = 30

    init(seed: UInt64, isKind: Bool) {
        dice = Dice(seed: seed)
        operating = Operator(&dice)
        faults = isKind ? .kind : Faults.rolled(by: &dice)
        supervisor = Supervisor(seed: seed)
        invariants = Invariants(isKind: isKind)
    }
}

// MARK: - Phases of a life

extension World {
    /// Requests, half of them while the one before is still being carried out, and whatever can go wrong.
    mutating func rage(requests: Int) {
        var at = now
        for _ in 0..<requests {
            at = at + (dice.chance(0.5) ? dice.milliseconds(0...1500) : dice.milliseconds(1500...12_000))
            kernel.plan(.asks, at: at)
            if dice.chance(faults.daemonDies / 10) {
                kernel.plan(.daemonDies, at: at + dice.milliseconds(0...3000))
            }
        }
        run(until: at + .seconds(5))
    }

    /// Nothing goes wrong any more: what runs goes on as planned, what is spawned from now on behaves.
    mutating func calm() {
        faults = .none
        isDying = false
        rest()
    }

    /// Everything is wished for, and must come. A restart first: what got used to another port is let off it.
    mutating func heal() {
        for request in [Request.restart(.all), .apply(operating.completeSpecs())] {
            let ticket = ask(request)
            rest()
            guard violation == nil else { return }
            invariants.expectDone(ticket)
        }
        invariants.checkHealth(supervisor)
    }

    mutating func end(by request: Request) {
        ask(request)
        rest()
        invariants.checkEnd(supervisor, after: request)
    }

    /// Lets everything come to rest, for which there is no excuse not to.
    private mutating func rest() {
        var end = now + .seconds(3600)
        run(until: end)
        // Whoever outgrows its memory is replaced again and again, now perhaps, too: that one must come to its end.
        for _ in 0..<60 where violation == nil && isReplacing {
            end = end + .seconds(1)
            run(until: end)
        }
        invariants.checkRest(supervisor)
        guard violation == nil, kernel.next == nil else { return }
        take(.deadlinePassed)
        if history.last?.effects.isEmpty == false {
            invariants.violate("an effect after everything was at rest")
        }
    }

    private var isReplacing: Bool {
        supervisor.snapshot.apps.contains { $0.operation != nil && $0.spec.restart.maxMemory != nil }
    }
}

// MARK: - The loop

extension World {
    /// The loop of a daemon: waits, hears the facts, then of the time.
    private mutating func run(until end: Instant) {
        var steps = 0
        while violation == nil, let due = nextDue, due <= end {
            steps += 1
            guard steps < 20_000 else { return invariants.violate("it does not come to rest") }
            now = max(now, due)
            occur()
            guard !kernel.mailbox.isEmpty || (supervisor.nextDeadline ?? end) <= now else { continue }
            now = now + dice.milliseconds(0...World.lateness)
            occur()
            while violation == nil, !kernel.mailbox.isEmpty { take(kernel.mailbox.removeFirst()) }
            take(.deadlinePassed)
            guard history.last?.event != nil else { continue }
            invariants.checkDeadline(supervisor.nextDeadline, at: now)
        }
    }

    private var nextDue: Instant? {
        let deadlines = [kernel.next, supervisor.nextDeadline, kernel.mailbox.isEmpty ? nil : now]
        return deadlines.compactMap { $0 }.min()
    }

    private mutating func occur() {
        while let (at, occurrence) = kernel.occur(until: now) {
            switch occurrence {
            case .asks: ask(operating.request(&dice))
            case .daemonDies where faults.daemonDies == 0: break
            case .daemonDies: if dice.chance(0.5) { isDying = true } else { restartDaemon() }
            // In a kind world a new version has no faults.
            case .falters(let id) where invariants.isKind && !isCurrent(id): break
            case .launches, .listens, .unlistens, .ends, .helperEnds, .drains, .falters, .recovers,
                .saysReady, .checks, .freezes, .thaws:
                kernel.happen(occurrence, at: at)
            }
        }
    }

    private func isCurrent(_ id: InstanceID) -> Bool {
        supervisor.snapshot.apps.contains { app in
            app.slots.contains { $0.current?.id == id && $0.current?.generation == app.generation }
        }
    }

    @discardableResult
    private mutating func ask(_ request: Request) -> Ticket {
        tickets += 1
        let ticket = Ticket(tickets)
        kernel.mailbox.append(.requested(request, ticket))
        return ticket
    }

    private mutating func take(_ event: Event) {
        guard violation == nil else { return }
        var effects = supervisor.handle(event, at: now)
        let dies = isDying && !effects.isEmpty
        if dies { effects = Array(effects.prefix(dice.number(0...effects.count))) }
        for effect in effects { perform(effect) }
        record(Moment(at: now, event: event, effects: effects))
        invariants.check(event, effects, supervisor, written: dies ? nil : written, at: now)
        if !dies { invariants.checkHistory(supervisor, writtenHistory, effects) }
        if dies { restartDaemon() }
    }

    private mutating func record(_ moment: Moment) {
        history.append(moment)
        digest.mix(moment)
    }

    private mutating func perform(_ effect: Effect) {
        switch effect {
        case .spawn(let id, let launch):
            var plan = Plan(operating.addresses(of: launch.spec), faults, &dice)
            if launch.spec.health == nil { plan.checks = [] }
            kernel.spawn(id, plan, at: now)
        case .drain(let id): kernel.drain(id, at: now)
        case .hurry(let id): kernel.hurry(id, at: now)
        case .signal(let id, _), .dismiss(let id, _): kernel.signal(id, at: now)
        case .sweep(let id, let signal): kernel.sweep(id, signal, at: now)
        case .weigh(let id): kernel.weigh(id)
        case .save: (written, writtenHistory) = (supervisor.saved, supervisor.history)
        case .reply: invariants.checkAcknowledged(supervisor.saved, written)
        case .steer, .release, .progress, .announce, .finish, .keepLogs: break
        }
    }

    /// Another daemon goes on from what was written.
    private mutating func restartDaemon() {
        isDying = false
        let unheard = kernel.mailbox.filter { if case .requested = $0 { true } else { false } }
        kernel.reconcile(with: written)
        // Who was heard and not answered asks again.
        let again = invariants.unanswered.map { Event.requested($0.request, $0.ticket) }
        kernel.mailbox = again + kernel.mailbox + unheard
        supervisor = Supervisor(restoring: written, history: writtenHistory, seed: dice.seed(), now: now)
        record(Moment(at: now, event: nil, effects: []))
        invariants.reborn(from: written)
        if supervisor.saved != written {
            invariants.violate("a new supervisor does not hold what was written")
        }
        if supervisor.history != writtenHistory {
            invariants.violate("a new supervisor has forgotten what went wrong")
        }
    }
}
