internal import Supervision

// MARK: - Deaths of the daemon, and the end

extension Invariants {
    mutating func reborn(from saved: SavedState) {
        let slots = saved.apps.flatMap(\.slots)
        let known = Set(slots.flatMap(\.instances).map(\.id))
        let estates = Set(slots.compactMap(\.estate))
        instances = instances.filter { known.contains($0.key) || estates.contains($0.key) }
        for id in estates { instances[id]?.isReleased = false }
        for app in saved.apps { for slot in app.slots { expect(slot, of: app) } }
        for id in known where instances[id]?.state != .ordered {
            guard let instance = instances[id] else {
                return violate("saved what was never there: \(id.number)")
            }
            // It is told anew, by the facts a new daemon finds.
            instances[id]?.state = .runs
            instances[id]?.expected = []
            instances[id]?.isReleased = false
            instances[id]?.isInherited = true
            instances[id]?.wasAsked = false
            instances[id]?.drainsUntil = nil
            instances[id]?.hasDrained = false
            instances[id]?.failures = 0
            instances[id]?.stuckSince = nil
            instances[id]?.hasListened = instance.hasListened || !instance.listening.isEmpty
        }
        for app in saved.apps {
            for instance in app.slots.flatMap(\.instances) {
                instances[instance.id]?.listening = Set(instance.listening)
                instances[instance.id]?.wasReady = instance.isProven
            }
        }
        isReborn = true
        living = known
        steered = [:]
        floors = [:]
    }

    /// Clients who lost their daemon.
    var unanswered: [(ticket: Ticket, request: Request)] {
        open.sorted().compactMap { ticket in asked[ticket].map { (ticket, $0) } }
    }

    /// What was to be spawned may never have been ordered: the daemon died in between.
    private mutating func expect(_ slot: SavedState.Slot, of app: SavedState.App) {
        for instance in slot.instances where instance.process == nil {
            highest = max(highest, instance.id.number)
            var known = instances[instance.id] ?? Known(instance, slot.index, app)
            known.state = .ordered
            known.isReleased = false
            known.isInherited = true
            known.expected = []
            instances[instance.id] = known
            let more = known.isOfSwitch || tried.contains(known.app) ? app.slots.count : 1
            surges[known.app] = max(surges[known.app] ?? 1, known.surge, more)
        }
    }

    mutating func checkDeadline(_ deadline: Instant?, at now: Instant) {
        require(deadline.map { $0 > now } ?? true, "a deadline that has passed stays due")
    }

    mutating func checkRest(_ supervisor: Supervisor) {
        let unanswered = open.map(\.number).sorted()
        require(unanswered.isEmpty, "never answered: \(unanswered)")
        let isWeighed = supervisor.snapshot.apps.contains { $0.spec.restart.maxMemory != nil }
        require(supervisor.nextDeadline == nil || isWeighed, "at rest and yet waiting for something")
        for app in supervisor.snapshot.apps {
            let operation = app.operation?.rawValue ?? ""
            require(app.operation == nil, "\(app.spec.name) is still \(operation)")
            require(
                app.slots.count == app.spec.instances,
                "\(app.spec.name) has another number of slots than wanted")
            for slot in app.slots {
                let others = slot.others.filter { $0.generation != app.canary?.generation }
                require(others.isEmpty, "\(app.spec.name) kept a candidate")
                let generation = slot.current?.generation
                if isKind {
                    require(
                        generation ?? app.generation == app.generation,
                        "\(app.spec.name) rests in two versions")
                }
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

extension Invariants.Known {
    /// One whose order nobody saw.
    fileprivate init(_ saved: SavedState.Instance, _ slot: SlotIndex, _ app: SavedState.App) {
        let versions = app.versions + [app.canary?.version].compactMap { $0 }
        let spec = versions.first { $0.generation == saved.generation }?.spec ?? app.spec
        let bake = spec.bake ?? spec.restart.minUptime
        self.init(
            app: spec.name, slot: slot, generation: saved.generation, release: spec.arguments,
            patience: spec.restart.minUptime, bake: bake, isOfSwitch: spec.strategy == .blueGreen,
            drainTimeout: spec.drainTimeout, takesMessages: spec.shutdownWithMessage, watch: bake)
        surge = spec.maxSurge
        stuckReplace = spec.stuckReplace
        awaitsWord = spec.waitReady
        awaitsCheck = spec.health != nil
        retries = spec.health?.retries
    }
}
