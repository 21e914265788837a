/// A reload on its way: every slot's instance is replaced by one of another version that has proved itself first.
public struct Rollout: Equatable, Sendable {
    public var target: Generation
    public var direction: Direction
    /// Nothing served when it began, so there is nothing to go back to.
    public var isHealing: Bool
    /// How many instances there are to be afterwards; nil: as many as there are.
    public var instances: Int?
    /// All at once (blue-green): on which side new connections are; nil: slot after slot.
    public var side: Side?
    /// Not a replacement yet: only a few are raised, to be given a part of the connections.
    public var trial: Trial?
    /// Slots that keep what they run, because what should replace it failed on the way back.
    public var kept: Set<Int> = []

    public init(target: Generation, direction: Direction, isHealing: Bool, instances: Int? = nil) {
        self.target = target
        self.direction = direction
        self.isHealing = isHealing
        self.instances = instances
    }

    public enum Direction: String, Equatable, Sendable {
        case forward
        /// To the version before.
        case back
        /// It failed with nothing to go back to; only what was tried has still to go.
        case abandoned
    }
}

// MARK: - Beginnings

extension App {
    mutating func reload(_ operation: Operation, _ desk: inout Desk) {
        guard slots.contains(where: { $0.wanted }) else {
            work = Work(operation, .awaiting([]), change: .unchanged)
            return
        }
        decideAgainstCanary(&desk)
        roll(to: spec, operation, .reloaded, &desk)
    }

    mutating func become(_ wished: AppSpec, _ operation: Operation, _ desk: inout Desk) {
        let meant = slots.indices.prefix(spec.instances)
        let sleeping = meant.filter { !slots[$0].wanted || slots[$0].current == nil }
        let wasAsleep = sleeping.count == meant.count && !meant.isEmpty
        guard wished.runsTheSame(as: spec) else {
            decideAgainstCanary(&desk)
            awaken(sleeping, &desk)
            return roll(
                to: wished, operation, wasAsleep ? .started : .reloaded, instances: wished.instances, &desk)
        }
        spec.origin = wished.origin
        if wasAsleep { spec.inherited = wished.inherited }
        let isRevised = revise(wished, &desk)
        let awaited = sleeping + rising(among: Array(meant))
        awaken(sleeping, &desk)
        let change: Outcome.Change = isRevised ? .revised : .unchanged
        resize(to: wished.instances, operation, awaited.isEmpty ? change : .started, &desk)
        if case .awaiting(let grown) = work?.stage {
            work?.stage = .awaiting(awaited.filter { $0 < wished.instances } + grown)
        }
    }

    /// What no process notices is changed at once; false: there is no such change.
    private mutating func revise(_ wished: AppSpec, _ desk: inout Desk) -> Bool {
        guard wished.logs != spec.logs || wished.restart != spec.restart else { return false }
        spec.logs.keepAs(wished.logs)
        spec.restart = wished.restart
        desk.save()
        desk.order(.keepLogs(spec))
        return true
    }

    /// Goes back to the version in force, in which something left some slots behind: a former daemon, or a reload
    /// that was broken off.
    mutating func recover(_ operation: Operation, _ desk: inout Desk) {
        var rollout = Rollout(target: generation, direction: .back, isHealing: false)
        let isWhole = !slots.isEmpty && slots.allSatisfy { $0.current?.generation != generation }
        if spec.strategy == .blueGreen, isWhole { rollout.side = .blue }
        work = Work(operation, .rolling(rollout), change: .reverted)
        work?.note = .wentBack(to: generation, directory: nil)
    }

    /// With `percent`, it ends as a canary. `listened`: on what that version did, if it was here before.
    mutating func roll(
        to wished: AppSpec, _ operation: Operation, _ change: Outcome.Change, instances: Int? = nil,
        percent: Int? = nil, listened: [ListenAddress]? = nil, _ desk: inout Desk
    ) {
        let isHealing = !slots.indices.contains { isServing($0, at: desk.now) }
        let target = add(wished, listened: listened)
        var rollout = Rollout(
            target: target, direction: .forward, isHealing: isHealing, instances: instances)
        // Where nothing serves, there is nothing beside which anything could be tried, or all at once.
        if !isHealing, let percent {
            rollout.trial = Trial(percent: percent, slots: trialSlots(for: percent))
        } else if !isHealing, wished.strategy == .blueGreen {
            rollout.side = .blue
        }
        begin(rollout, &desk)
        work = Work(operation, .rolling(rollout), change: change)
    }

