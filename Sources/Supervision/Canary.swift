/// A new version that gets a part of the new connections, until somebody decides.
struct Canary: Equatable, Sendable {
    var target: Generation
    /// Of the new connections.
    var percent: Int
    /// Where its instances are: each beside the one of the version in force.
    var slots: Set<Int>
    /// How many instances there are to be if it is promoted; nil: as many as there are.
    var instances: Int?
    /// One of it is not what it should be, so all of it goes.
    var failure: Failure?
}

/// A canary that is being raised, or widened.
public struct Trial: Equatable, Sendable {
    public var percent: Int
    public var slots: Set<Int>

    public init(percent: Int, slots: Set<Int>) {
        self.percent = percent
        self.slots = slots
    }
}

// MARK: - From reload to canary

extension App {
    /// A reload that ends as a canary. With the version that is tried already, only the share changes.
    mutating func tryOut(
        _ wished: AppSpec?, _ percent: Int, _ operation: Operation, _ desk: inout Desk
    ) {
        guard slots.contains(where: { $0.wanted }) else {
            if let wished { return become(wished, operation, &desk) }
            work = Work(operation, .awaiting([]), change: .unchanged)
            return
        }
        if let canary, wished?.runsTheSame(as: spec(of: canary.target)) ?? true {
            return widen(canary, percent, count: wished?.instances, operation, &desk)
        }
        endCanary(&desk)
        roll(
            to: wished ?? spec, operation, .reloaded, instances: wished?.instances, percent: percent, &desk)
    }

    private mutating func widen(
        _ canary: Canary, _ percent: Int, count: Int?, _ operation: Operation, _ desk: inout Desk
    ) {
        self.canary?.instances = count ?? canary.instances
        var rollout = Rollout(
            target: canary.target, direction: .forward, isHealing: false,
            instances: count ?? canary.instances)
        rollout.trial = Trial(percent: percent, slots: canary.slots.union(trialSlots(for: percent)))
        begin(rollout, &desk)
        work = Work(operation, .rolling(rollout), change: .reloaded)
    }

    /// As many instances as the share is of all, and one at least; where somebody runs.
    func trialSlots(for percent: Int) -> Set<Int> {
        let running = slots.indices.filter { isWanted($0) && slots[$0].isRunning }
        let count = (running.count * percent + 99) / 100
        return Set(running.prefix(max(1, count)))
    }

    func isThrough(_ k: Int, _ trial: Trial, _ target: Generation, at now: Instant) -> Bool {
        guard trial.slots.contains(k), isWanted(k) else { return true }
        guard let candidate = slots[k].candidate, candidate.generation == target else { return false }
        return isBaked(candidate, at: now)
    }

    mutating func openCanary(_ rollout: Rollout, _ trial: Trial, _ desk: inout Desk) {
        guard hasTrial(of: rollout.target) else {
            // Its slots have ended for good meanwhile: there is no place where it could be tried.
            work?.change = .superseded
            return
        }
        canary = Canary(
            target: rollout.target, percent: trial.percent, slots: trial.slots, instances: rollout.instances)
        hasNewShares = true
        stirAll()
        work?.change = .canary
        work?.note = .canary(rollout.target, percent: trial.percent)
    }
}

// MARK: - While it is open

extension App {
    /// One that failed takes the others along; and one whose slots were stopped, or are gone, is over.
    mutating func watchCanary(_ desk: inout Desk) {
        guard let open = canary else { return }
        if !isJudged(open), let failure = open.failure ?? condemned(of: open.target) {
            lastFailure = failure
            desk.order(.announce(.reloadFailed(name, failure)))
            record(failure, of: .canary, isRolledBack: true, &desk)
            return endCanary(&desk)
        }
        if !hasTrial(of: open.target) { return endCanary(&desk) }
        // Where it was scaled away, or stopped, what comes next has yet to prove itself.
        canary?.slots = open.slots.filter {
            slots.indices.contains($0) && slots[$0].candidate?.generation == open.target
        }
    }

    private func hasTrial(of target: Generation) -> Bool {
        slots.indices.contains { k in
            isWanted(k) && slots[k].candidate.map { $0.generation == target && $0.isActive } ?? false
        }
    }

    /// Whoever promotes or widens it hears of failures, too.
    private func isJudged(_ open: Canary) -> Bool {
        guard case .rolling(let rollout) = work?.stage else { return false }
        return rollout.target == open.target && rollout.direction == .forward
    }

    /// Ends it for something else. Whoever waits to promote it is told; not who waits for the next one.
    mutating func decideAgainstCanary(_ desk: inout Desk) {
        let next = queue.firstIndex { $0.kind.isCanary } ?? queue.endIndex
        for waiting in queue[..<next] where waiting.kind == .promote { complete(waiting, .superseded, &desk) }
        queue = queue[..<next].filter { $0.kind != .promote } + queue[next...]
        endCanary(&desk)
    }

    /// Takes it out of rotation; it finishes what it was asked, and goes.
    mutating func endCanary(_ desk: inout Desk) {
        guard let ended = canary else { return }
        canary = nil
        stirAll()
        for k in slots.indices where slots[k].candidate?.generation == ended.target { slots[k].reject() }
        desk.save()
    }
}

// MARK: - Decisions

extension App {
    /// Goes on from the canary to all slots; its instances are part of that.
    mutating func promoteCanary(_ operation: Operation, _ desk: inout Desk) {
        guard let open = canary else {
            // It has failed while this waited, or there is no slot left for it.
            work = Work(operation, .awaiting([]), change: .superseded)
            work?.failure = lastFailure
            return
        }
        var rollout = Rollout(
            target: open.target, direction: .forward, isHealing: false, instances: open.instances)
        if spec(of: open.target).strategy == .blueGreen { rollout.side = .blue }
        for k in slots.indices { slots[k].candidate?.isTried = false }
        begin(rollout, &desk)
        work = Work(operation, .rolling(rollout), change: .promoted)
        work?.note = .promoted(open.target)
        desk.save()
    }

    /// Ends the canary; where there is none, returns to the version before.
    mutating func goBack(_ operation: Operation, _ desk: inout Desk) {
        if canary != nil {
            decideAgainstCanary(&desk)
            return recover(operation, &desk)
        }
        guard let previous else {
            work = Work(operation, .awaiting([]), change: .unchanged)
            return
        }
        roll(to: previous.spec, operation, .reverted, listened: previous.listened, &desk)
        work?.note = .wentBack(to: previous.generation, directory: previous.spec.workingDirectory)
    }

    /// Why there is nothing to go back to; nil: there is.
    var objectionToGoingBack: Refusal? {
        let coming = [work?.operation].compactMap { $0 } + queue
        if canary != nil || coming.contains(where: \.kind.changesVersion) { return nil }
        guard let previous else { return .nothingBefore(name) }
        let isSame = previous.spec.runsTheSame(as: resolvedSpec) && previous.spec.inherited == spec.inherited
        return isSame ? .sameBefore(name, previous.generation) : nil
    }

    /// There is, or will be, something to promote.
    var hasCanary: Bool {
        canary != nil || ([work?.operation].compactMap { $0 } + queue).contains { $0.kind.isCanary }
    }
}
