internal import Supervision

/// What holds in any history, checked after every event against a model of its own.
struct Invariants {
    let isKind: Bool
    private(set) var violation: String?
    private var instances: [InstanceID: Known] = [:]
    /// Those of them that are not gone.
    private var living: Set<InstanceID> = []
    /// The largest `maxSurge` that each app ever had.
    private var surges: [AppName: Int] = [:]
    /// Never given out again.
    private var highest: UInt64 = 0
    private var open: Set<Ticket> = []
    private var answered: Set<Ticket> = []
    private var asked: [Ticket: Request] = [:]
    private var replies: [Ticket: Reply] = [:]
    private var steered: [AppName: [InstanceID]] = [:]
    /// In a kind world, how many served when the running operation began.
    private var floors: [AppName: (operation: AppSnapshot.Operation, floor: Int)] = [:]
    private var isFinished = false
    /// Several answers come with this event.
    private var isCrowded = false
    /// A new daemon has not looked at the clock yet.
    private var isReborn = false

    /// What was ordered and heard of an instance.
    private struct Known {
        var app: AppName
        var slot: SlotIndex
        var patience: Duration
        var state = State.ordered
        var since: Instant?
        var listening: Set<ListenAddress> = []
        var hasListened = false
        /// New connections went to it.
        var hasServed = false
        /// What the instance it replaces, or is the heir of, held when it served.
        var expected: Set<ListenAddress> = []
        var isReleased = false

        enum State: Int { case ordered, runs, exited, gone }
    }

    init(isKind: Bool) {
        self.isKind = isKind
    }

    mutating func violate(_ sentence: String) {
        if violation == nil { violation = sentence }
    }

    private mutating func require(_ holds: Bool, _ sentence: @autoclosure () -> String) {
        if !holds, violation == nil { violation = sentence() }
    }
}

// MARK: - After every event

extension Invariants {
    mutating func check(
        _ event: Event, _ effects: [Effect], _ supervisor: Supervisor, written: SavedState?, at now: Instant
    ) {
        hear(event, at: now)
        if event == .deadlinePassed, effects.isEmpty { return }
        let snapshot = supervisor.snapshot
        isCrowded = effects.count { if case .reply = $0 { true } else { false } } > 1
        for effect in effects { check(effect, snapshot, at: now) }
        guard let written else { return }
        checkTable(snapshot)
        checkSaved(supervisor.saved, written)
        if isKind { checkKindness(snapshot) }
    }

    private mutating func hear(_ event: Event, at now: Instant) {
        switch event {
        case .requested(let request, let ticket):
            open.insert(ticket)
            asked[ticket] = request
        case .spawned(let id, _):
            instances[id]?.state = .runs
            instances[id]?.since = now
        case .spawnFailed(let id, _), .vanished(let id):
            instances[id]?.state = .gone
            living.remove(id)
        case .listened(let id, let address):
            instances[id]?.hasListened = true
            if let address { instances[id]?.listening.insert(address) }
        case .unlistened(let id, let address): instances[id]?.listening.remove(address)
        case .exited(let id, _): instances[id]?.state = .exited
        case .drained: break
        case .deadlinePassed: isReborn = false
        }
    }

    private mutating func check(_ effect: Effect, _ snapshot: Snapshot, at now: Instant) {
        if isFinished { violate("an effect after the end: \(effect)") }
        switch effect {
        case .spawn(let id, let launch): checkSpawn(id, launch, snapshot)
        case .steer(let app, let ids): checkSteering(app, ids, at: now)
        case .drain(let id):
            require(instances[id]?.state == .runs, "drained what does not run: \(id.number)")
            let rotation = instances[id].flatMap { steered[$0.app] } ?? []
            require(!rotation.contains(id), "drained in rotation: \(id.number)")
        case .signal(let id, _):
            require(instances[id]?.state == .runs, "signal to what does not run: \(id.number)")
        case .sweep(let id, _):
            let state = instances[id]?.state
            require(state == .runs || state == .exited, "swept what is not there: \(id.number)")
        case .release(let id): checkRelease(id)
        case .progress(let ticket, _): require(open.contains(ticket), "progress without a ticket")
        case .reply(let ticket, let reply): checkReply(ticket, reply, snapshot)
        case .announce(.impossible(let sentence)): violate("impossible: \(sentence)")
        case .announce, .save: break
        case .finish:
            isFinished = true
            require(living.isEmpty, "finished while something runs")
        }
    }

