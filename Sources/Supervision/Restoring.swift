// What outlives the daemon, and how a new one goes on from it.

extension Supervisor {
    /// Goes on where another supervisor was, from what it saved.
    ///
    /// What is in `saved` with a process is taken to run; the shell says `.exited` and `.vanished` of what it does not
    /// find. Of what is in it without one it says `.spawned` or `.neverSpawned`. It ends by itself what runs but is not
    /// in it. Everything is looked at at the first `.deadlinePassed`, which is due at once: what is wanted and not there
    /// is spawned, and who gets new connections is said again. Operations go on where they were, and clients who ask
    /// again hear their end.
    public init(
        restoring saved: SavedState, history: History = History(), seed: UInt64, now: Instant
    ) {
        desk = Desk(seed: seed, nextInstance: saved.nextInstance)
        desk.open(at: now)
        inquiries = saved.inquiries
        answered = saved.answered
        for app in saved.apps {
            var restored = App(restoring: app, &desk)
            if let past = history.apps.first(where: { $0.name == restored.name }) { restored.recall(past) }
            apps[restored.name] = restored
            due[restored.name] = now
            rank(restored.name)
        }
    }

    /// Whoever shuts everything down asks again; nobody else is to be told that it was done.
    public var saved: SavedState {
        var saved = SavedState(
            nextInstance: desk.reserved, apps: inOrder(apps.keys).compactMap { apps[$0]?.saved },
            inquiries: inquiries, answered: answered)
        if let closing { saved.forget(closing) }
        return saved
    }
}

extension SavedState {
    fileprivate mutating func forget(_ ticket: Ticket) {
        inquiries[ticket] = nil
        for a in apps.indices {
            apps[a].work?.operation.forget(ticket)
            for k in apps[a].queue.indices { apps[a].queue[k].forget(ticket) }
        }
    }
}

extension Operation {
    fileprivate mutating func forget(_ former: Ticket) {
        if ticket == former { ticket = nil }
        joined.removeAll { $0 == former }
    }
}

/// What is being done to an app, and what will be.
struct Plans: Equatable {
    let work: Work?
    let queue: [Operation]

    init(_ app: App) {
        (work, queue) = (app.work, app.queue)
    }
}

// MARK: - Apps

extension App {
    fileprivate init(restoring saved: SavedState.App, _ desk: inout Desk) {
        self.init(saved.spec, generation: saved.generation, steered: nil)
        versions[0].places = saved.places
        versions[0].listened = saved.listened
        for version in saved.versions { add(Version(version)) }
        if let newest = saved.newest { remember(newest) }
        previous = saved.previous.map { Version($0) }
        if let saved = saved.canary { restore(saved) }
        (work, queue) = (saved.work, saved.queue)
        slots.reserveCapacity(saved.slots.count)
        for slot in saved.slots {
            desk.keepSlotID(slot.id)
            slots.append(restore(slot, &desk))
        }
        let isMixed = slots.contains { $0.current.map { $0.generation != generation } ?? false }
        // A version that did not say what was being done: a reload was on its way, and is rolled back.
        if saved.newest == nil, isMixed, canary == nil { queue = [Operation(kind: .recover)] }
    }

    private mutating func restore(_ saved: SavedState.Canary) {
        let target = saved.version.generation
        add(Version(generation: target, spec: saved.version.spec, places: saved.places))
        canary = Canary(target: target, percent: saved.percent, slots: [], instances: saved.instances)
    }

    private mutating func restore(_ saved: SavedState.Slot, _ desk: inout Desk) -> Slot {
        var slot = Slot(
            index: saved.index, id: saved.id, wanted: saved.wanted, generation: saved.generation ?? generation
        )
        slot.restarts = saved.restarts
        slot.rest = Slot.Rest(saved.rest)
        slot.unstable = saved.unstable
        slot.estate = saved.estate
        slot.owed = saved.owed
        for one in saved.instances {
            remember(one.generation)
            desk.homes[one.id] = Desk.Home(app: name, slot: slots.count)
            place(restore(one, at: desk.now), one.role, in: &slot)
        }
        slot.verdict = verdict(on: slot)
        return slot
    }

    private mutating func place(_ instance: Instance, _ role: SavedState.Role?, in slot: inout Slot) {
        var instance = instance
        let isTried = tries(instance.generation)
        let isCandidate = role.map { $0 == .candidate } ?? isTried
        if isCandidate, slot.candidate == nil {
            instance.isTried = isTried
            slot.candidate = instance
            // What a promotion raises has yet to prove itself.
            if instance.generation == canary?.target, instance.isProven { canary?.slots.insert(slots.count) }
        } else if role != .leaving, slot.current == nil {
            slot.current = instance
        } else {
            slot.leaving.append(instance)
        }
    }

    /// Instances of this version stand beside those that serve, and replace nobody.
    private func tries(_ version: Generation) -> Bool {
        if case .rolling(let rollout) = work?.stage, rollout.target == version { return rollout.trial != nil }
        return version == canary?.target
    }

