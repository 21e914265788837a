internal import Supervision

// MARK: - How instances are parted with

extension Invariants {
    /// First out of rotation, then drained, then asked, in the way that the program expects.
    mutating func checkAsking(_ id: InstanceID, byMessage: Bool, _ snapshot: Snapshot, at now: Instant) {
        require(instances[id]?.state == .runs, "signal to what does not run: \(id.number)")
        guard let known = instances[id] else { return }
        require(!(steered[known.app] ?? []).contains(id), "asked to end in rotation: \(id.number)")
        require(known.takesMessages == byMessage, "asked to end in the wrong way: \(id.number)")
        if let until = known.drainsUntil {
            require(known.hasDrained || until <= now, "asked to end while it drains: \(id.number)")
        } else {
            checkKept(id, snapshot, at: now)
            learnFromStopped(id, known, snapshot, at: now)
        }
        if isKind {
            let isDone = known.wasDrained || known.drainTimeout == .zero
            require(
                isDone || !known.hasServed || known.listening.isEmpty,
                "asked to end and never drained: \(id.number)")
        }
        instances[id]?.wasAsked = true
        instances[id]?.drainsUntil = nil
    }

    /// Who is stopped shows what its version listens on, like who is replaced: when it is taken out of rotation, whatever it
    /// does while it drains.
    mutating func learnFromStopped(
        _ id: InstanceID, _ known: Known, _ snapshot: Snapshot, at now: Instant
    ) {
        let app = snapshot.apps.first { $0.spec.name == known.app }
        let slot = app?.slots.first { $0.current?.id == id }
        if slot?.status == .stopping, app?.operation != .restarting { learn(from: known, at: now) }
    }

    /// Where nothing fails, those of before a switch are kept for as long as those after it are watched.
    mutating func checkKept(_ id: InstanceID, _ snapshot: Snapshot, at now: Instant) {
        guard isKind, let old = instances[id], old.hasServed,
            snapshot.apps.first(where: { $0.spec.name == old.app })?.operation == .reloading
        else { return }
        let serving = (steered[old.app] ?? []).compactMap { instances[$0] }
        guard let since = serving.compactMap(\.servesSince).max(), let watch = serving.first?.watch,
            serving.allSatisfy({ $0.isOfSwitch && $0.generation.number > old.generation.number })
        else { return }
        require(since + watch <= now, "not kept while its successors are watched: \(id.number)")
    }

    /// Of those that are stuck one is killed at a time, and while all others are what they should be.
    mutating func checkAlone(_ id: InstanceID, _ snapshot: Snapshot) {
        guard let known = instances[id], let app = snapshot.apps.first(where: { $0.spec.name == known.app })
        else { return }
        for slot in app.slots where slot.index != known.slot {
            require(
                slot.status != .launching && slot.status != .waitingRestart,
                "killed for being stuck while \(app.spec.name) \(slot.index.number) is \(slot.status)")
        }
    }
}

// MARK: - What follows from failures

extension Invariants {
    mutating func checkConsequences(
        of event: Event, _ effects: [Effect], _ snapshot: Snapshot, at now: Instant
    ) {
        switch event {
        case .checked(let id, .failed): checkPatience(with: id, effects, snapshot, at: now)
        case .exited(let id, _): checkCanaryEnded(by: id, snapshot)
        case .requested, .spawned, .spawnFailed, .neverSpawned, .listened, .unlistened, .drained, .vanished,
            .faltered, .recovered, .said, .checked, .stuck, .unstuck, .located, .killed, .weighed,
            .deadlinePassed:
            break
        }
    }

    /// Who has proved itself, and serves, is not ended because it is sick: that could be all of them at once.
    private mutating func checkPatience(
        with id: InstanceID, _ effects: [Effect], _ snapshot: Snapshot, at now: Instant
    ) {
        guard !isReborn, let known = instances[id], let ready = known.servesSince,
            ready + max(known.patience, known.watch) <= now,
            let app = snapshot.apps.first(where: { $0.spec.name == known.app }),
            // Beside a canary it is replaced in place, like one after the other in a restart.
            app.operation != .restarting,
            app.slots.contains(where: { $0.current?.id == id })
        else { return }
        let wasAsked = effects.contains {
            switch $0 {
            case .signal(id, _), .dismiss(id, _): true
            default: false
            }
        }
        require(!wasAsked, "ended because it is sick: \(id.number)")
    }

    /// One that fails takes all of its version along. What ends while it drains was to end.
    private mutating func checkCanaryEnded(by id: InstanceID, _ snapshot: Snapshot) {
        guard let known = instances[id], !known.wasAsked, !known.wasDrained, !known.isInherited,
            currents[known.app]?.contains(id) == false
        else { return }
        let app = snapshot.apps.first { $0.spec.name == known.app }
        require(
            app?.canary?.generation != known.generation, "\(known.app) kept a canary of which one has failed")
    }
}