    mutating func begin(_ rollout: Rollout, _ desk: inout Desk) {
        for k in slots.indices where isWanted(k) {
            slots[k].verdict = .open
            let isEmpty = !slots[k].isRunning && slots[k].candidate == nil
            if isEmpty, rollout.trial == nil { startOver(k, rollout.target, &desk) }
        }
    }

    /// Somebody is ready in this slot who can be relied on: not one that keeps crashing, and happens to be up.
    private func isServing(_ k: Int, at now: Instant) -> Bool {
        guard slots[k].wanted, let current = slots[k].current, current.phase == .online else { return false }
        return slots[k].unstable == 0 || isBaked(current, at: now)
    }

    /// Lets an empty slot, or one whose instance has crashed, go on with another version.
    private mutating func startOver(_ k: Int, _ target: Generation, _ desk: inout Desk) {
        slots[k].renew(&desk)
        slots[k].generation = target
    }
}

// MARK: - Steps

extension App {
    /// True when every slot is where it should be.
    mutating func pursue(_ rollout: Rollout, _ desk: inout Desk) -> Bool {
        var rollout = rollout
        stirAll()
        judge(&rollout, &desk)
        promote(&rollout, &desk)
        raiseNext(rollout, &desk)
        work?.stage = .rolling(rollout)
        guard slots.indices.allSatisfy({ isThrough($0, rollout, at: desk.now) }) else { return false }
        if rollout.direction == .forward {
            if let trial = rollout.trial {
                openCanary(rollout, trial, &desk)
            } else {
                commit(rollout.target)
            }
            lastFailure = nil
            desk.save()
        }
        return true
    }

    /// One failure of the new version is enough.
    private mutating func judge(_ rollout: inout Rollout, _ desk: inout Desk) {
        let target = rollout.target
        refuseStuck(rollout, &desk)
        let failed = slots.indices.filter {
            let isOver = slots[$0].verdict == .died || (slots[$0].rest == .failed && isWanted($0))
            return isOver && slots[$0].deaths.last?.generation == target
        }
        switch rollout.direction {
        case .forward:
            if let failure = failed.first.flatMap(failure) ?? failureOnSwitch(rollout) {
                abort(&rollout, failure, &desk)
            }
        case .back:
            for k in failed where slots[k].candidate != nil {
                slots[k].reject()
                rollout.kept.insert(k)
            }
        case .abandoned:
            break
        }
    }

    /// A canary that gets no connections because it does not take them has not proved itself.
    private mutating func refuseStuck(_ rollout: Rollout, _ desk: inout Desk) {
        guard let trial = rollout.trial else { return }
        for k in slots.indices where trial.slots.contains(k) {
            guard let candidate = slots[k].candidate, candidate.generation == rollout.target,
                isBaked(candidate, at: desk.now), let stuck = candidate.stuck
            else { continue }
            failCandidate(k, .stuck(after: desk.now - stuck.since), &desk)
        }
    }

    private mutating func abort(_ rollout: inout Rollout, _ failure: Failure, _ desk: inout Desk) {
        // What was down may have come up meanwhile, as it was.
        let hasSurvived = slots.indices.contains {
            slots[$0].current?.generation != rollout.target && isServing($0, at: desk.now)
        }
        rollout.isHealing = rollout.isHealing && !hasSurvived
        lastFailure = failure
        work?.failure = failure
        work?.isRolledBack = !rollout.isHealing
        work?.note = nil
        desk.order(.announce(.reloadFailed(name, failure)))
        desk.save()
        canary = nil
        let wasSwitching = rollout.side != nil
        (rollout.side, rollout.trial) = (nil, nil)
        for k in slots.indices { slots[k].reject() }
        if rollout.isHealing {
            rollout.direction = .abandoned
            dismissAll(but: rollout.target)
            commit(rollout.target)
            return
        }
        tell(.rollingBack, failure.slot.number, failure.generation, &desk)
        if spec(of: rollout.target).runsTheSame(as: spec) { keepReplaced(&rollout) }
        rollout.direction = .back
        rollout.target = generation
        // Where a switch was planned the rejected version serves nowhere: others do.
        if wasSwitching, rollout.kept.isEmpty { dismissAll(but: generation) }
        handBack(&desk)
    }

