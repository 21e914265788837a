// Blue-green: all of the new version beside all of the old one, and one switch.

extension Rollout {
    /// Who gets the new connections while both are there.
    public enum Side: Equatable, Sendable {
        /// The old ones.
        case blue
        /// The new ones. The old ones are kept meanwhile, alive and out of rotation: to go back is one switch, too.
        case green(since: Instant)
    }
}

extension App {
    /// Turns from one side to the other when the last of the new ones has proved itself; and for good, when all have
    /// borne the load for a while.
    mutating func turnOver(_ rollout: inout Rollout, _ desk: inout Desk) {
        if rollout.side == .blue {
            let areReady = slots.indices.allSatisfy { isReadyToSwitch($0, rollout, at: desk.now) }
            guard areReady else { return }
            rollout.side = .green(since: desk.now)
            canary = nil
            tell(.switched, 0, rollout.target, &desk)
        }
        guard case .green(let since) = rollout.side else { return }
        // On the way back there is nothing that should be kept.
        let isOver = rollout.direction == .back || since + spec(of: rollout.target).bakeTime <= desk.now
        guard isOver else { return }
        for k in slots.indices where slots[k].candidate != nil { takeOver(k, rollout.target, &desk) }
        rollout.side = nil
    }

    /// Once all are switched to them, nobody waits until a sick one has ended.
    func failureOnSwitch(_ rollout: Rollout) -> Failure? {
        guard case .green = rollout.side else { return nil }
        return condemned(of: rollout.target)
    }

    private func isReadyToSwitch(_ k: Int, _ rollout: Rollout, at now: Instant) -> Bool {
        guard isWanted(k) else { return slots[k].candidate == nil }
        if let candidate = slots[k].candidate { return hasLasted(candidate, at: now) }
        // On the way back whoever is missing, or what cannot be replaced, does not hold the others up.
        if rollout.direction == .back { return isThrough(k, rollout, at: now) }
        guard let current = slots[k].current else {
            return slots[k].generation == rollout.target && slots[k].rest == .finished
        }
        return current.generation == rollout.target && hasLasted(current, at: now)
    }
}
