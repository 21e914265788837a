internal import Supervision

/// What holds in any history, checked after every event against a model of its own.
struct Invariants {
    let isKind: Bool
    private(set) var violation: String?
    var instances: [InstanceID: Known] = [:]
    /// Those of them that are not gone.
    var living: Set<InstanceID> = []
    /// The largest `maxSurge` that each app ever had.
    var surges: [AppName: Int] = [:]
    /// Never given out again.
    var highest: UInt64 = 0
    var open: Set<Ticket> = []
    var answered: Set<Ticket> = []
    var asked: [Ticket: Request] = [:]
    var replies: [Ticket: Reply] = [:]
    var steered: [AppName: [InstanceID]] = [:]
    /// In a kind world, how many served when the running operation began.
    var floors: [AppName: (operation: AppSnapshot.Operation, floor: Int)] = [:]
    /// And how many did after the last event.
    var served: [AppName: Int] = [:]
    var isFinished = false
    /// Apps that were asked to try a version on a part of the connections.
    var tried: Set<AppName> = []
    /// Several answers come with this event.
    var isCrowded = false
    /// A new daemon has not looked at the clock yet.
    var isReborn = false
    /// Who was seen to serve in each slot, and what the versions that were replaced listened on then.
    var currents: [AppName: [InstanceID?]] = [:]
    var held: [Version: Set<ListenAddress>] = [:]

    struct Version: Hashable {
        var app: AppName
        var generation: Generation
        /// What its specification says: the same after a rollback.
        var release: [String]
    }

    /// What was ordered and heard of an instance.
    struct Known {
        var app: AppName
        var slot: SlotIndex
        var generation: Generation
        var release: [String]
        var patience: Duration
        /// How long it must be ready before it takes over.
        var bake: Duration
        var isOfSwitch: Bool
        var surge = 1
        var state = State.ordered
        var since: Instant?
        var listening: Set<ListenAddress> = []
        var hasListened = false
        /// When it first listened, or else will count as ready.
        var readyAt: Instant?
        /// It was seen online.
        var wasReady = false
        /// New connections went to it.
        var hasServed = false
        /// It was asked to end.
        var wasAsked = false
        /// From before the daemon's death: not all of its past is known.
        var isInherited = false
        /// Whose place it is to take.
        var predecessor: InstanceID?
        /// What the instance it replaces, or is the heir of, held when it served.
        var expected: Set<ListenAddress> = []
        var isReleased = false
        /// How long it may drain, and until when it does.
        var drainTimeout: Duration
        var drainsUntil: Instant?
        var wasDrained = false
        var hasDrained = false
        /// It is asked to end by a message.
        var takesMessages: Bool
        /// Since when new connections go to it, and how long it is watched then.
        var servesSince: Instant?
        var watch: Duration
        /// What it has to show before it may serve, and has not.
        var awaitsWord = false
        var hasSaidReady = false
        var awaitsCheck = false
        /// Checks failed in a row, and how many are believed.
        var failures = 0
        var retries: Int?

        var isFit: Bool { retries.map { failures < $0 } ?? true }
        /// What was told of its being killed, and whether its end was no wish.
        var victims: [Victims] = []
        var hasDied = false
        var stuckSince: Instant?
        var wasStuck = false
        /// How long it may be stuck.
        var stuckReplace: Duration?

        /// It has been stuck for longer than it may.
        func isOverdue(at now: Instant) -> Bool {
            guard let stuckSince, let stuckReplace else { return false }
            return stuckSince + stuckReplace <= now
        }

        enum State: Int { case ordered, runs, exited, gone }
    }

    init(isKind: Bool) {
        self.isKind = isKind
    }

    mutating func violate(_ sentence: String) {
        if violation == nil { violation = sentence }
    }

    mutating func require(_ holds: Bool, _ sentence: @autoclosure () -> String) {
        if !holds, violation == nil { violation = sentence() }
    }
}

// MARK: - After every event