    /// Lets every slot go on with the version in force, which owes nothing of what another one began.
    private mutating func handBack(_ desk: inout Desk) {
        for k in slots.indices where slots[k].generation != generation {
            slots[k].generation = generation
            if slots[k].current == nil { slots[k].renew(&desk) }
            slots[k].forgo(&desk)
            slots[k].owed = []
        }
    }

    /// What did not serve before it was replaced goes, too: the next try is the new version's.
    private mutating func dismissAll(but target: Generation) {
        for k in slots.indices {
            guard let current = slots[k].current, current.generation != target, current.isActive else {
                continue
            }
            slots[k].current?.fate = .unwanted
        }
    }

    /// Where old and new are specified alike, only what lies on the disk differs, and that cannot be rolled back: what
    /// has proved itself stays.
    private func keepReplaced(_ rollout: inout Rollout) {
        for k in slots.indices where slots[k].current?.generation == rollout.target { rollout.kept.insert(k) }
    }

    /// Candidates that proved themselves take over. `tend` steers, and sends the replaced away.
    private mutating func promote(_ rollout: inout Rollout, _ desk: inout Desk) {
        guard rollout.trial == nil else { return }
        guard rollout.side == nil else { return turnOver(&rollout, &desk) }
        for k in slots.indices {
            guard let candidate = slots[k].candidate, canTakeOver(candidate, in: k, at: desk.now) else {
                continue
            }
            takeOver(k, rollout.direction == .forward ? rollout.target : generation, &desk)
        }
    }

    private mutating func raiseNext(_ rollout: Rollout, _ desk: inout Desk) {
        guard rollout.direction != .abandoned else { return }
        var free = surge(of: rollout) - slots.reduce(0) { $0 + $1.surplus }
        for k in slots.indices where free > 0 && isWanted(k) && slots[k].candidate == nil {
            if let trial = rollout.trial, !trial.slots.contains(k) { continue }
            if slots[k].current == nil, rollout.trial == nil {
                if slots[k].generation != rollout.target { startOver(k, rollout.target, &desk) }
                continue
            }
            guard isStale(k, rollout) else { continue }
            raiseCandidate(k, rollout.target, &desk)
            slots[k].candidate?.isTried = rollout.trial != nil
            free -= 1
        }
    }

    /// What runs there is to be replaced, or tried against; what is on its way out is not waited for.
    private func isStale(_ k: Int, _ rollout: Rollout) -> Bool {
        guard let current = slots[k].current else { return rollout.trial != nil }
        return current.generation != rollout.target && !rollout.kept.contains(k) && current.isActive
    }

    /// How many more than there are slots may run.
    private func surge(of rollout: Rollout) -> Int {
        if let trial = rollout.trial { return trial.slots.count }
        return rollout.side != nil ? slots.count : max(1, spec(of: rollout.target).maxSurge)
    }

    func isThrough(_ k: Int, _ rollout: Rollout, at now: Instant) -> Bool {
        let slot = slots[k]
        if let trial = rollout.trial { return isThrough(k, trial, rollout.target, at: now) }
        guard slot.candidate == nil, slot.leaving.isEmpty else { return false }
        guard isWanted(k) else { return true }
        switch rollout.direction {
        case .abandoned: return true
        case .back:
            guard let current = slot.current, current.isActive else { return true }
            return current.generation == rollout.target || rollout.kept.contains(k)
        case .forward:
            guard let current = slot.current else {
                return slot.generation == rollout.target && slot.rest == .finished
            }
            return current.generation == rollout.target && isBaked(current, at: now)
        }
    }

    /// Leaves a reload where it stands: what is not in force goes.
    mutating func breakOff(_ desk: inout Desk) {
        stirAll()
        desk.save()
        canary = nil
        for k in slots.indices { slots[k].reject() }
        handBack(&desk)
    }
}