    private mutating func checkSpawn(_ id: InstanceID, _ launch: Launch, _ snapshot: Snapshot) {
        require(id.number > highest, "instance \(id.number) was there before")
        highest = max(highest, id.number)
        let spec = launch.spec
        var known = Known(app: spec.name, slot: launch.slot, patience: spec.restart.minUptime)
        if let heir = launch.heir {
            require(instances[heir]?.slot == launch.slot, "heir of another slot's: \(id.number)")
            checkRelease(heir)
            if let dead = instances[heir], dead.hasServed { known.expected = dead.listening }
        }
        surges[spec.name] = max(surges[spec.name] ?? 1, spec.maxSurge)
        living.insert(id)
        let app = snapshot.apps.first { $0.spec.name == spec.name }
        if let slot = app?.slots.first(where: { $0.index == launch.slot }), let current = slot.current,
            current.id != id, current.phase == .online
        {
            known.expected = Set(current.listening)
        }
        instances[id] = known
    }

    private mutating func checkRelease(_ id: InstanceID) {
        guard let known = instances[id] else { return violate("released what was never there: \(id.number)") }
        require(known.state == .gone, "released what is still there: \(id.number)")
        require(!known.isReleased, "released twice: \(id.number)")
        instances[id]?.isReleased = true
    }

    private mutating func checkSteering(_ app: AppName, _ ids: [InstanceID], at now: Instant) {
        let before = steered[app] ?? []
        steered[app] = ids
        require(Set(ids).count == ids.count, "steered twice to one")
        var slots: Set<SlotIndex> = []
        for id in ids {
            guard let known = instances[id] else { return violate("steered to nobody: \(id.number)") }
            instances[id]?.hasServed = true
            require(known.state == .runs, "steered to the dead: \(id.number)")
            require(known.app == app, "steered to another app's: \(id.number)")
            require(slots.insert(known.slot).inserted, "two serve in one slot of \(app)")
            guard !before.contains(id) else { continue }
            let hasLived = known.since.map { $0 + known.patience <= now } ?? false
            require(known.hasListened || hasLived, "steered to what is not ready: \(id.number)")
            require(
                known.expected.isSubset(of: known.listening),
                "steered to what listens elsewhere: \(id.number)")
        }
    }

    private mutating func checkReply(_ ticket: Ticket, _ reply: Reply, _ snapshot: Snapshot) {
        require(open.remove(ticket) != nil, "ticket \(ticket.number) is not open")
        require(answered.insert(ticket).inserted, "ticket \(ticket.number) was answered twice")
        replies[ticket] = reply
        switch reply {
        case .done(let outcomes):
            // Of several apps, those done first may have changed since.
            if outcomes.count == 1, !isCrowded { checkTruth(of: outcomes[0], asked[ticket], snapshot) }
        case .failed, .rolledBack:
            require(!isKind, "failed in a kind world: \(reply)")
        case .refused: break
        }
    }

    /// What is said to be done is seen to be true, unless the next thing has already begun.
    private mutating func checkTruth(of outcome: Outcome, _ request: Request?, _ snapshot: Snapshot) {
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
        case .started, .restarted, .unchanged, .orphaned, .superseded, .failed:
            break
        }
    }
}

// MARK: - The table

extension Invariants {
    private func living(in app: AppName) -> [InstanceID] {
        living.filter { instances[$0]?.app == app }
    }

    private mutating func checkTable(_ snapshot: Snapshot) {
        var listed: Set<InstanceID> = []
        var slotIDs: Set<SlotID> = []
        for app in snapshot.apps {
            let name = app.spec.name
            let surge = surges[name] ?? 1
            var count = 0
            for (position, slot) in app.slots.enumerated() {
                require(slot.index.number == position, "the slots of \(name) are not dense")
                require(slotIDs.insert(slot.id).inserted, "slot id \(slot.id.number) is there twice")
                let all = (slot.current.map { [$0] } ?? []) + slot.others
                count += all.count
                for instance in all { listed.insert(instance.id) }
                let rivals = slot.others.count {
                    $0.phase == .launching || $0.phase == .starting || $0.phase == .online
                }
                if app.operation == nil, !isReborn {
                    require(rivals == 0, "two in one slot of \(name) without a reload")
                }
            }
            require(count <= app.slots.count + surge, "\(name) has more processes than it may")
            require(
                isReborn || app.slots.count { $0.current?.phase == .online } == steered[name]?.count ?? 0,
                "\(name) is steered to others than those online")
        }
        for id in steered.values.joined() {
            require(instances[id]?.state == .runs, "still steered to what has ended: \(id.number)")
        }
        let differing = listed.symmetricDifference(living).map(\.number)
        require(differing.isEmpty, "table and processes differ: \(differing)")
    }

