internal import Supervision

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
