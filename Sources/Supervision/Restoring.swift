// What outlives the daemon, and how a new one goes on from it.

extension Supervisor {
    /// Goes on where another supervisor was, from what it saved.
    ///
    /// What is in `saved` is taken to run; the shell says `.exited` and `.vanished` of what it does not find, and ends
    /// by itself what runs but is not in it (spawned, and not yet saved). Everything is looked at at the first
    /// `.deadlinePassed`, which is due at once: what is wanted and not there is spawned, and who gets new connections
    /// is said again. A reload that was on its way is rolled back; a canary that was open stays open. Clients of the
    /// former daemon are not answered.
    public init(
        restoring saved: SavedState, history: History = History(), seed: UInt64, now: Instant
    ) {
        desk = Desk(seed: seed, nextInstance: saved.nextInstance)
        desk.open(at: now)
        for app in saved.apps {
            var restored = App(restoring: app, &desk)
            if let past = history.apps.first(where: { $0.name == restored.name }) { restored.recall(past) }
            apps[restored.name] = restored
            due[restored.name] = now
            rank(restored.name)
        }
    }

    public var saved: SavedState {
        SavedState(nextInstance: desk.reserved, apps: inOrder(apps.keys).compactMap { apps[$0]?.saved })
    }
}

extension App {
    fileprivate init(restoring saved: SavedState.App, _ desk: inout Desk) {
        self.init(saved.spec, generation: saved.generation, steered: nil)
        versions[0].places = saved.places
        versions[0].listened = saved.listened
        previous = saved.previous.map {
            Version(generation: $0.generation, spec: $0.spec, listened: $0.listened)
        }
        if let saved = saved.canary { restore(saved) }
        for slot in saved.slots {
            desk.keepSlotID(slot.id)
            slots.append(restore(slot, &desk))
        }
        let isMixed = slots.contains { $0.current.map { $0.generation != generation } ?? false }
        // What was kept of a failed reload may stay until a canary is decided about.
        if isMixed, canary == nil { queue = [Operation(kind: .recover)] }
    }

    private mutating func restore(_ saved: SavedState.Canary) {
        let target = saved.version.generation
        add(Version(generation: target, spec: saved.version.spec, places: saved.places))
        canary = Canary(target: target, percent: saved.percent, slots: [], instances: saved.instances)
    }

    private mutating func restore(_ saved: SavedState.Slot, _ desk: inout Desk) -> Slot {
        var slot = Slot(index: saved.index, id: saved.id, wanted: saved.wanted, generation: generation)
        slot.restarts = saved.restarts
        for one in saved.instances {
            remember(one.generation)
            desk.homes[one.id] = Desk.Home(app: name, slot: slots.count)
            var instance = restore(one, at: desk.now)
            if one.generation == canary?.target, slot.candidate == nil {
                instance.isTried = true
                slot.candidate = instance
                canary?.slots.insert(slots.count)
            } else if slot.current == nil {
                slot.current = instance
            } else {
                slot.leaving.append(instance)
            }
        }
        return slot
    }

    /// What listens is ready, and what has lived long enough; where that is not enough it was written down.
    private func restore(_ saved: SavedState.Instance, at now: Instant) -> Instance {
        var instance = Instance(id: saved.id, generation: saved.generation, since: min(saved.since, now))
        let spec = spec(of: saved.generation)
        let trusted = instance.since + spec.restart.minUptime
        instance.process = saved.process
        instance.listening = saved.listening.sorted()
        instance.hasSaidReady = saved.hasSaidReady
        instance.isProven = saved.isProven
        if spec.isGated ? saved.isProven : !saved.listening.isEmpty || trusted <= now {
            instance.phase = .online
            instance.readySince = instance.since
            instance.watchdogAt = spec.watchdog.map { now + $0 }
        } else {
            instance.phase = .starting(until: spec.isGated ? now + spec.startTimeout : trusted)
        }
        return instance
    }

    fileprivate var saved: SavedState.App {
        SavedState.App(
            spec: spec, generation: generation, slots: slots.map(\.saved), places: places, listened: listened,
            previous: previous.map {
                SavedState.Version(generation: $0.generation, spec: $0.spec, listened: $0.listened)
            },
            canary: canary.flatMap(saved))
    }

    /// One that is being promoted is a reload on its way.
    private func saved(_ canary: Canary) -> SavedState.Canary? {
        if case .rolling(let rollout) = work?.stage, rollout.trial == nil { return nil }
        guard let version = versions.first(where: { $0.generation == canary.target }) else { return nil }
        return SavedState.Canary(
            version: SavedState.Version(generation: version.generation, spec: version.spec),
            percent: canary.percent, instances: canary.instances, places: version.places)
    }
}

extension Slot {
    fileprivate var saved: SavedState.Slot {
        SavedState.Slot(
            index: index, id: id, wanted: wanted && rest != .finished, restarts: restarts,
            instances: byRank.compactMap(\.saved))
    }

    /// The one that serves first.
    private var byRank: [Instance] {
        let others = (candidate.map { [$0] } ?? []) + leaving
        return (current.map { [$0] } ?? []) + others.sorted { $0.id < $1.id }
    }
}

extension Instance {
    /// Nil before it has a process.
    fileprivate var saved: SavedState.Instance? {
        process.map {
            SavedState.Instance(
                id: id, generation: generation, process: $0, since: since, listening: listening,
                hasSaidReady: hasSaidReady, isProven: isProven)
        }
    }
}