    /// Written whenever it changes; the count of restarts may wait for the next time.
    private mutating func checkSaved(_ saved: SavedState, _ written: SavedState) {
        if saved != written {
            require(
                withoutRestarts(saved) == withoutRestarts(written),
                "what must outlive the daemon changed and was not saved")
        }
        let processes = Set(saved.apps.flatMap(\.slots).flatMap(\.instances).map(\.id))
        let running = Set(
            instances.filter { $0.value.state == .runs || $0.value.state == .exited }.map(\.key))
        require(processes == running, "saved and running differ")
    }

    private func withoutRestarts(_ state: SavedState) -> SavedState {
        var state = state
        for a in state.apps.indices {
            for s in state.apps[a].slots.indices { state.apps[a].slots[s].restarts = 0 }
        }
        return state
    }

    /// Where nothing fails, a reload never serves with fewer, and a restart with one fewer at most.
    private mutating func checkKindness(_ snapshot: Snapshot) {
        for app in snapshot.apps {
            let name = app.spec.name
            let serving = steered[name]?.count ?? 0
            guard let operation = app.operation, operation == .reloading || operation == .restarting else {
                floors[name] = nil
                continue
            }
            guard let known = floors[name], known.operation == operation else {
                floors[name] = (operation, serving)
                continue
            }
            let allowed = operation == .reloading ? known.floor : max(0, known.floor - 1)
            require(serving >= allowed, "\(name) serves with \(serving) of \(known.floor) while \(operation)")
            if operation == .restarting { floors[name]?.floor = max(known.floor, serving) }
        }
    }
}

// MARK: - Deaths of the daemon, and the end

extension Invariants {
    mutating func reborn(from saved: SavedState) {
        let known = Set(saved.apps.flatMap(\.slots).flatMap(\.instances).map(\.id))
        instances = instances.filter { known.contains($0.key) }
        for id in known {
            guard let instance = instances[id] else {
                return violate("saved what was never there: \(id.number)")
            }
            // It is told anew, by the facts a new daemon finds.
            instances[id]?.state = .runs
            instances[id]?.expected = []
            instances[id]?.isReleased = false
            instances[id]?.hasListened = instance.hasListened || !instance.listening.isEmpty
        }
        for app in saved.apps {
            for instance in app.slots.flatMap(\.instances) {
                instances[instance.id]?.listening = Set(instance.listening)
            }
        }
        isReborn = true
        living = known
        open = []
        steered = [:]
        floors = [:]
    }

    mutating func checkDeadline(_ deadline: Instant?, at now: Instant) {
        require(deadline.map { $0 > now } ?? true, "a deadline that has passed stays due")
    }

    mutating func checkRest(_ supervisor: Supervisor) {
        let unanswered = open.map(\.number).sorted()
        require(unanswered.isEmpty, "never answered: \(unanswered)")
        require(supervisor.nextDeadline == nil, "at rest and yet waiting for something")
        for app in supervisor.snapshot.apps {
            let operation = app.operation?.rawValue ?? ""
            require(app.operation == nil, "\(app.spec.name) is still \(operation)")
            require(
                app.slots.count == app.spec.instances,
                "\(app.spec.name) has another number of slots than wanted")
            for slot in app.slots {
                require(slot.others.isEmpty, "\(app.spec.name) kept a candidate")
                let status = slot.status
                require(
                    status == .online || status == .stopped || status == .errored,
                    "\(app.spec.name) rests in \(status)")
            }
        }
        for (id, known) in instances where known.state == .gone {
            require(known.isReleased, "never released: \(id.number)")
        }
        instances = instances.filter { $0.value.state != .gone }
    }

    mutating func expectDone(_ ticket: Ticket) {
        guard case .done = replies[ticket] else {
            return violate("not done although nothing was in the way: \(String(describing: replies[ticket]))")
        }
    }

    /// After everything was asked for in a calm world, everything serves, in the version that was asked for.
    mutating func checkHealth(_ supervisor: Supervisor) {
        for app in supervisor.snapshot.apps {
            for slot in app.slots {
                require(slot.status == .online, "\(app.spec.name) is \(slot.status) although all is well")
                require(slot.current?.generation == app.generation, "\(app.spec.name) runs an old version")
                require(slot.current?.inRotation == true, "\(app.spec.name) is not steered to")
            }
        }
    }

    mutating func checkEnd(_ supervisor: Supervisor, after request: Request) {
        require(living.isEmpty, "something outlives the end")
        if case .delete = request { require(supervisor.snapshot.apps.isEmpty, "deleted and still there") }
        if case .shutdown = request { require(isFinished, "shut down and not finished") }
    }
}