extension Invariants {
    mutating func check(
        _ event: Event, _ effects: [Effect], _ supervisor: Supervisor, written: SavedState?, at now: Instant
    ) {
        hear(event, at: now)
        if event == .deadlinePassed, effects.isEmpty {
            if written != nil { checkDrains(at: now) }
            return
        }
        let snapshot = supervisor.snapshot
        isCrowded = effects.count { if case .reply = $0 { true } else { false } } > 1
        for effect in effects { check(effect, snapshot, at: now) }
        checkConsequences(of: event, effects, snapshot, at: now)
        learn(from: snapshot, at: now)
        guard let written else { return }
        if event == .deadlinePassed { checkDrains(at: now) }
        checkTable(snapshot)
        checkSaved(supervisor.saved, written)
        checkVictims(event, effects)
        if isKind { checkKindness(snapshot) }
    }

    mutating func hear(_ event: Event, at now: Instant) {
        switch event {
        case .requested(let request, let ticket):
            open.insert(ticket)
            asked[ticket] = request
            switch request {
            case .canary: tried = Set(surges.keys)
            case .applyCanary(let specs, _): tried.formUnion(specs.map(\.name))
            default: break
            }
        case .spawned(let id, _):
            instances[id]?.state = .runs
            instances[id]?.since = now
            guard let known = instances[id], !known.awaitsWord, !known.awaitsCheck else { return }
            instances[id]?.readyAt = now + known.patience
        case .spawnFailed(let id, _), .neverSpawned(let id), .vanished(let id):
            instances[id]?.state = .gone
            living.remove(id)
        case .listened(let id, let address):
            if let known = instances[id], !known.hasListened, !known.awaitsWord, !known.awaitsCheck {
                instances[id]?.readyAt = min(known.readyAt ?? now, now)
            }
            instances[id]?.hasListened = true
            if let address { instances[id]?.listening.insert(address) }
        case .unlistened(let id, let address): instances[id]?.listening.remove(address)
        case .exited(let id, _):
            instances[id]?.state = .exited
            instances[id]?.drainsUntil = nil
        case .said(let id, .ready):
            instances[id]?.awaitsWord = false
            instances[id]?.hasSaidReady = true
            hearProof(id, at: now)
        case .checked(let id, .passed):
            instances[id]?.awaitsCheck = false
            instances[id]?.failures = 0
            hearProof(id, at: now)
        case .checked(let id, .failed): instances[id]?.failures += 1
        case .stuck(let id, _):
            instances[id]?.stuckSince = now
            instances[id]?.wasStuck = true
        case .unstuck(let id): instances[id]?.stuckSince = nil
        case .drained(let id): instances[id]?.hasDrained = true
        case .faltered, .recovered, .said, .located, .weighed: break
        case .killed(let id, let victims): instances[id]?.victims.append(victims)
        case .deadlinePassed: isReborn = false
        }
    }

    mutating func check(_ effect: Effect, _ snapshot: Snapshot, at now: Instant) {
        if isFinished { violate("an effect after the end: \(effect)") }
        switch effect {
        case .spawn(let id, let launch): checkSpawn(id, launch, snapshot)
        case .steer(let app, let shares):
            checkSteering(app, shares.map(\.instance), at: now)
            checkShares(shares, snapshot.apps.first { $0.spec.name == app })
        case .drain(let id):
            require(instances[id]?.state == .runs, "drained what does not run: \(id.number)")
            let rotation = instances[id].flatMap { steered[$0.app] } ?? []
            require(!rotation.contains(id), "drained in rotation: \(id.number)")
            let known = instances[id]
            require(
                known?.hasServed == true || known?.isInherited == true,
                "drained and never served: \(id.number)")
            checkKept(id, snapshot, at: now)
            if let known { learnFromStopped(id, known, snapshot, at: now) }
            instances[id]?.wasDrained = true
            instances[id]?.drainsUntil = known.map { now + $0.drainTimeout }
        case .hurry(let id):
            let until = instances[id]?.drainsUntil
            require(until != nil, "hurried what does not drain: \(id.number)")
            instances[id]?.drainsUntil = until.map { min($0, now + .seconds(2)) }
        case .signal(let id, _): checkAsking(id, byMessage: false, snapshot, at: now)
        case .dismiss(let id, _): checkAsking(id, byMessage: true, snapshot, at: now)
        case .sweep(let id, _):
            let known = instances[id]
            require(known?.state == .runs || known?.state == .exited, "swept what is not there: \(id.number)")
            if known?.state == .runs {
                require(
                    known?.wasAsked == true || known?.isOverdue(at: now) == true,
                    "killed unasked: \(id.number)")
                if known?.wasAsked == false { checkAlone(id, snapshot) }
                instances[id]?.wasAsked = true
            }
        case .release(let id): checkRelease(id)
        case .progress(let ticket, _): require(open.contains(ticket), "progress without a ticket")
        case .reply(let ticket, let reply): checkReply(ticket, reply, snapshot)
        case .announce(.impossible(let sentence)): violate("impossible: \(sentence)")
        case .weigh(let id):
            require(instances[id]?.state == .runs, "weighed what does not run: \(id.number)")
        case .announce, .save, .keepLogs: break
        case .finish:
            isFinished = true
            require(living.isEmpty, "finished while something runs")
        }
    }