    /// How the run that an operation may wait for went, as far as it shows.
    private func verdict(on slot: Slot) -> Slot.Verdict {
        if let current = slot.current {
            return current.phase == .online && current.fate == .running ? .ready : .open
        }
        switch slot.rest {
        // What has ended in peace is not waited for.
        case .idle, .finished: return slot.wanted ? .open : .ready
        case .waiting, .failed: return .died
        }
    }

    /// What listens is ready, and what has lived long enough; where that is not enough it was written down.
    private func restore(_ saved: SavedState.Instance, at now: Instant) -> Instance {
        var instance = Instance(
            id: saved.id, generation: saved.generation, since: min(saved.since, now),
            expected: saved.expected)
        instance.heir = saved.heir
        instance.fate = saved.isUnwanted ? .unwanted : .running
        instance.wasDisturbed = true
        guard let process = saved.process else { return instance }
        let spec = spec(of: saved.generation)
        let trusted = instance.since + spec.restart.minUptime
        instance.process = process
        instance.listening = saved.listening.sorted()
        instance.hasSaidReady = saved.hasSaidReady
        instance.isProven = saved.isProven
        let shows = saved.role == nil && (!saved.listening.isEmpty || trusted <= now)
        if saved.isProven || (shows && !spec.isGated) {
            instance.phase = .online
            instance.wasDisturbed = false
            instance.readySince = instance.since
            instance.watchdogAt = spec.watchdog.map { now + $0 }
        } else {
            instance.phase = .starting(until: now + patience(with: instance))
        }
        return instance
    }
}

// MARK: - What is written

extension App {
    fileprivate var saved: SavedState.App {
        let others = versions.filter { $0.generation != generation && $0.generation != canary?.target }
        return SavedState.App(
            spec: spec, generation: generation, slots: slots.enumerated().map { saved($1, $0) },
            places: places, listened: listened, previous: previous.map(SavedState.Version.init),
            canary: canary.flatMap(saved),
            newest: newest, versions: others.map(SavedState.Version.init), work: isReplacing ? nil : work,
            queue: queue)
    }

    /// That an instance does its work no more is seen again: what was to replace it goes meanwhile.
    private var isReplacing: Bool {
        switch work?.stage {
        case .replacing: true
        case .turning: work?.operation.kind == .replace
        case .awaiting, .emptying, .rolling, nil: false
        }
    }

    private func saved(_ canary: Canary) -> SavedState.Canary? {
        guard let version = versions.first(where: { $0.generation == canary.target }) else { return nil }
        return SavedState.Canary(
            version: SavedState.Version(generation: version.generation, spec: version.spec),
            percent: canary.percent, instances: canary.instances, places: version.places)
    }

    private func saved(_ slot: Slot, _ k: Int) -> SavedState.Slot {
        var saved = SavedState.Slot(
            index: slot.index, id: slot.id, wanted: slot.wanted && slot.rest != .finished,
            restarts: slot.restarts, instances: [],
            generation: slot.generation == generation ? nil : slot.generation,
            rest: SavedState.Pause(slot.rest), unstable: slot.unstable, estate: slot.estate, owed: slot.owed)
        var all = slot.current.map { [$0.saved(as: .current)] } ?? []
        // So it is nearly always, and this is written before every spawn.
        if slot.surplus == 0 {
            saved.instances = all
            return saved
        }
        // A replacement is forgotten.
        let role: SavedState.Role = isReplacing ? .leaving : .candidate
        if let candidate = slot.candidate { all.append(candidate.saved(as: role)) }
        all += slot.leaving.map { $0.saved(as: .leaving) }.sorted { $0.id < $1.id }
        saved.instances = all.filter { $0.process != nil } + all.filter { $0.process == nil }
        return saved
    }
}

extension Instance {
    fileprivate func saved(as role: SavedState.Role) -> SavedState.Instance {
        SavedState.Instance(
            id: id, generation: generation, process: process, since: since, listening: listening,
            hasSaidReady: hasSaidReady, isProven: isProven, role: role, expected: expected,
            isUnwanted: role != .leaving && fate == .unwanted, heirOf: heir)
    }
}

extension App.Version {
    fileprivate init(_ saved: SavedState.Version) {
        self.init(
            generation: saved.generation, spec: saved.spec, places: saved.places, listened: saved.listened)
    }
}

extension SavedState.Version {
    fileprivate init(_ version: App.Version) {
        self.init(
            generation: version.generation, spec: version.spec, places: version.places,
            listened: version.listened)
    }
}

extension Slot.Rest {
    fileprivate init(_ saved: SavedState.Pause) {
        switch saved {
        case .idle: self = .idle
        case .waiting(let until): self = .waiting(until: until)
        case .failed: self = .failed
        }
    }
}

extension SavedState.Pause {
    fileprivate init(_ rest: Slot.Rest) {
        switch rest {
        case .idle, .finished: self = .idle
        case .waiting(let until): self = .waiting(until: until)
        case .failed: self = .failed
        }
    }
}
