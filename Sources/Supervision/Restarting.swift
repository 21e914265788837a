// What becomes of a slot whose instance has failed.

extension RestartPolicy {
    /// Whatever is configured, a program that cannot run is not tried in a tight loop.
    static let shortestDelay = Duration.milliseconds(10)
    static let shortestTrust = Duration.milliseconds(100)
    /// One that gets stuck again and again is brought back more and more patiently.
    static let stuckTrust = Duration.seconds(60)

    /// What to do after a run that ended by itself.
    enum Resumption: Equatable {
        /// Its end was peaceful, or it is not to be brought back.
        case rest
        case giveUp
        case again(after: Duration)
    }

    /// `unstable` counts the unstable runs in a row up to this one, 0 after a stable run; `jitter` is -1...1.
    func resumption(after cause: Death.Cause, unstable: Int, jitter: Double) -> Resumption {
        if case .exited(.code(let code)) = cause, stopExitCodes.contains(code) { return .rest }
        guard automatic else { return .rest }
        if let limit = maxRestarts, unstable > 0, unstable >= limit { return .giveUp }
        return .again(after: delay(unstable: unstable, jitter: jitter))
    }

    /// A fifth more or less than the backoff says, so that a crowd does not come back in step.
    private func delay(unstable: Int, jitter: Double) -> Duration {
        if let fixedDelay, fixedDelay > .zero { return fixedDelay }
        guard unstable > 0 else { return .zero }
        var delay = max(firstDelay, RestartPolicy.shortestDelay)
        for _ in 1..<unstable where delay < longestDelay { delay = delay * 2 }
        let spread = Int64(Double(delay.nanoseconds) * 0.2 * jitter)
        let longest = max(longestDelay, RestartPolicy.shortestDelay)
        return min(longest, .nanoseconds(min(delay, longest).nanoseconds + spread))
    }

    /// The program did what it was for, and ended.
    func isPeaceful(_ cause: Death.Cause) -> Bool {
        guard case .exited(.code(let code)) = cause else { return false }
        return stopExitCodes.contains(code) || (!automatic && code == 0)
    }

    /// It ran long enough to be trusted. A program of which nothing was expected is ready by having lived.
    func isStable(_ death: Death, of instance: Instance) -> Bool {
        switch death.cause {
        case .exited, .silent, .exceeded: break
        case .notStarted, .neverReady, .neverSaidReady, .unhealthy, .faltered: return false
        case .stuck: return death.uptime >= max(minUptime, RestartPolicy.stuckTrust)
        }
        return death.uptime >= max(minUptime, RestartPolicy.shortestTrust)
            && (instance.readySince != nil || instance.expected.isEmpty)
    }
}

extension App {
    /// Writes down that an instance failed, and how.
    mutating func bury(_ death: Death, _ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        slots[k][place].death = death
        slots[k][place].isBuried = true
        slots[k].record(death)
        desk.save()
        desk.order(.announce(.died(name, slots[k].index, death)))
        tell(.died(death), k, death.generation, &desk)
        let policy = spec(of: death.generation).restart
        switch place {
        case .candidate where instance.wasDisturbed:
            slots[k].note(.restarted(after: .zero), of: death)
        case .candidate:
            noteCandidateFailed(k, death.generation)
            slots[k].note(.refused, of: death)
        case .current where slots[k].isHeldByCandidate:
            break
        case .current where instance.wasDisturbed && !policy.isPeaceful(death.cause):
            // Whoever waits for it waits for the next one, if there is to be one.
            break
        case .current where isUnproven(instance, at: death.at) && !policy.isPeaceful(death.cause):
            slots[k].verdict = .died
        case .current where policy.isPeaceful(death.cause) || policy.isStable(death, of: instance):
            if slots[k].verdict == .open { slots[k].verdict = .ready }
        case .current:
            slots[k].verdict = .died
        case .leaving:
            break
        }
    }

    /// Nothing of a failed instance is left: decides whether, when and as whose heir the next one comes.
    mutating func settle(_ death: Death, of dead: Instance, _ k: Int, _ desk: inout Desk) {
        guard isWanted(k), slots[k].generation == dead.generation else {
            // The next run, if any, is another version's: it inherits nothing.
            slots[k].rest = .idle
            slots[k].note(.unwanted, of: death)
            return desk.order(.release(dead.id))
        }
        let policy = spec(of: dead.generation).restart
        slots[k].unstable = policy.isStable(death, of: dead) ? 0 : slots[k].unstable + 1
        slots[k].estate = dead.id
        slots[k].owed = dead.owed
        let jitter = Double.random(in: -1...1, using: &desk.generator)
        switch policy.resumption(after: death.cause, unstable: slots[k].unstable, jitter: jitter) {
        case .rest:
            slots[k].rest = .finished
            if dead.wasDisturbed, slots[k].verdict == .open { slots[k].verdict = .died }
            slots[k].note(.rested, of: death)
            slots[k].forgo(&desk)
        case .giveUp:
            slots[k].rest = .failed
            if dead.wasDisturbed, slots[k].verdict == .open { slots[k].verdict = .died }
            slots[k].note(.gaveUp, of: death)
            slots[k].forgo(&desk)
            desk.order(.announce(.gaveUp(name, slots[k].index, restarts: slots[k].restarts)))
        case .again(let delay):
            slots[k].note(.restarted(after: delay), of: death)
            wait(delay, k, &desk)
        }
    }

    private mutating func wait(_ delay: Duration, _ k: Int, _ desk: inout Desk) {
        slots[k].rest = .waiting(until: desk.now + delay)
        // Clients in its accept queue are better refused than kept waiting.
        if delay > Supervisor.longestInheritance { slots[k].forgo(&desk) }
        if delay > .zero { desk.order(.announce(.waiting(name, slots[k].index, delay))) }
    }
}