    mutating func checkSpawn(_ id: InstanceID, _ launch: Launch, _ snapshot: Snapshot) {
        require(id.number > highest, "instance \(id.number) was there before")
        highest = max(highest, id.number)
        let spec = launch.spec
        let isOfSwitch = spec.strategy == .blueGreen
        var known = Known(
            app: spec.name, slot: launch.slot, generation: launch.generation, release: spec.arguments,
            patience: spec.restart.minUptime, bake: spec.bake ?? spec.restart.minUptime,
            isOfSwitch: isOfSwitch, drainTimeout: spec.drainTimeout,
            takesMessages: spec.shutdownWithMessage, watch: spec.bake ?? spec.restart.minUptime)
        known.stuckReplace = spec.stuckReplace
        // Before a switch all wait for as long as a run must last; what is replaced alone, for its bake.
        if isOfSwitch { known.bake = min(known.bake, known.patience) }
        if let heir = launch.heir {
            require(instances[heir]?.slot == launch.slot, "heir of another slot's: \(id.number)")
            checkRelease(heir)
            if let dead = instances[heir], dead.hasServed { known.expected = dead.listening }
        }
        known.awaitsWord = spec.waitReady
        known.awaitsCheck = spec.health != nil
        known.retries = spec.health?.retries
        living.insert(id)
        let app = snapshot.apps.first { $0.spec.name == spec.name }
        let more = isOfSwitch || tried.contains(spec.name) ? app?.slots.count ?? 0 : 0
        surges[spec.name] = max(surges[spec.name] ?? 1, spec.maxSurge, more)
        if let slot = app?.slots.first(where: { $0.index == launch.slot }), let current = slot.current,
            current.id != id, current.phase == .online
        {
            known.expected = expectation(of: known, inPlaceOf: current)
            known.predecessor = current.id
        }
        instances[id] = known
    }

    mutating func checkDrains(at now: Instant) {
        let overdue = living.filter { instances[$0]?.drainsUntil.map { $0 <= now } ?? false }
        require(overdue.isEmpty, "drains for longer than it may: \(overdue.map(\.number))")
    }

    mutating func checkRelease(_ id: InstanceID) {
        guard let known = instances[id] else { return violate("released what was never there: \(id.number)") }
        require(known.state == .gone, "released what is still there: \(id.number)")
        require(!known.isReleased, "released twice: \(id.number)")
        instances[id]?.isReleased = true
    }

    mutating func checkSteering(_ app: AppName, _ ids: [InstanceID], at now: Instant) {
        let before = steered[app] ?? []
        steered[app] = ids
        require(Set(ids).count == ids.count, "steered twice to one")
        var slots: Set<[Int]> = []
        for id in ids {
            guard let known = instances[id] else { return violate("steered to nobody: \(id.number)") }
            instances[id]?.hasServed = true
            if !before.contains(id) { instances[id]?.servesSince = now }
            require(known.state == .runs, "steered to the dead: \(id.number)")
            require(known.app == app, "steered to another app's: \(id.number)")
            let place = [known.slot.number, tried.contains(app) ? known.generation.number : 0]
            require(slots.insert(place).inserted, "two serve in one slot of \(app)")
            guard !before.contains(id) else { continue }
            if let old = known.predecessor, before.contains(old), instances[old]?.state == .runs {
                let isProven = known.readyAt.map { $0 + known.bake <= now } ?? false
                require(isProven || known.isInherited, "took over before it was proven: \(id.number)")
            }
            let hasLived = known.since.map { $0 + known.patience <= now } ?? false
            if !known.isInherited, !before.contains(id) {
                require(!known.awaitsWord, "steered to what has not said that it is ready: \(id.number)")
                require(!known.awaitsCheck, "steered to what was never healthy: \(id.number)")
            }
            require(
                known.hasListened || hasLived || isShown(known), "steered to what is not ready: \(id.number)")
            require(
                // Who was spared, or took over, while it was stuck may have closed one meanwhile.
                known.hasServed || known.wasStuck || known.expected.isSubset(of: known.listening),
                "steered to what listens elsewhere: \(id.number)")
        }
    }

    mutating func checkReply(_ ticket: Ticket, _ reply: Reply, _ snapshot: Snapshot) {
        require(open.remove(ticket) != nil, "ticket \(ticket.number) is not open")
        require(answered.insert(ticket).inserted, "ticket \(ticket.number) was answered twice")
        replies[ticket] = reply
        switch reply {
        case .done(let outcomes):
            // Of several apps, those done first may have changed since.
            // Who asks again hears what was true then.
            if outcomes.count == 1, !isCrowded, !isReborn {
                checkTruth(of: outcomes[0], asked[ticket], snapshot)
            }
        case .failed:
            require(!isKind, "failed in a kind world: \(reply)")
        case .rolledBack(let failure, _):
            require(
                !isKind || isOfUnknown(failure, asked[ticket]), "rolled back in a kind world: \(reply)")
            let app = snapshot.apps.first { $0.spec.name == failure.app }
            require(app?.generation != failure.generation, "rolled back to what had failed")
            if let app, app.operation == nil, !isCrowded, !isReborn { checkReturn(app) }
        case .refused: break
        }
    }

    /// What is said to be done is seen to be true, unless the next thing has already begun.
    mutating func checkTruth(of outcome: Outcome, _ request: Request?, _ snapshot: Snapshot) {
        let app = snapshot.apps.first { $0.spec.name == outcome.app }
        guard app?.operation == nil else { return }
        let slots = app?.slots ?? []
        switch outcome.change {
        case .deleted:
            require(slots.isEmpty, "\(outcome.app) was deleted and is there")
            require(living(in: outcome.app).isEmpty, "\(outcome.app) was deleted and runs")
        case .stopped:
            require(
                slots.isEmpty || slots.contains { $0.current == nil }, "\(outcome.app) was stopped and runs")
        case .reloaded:
            require(
                slots.allSatisfy { $0.status != .online || $0.current?.generation == app?.generation },
                "\(outcome.app) was reloaded and runs what it ran before")
        case .scaled:
            require(slots.count == app?.spec.instances, "\(outcome.app) was scaled to another number")
        case .canary: checkCanary(outcome, app)
        case .promoted:
            require(app?.canary == nil, "\(outcome.app) was promoted and has a canary")
            require(
                slots.allSatisfy { $0.status != .online || $0.current?.generation == app?.generation },
                "\(outcome.app) was promoted and runs what it ran before")
        case .reverted: require(app?.canary == nil, "\(outcome.app) went back and has a canary")
        case .started, .restarted, .unchanged, .revised, .orphaned, .superseded, .failed:
            break
        }
    }
}

// MARK: - What instances say and show

extension Invariants {
    /// The last thing that was waited for.
    private mutating func hearProof(_ id: InstanceID, at now: Instant) {
        guard let known = instances[id], !known.awaitsWord, !known.awaitsCheck else { return }
        instances[id]?.readyAt = min(known.readyAt ?? now, now)
    }

    /// It has said, or been seen to be, what makes it ready without listening.
    private func isShown(_ known: Known) -> Bool {
        known.hasSaidReady || (known.retries != nil && !known.awaitsCheck)
    }
}
