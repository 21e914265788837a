// When a candidate is believed, and takes over.

extension AppSpec {
    /// How long a new instance must have been ready before it is believed.
    var bakeTime: Duration { bake ?? restart.minUptime }
}

extension App {
    /// It has proved itself; or nobody serves there any more, and then whoever can serve does.
    func canTakeOver(_ candidate: Instance, in k: Int, at now: Instant) -> Bool {
        guard candidate.phase == .online else { return false }
        return isBaked(candidate, at: now) || slots[k].current?.phase != .online
    }

    /// The candidate of a slot takes the place of whoever is there.
    mutating func takeOver(_ k: Int, _ version: Generation, _ desk: inout Desk) {
        guard let candidate = slots[k].candidate else { return }
        if let replaced = slots[k].current {
            if replaced.generation != candidate.generation { learn(from: replaced, &desk) }
            slots[k].leaving.append(replaced)
        }
        slots[k].current = candidate
        slots[k].candidate = nil
        slots[k].renew(&desk)
        slots[k].verdict = isBaked(candidate, at: desk.now) ? .ready : .open
        slots[k].generation = version
        slots[k].restarts += 1
        desk.save()
    }

    /// It has been ready for long enough to be believed.
    func isBaked(_ instance: Instance, at now: Instant) -> Bool {
        guard let baked = bakedAt(instance) else { return false }
        return baked <= now
    }

    private func bakedAt(_ instance: Instance) -> Instant? {
        guard instance.phase == .online, let ready = instance.readySince else { return nil }
        return ready + spec(of: instance.generation).bakeTime
    }

    /// It has been ready for as long as any run must last to count.
    func hasLasted(_ instance: Instance, at now: Instant) -> Bool {
        guard let lasted = lastedAt(instance) else { return false }
        return lasted <= now
    }

    private func lastedAt(_ instance: Instance) -> Instant? {
        guard instance.phase == .online, let ready = instance.readySince else { return nil }
        return ready + spec(of: instance.generation).restart.minUptime
    }

    /// When a reload can next go on because time has passed.
    func bakedNext(after now: Instant) -> Instant? {
        let target: Generation
        var next: Instant?
        switch work?.stage {
        case .rolling(let rollout) where rollout.direction != .abandoned:
            target = rollout.target
            if case .green(let since) = rollout.side { next = since + spec(of: target).bakeTime }
        case .replacing: target = generation
        case .rolling, .awaiting, .emptying, .turning, nil: return nil
        }
        for slot in slots {
            for instance in [slot.candidate, slot.current] {
                guard let instance, instance.generation == target else { continue }
                for moment in [lastedAt(instance), bakedAt(instance)] {
                    if let moment, moment > now { next = Instant.earlier(next, moment) }
                }
            }
        }
        return next
    }

    /// It is being tried by a reload, and has not been ready for long enough: its end is the new version's failure,
    /// however long it ran.
    func isUnproven(_ instance: Instance, at death: Instant) -> Bool {
        guard case .rolling(let rollout) = work?.stage, rollout.direction == .forward,
            instance.generation == rollout.target
        else { return false }
        return instance.readySince.map { death - $0 < spec(of: instance.generation).bakeTime } ?? true
    }

    /// A candidate, or a canary, lives on and is not what it was when it was believed: that is a failure, too.
    mutating func failCandidate(_ k: Int, _ cause: Death.Cause, _ desk: inout Desk) {
        guard let candidate = slots[k].candidate, candidate.isActive else { return }
        slots[k].record(
            Death(
                generation: candidate.generation, cause: cause, at: desk.now,
                uptime: max(.zero, desk.now - candidate.since)))
        desk.save()
        noteCandidateFailed(k, candidate.generation)
    }

    /// One of a version that was given up and has not ended yet.
    func condemned(of version: Generation) -> Failure? {
        for slot in slots {
            guard let candidate = slot.candidate, candidate.generation == version,
                candidate.fate == .failed, let death = candidate.death
            else { continue }
            return Failure(app: name, slot: slot.index, generation: version, death: death)
        }
        return nil
    }

    /// Whoever tries it hears of it: the operation that does, and the canary.
    mutating func noteCandidateFailed(_ k: Int, _ version: Generation) {
        let reason = failure(of: k)
        if canary?.target == version { canary?.failure = reason }
        switch work?.stage {
        case .rolling(let rollout) where rollout.target == version: slots[k].verdict = .died
        case .replacing: slots[k].verdict = .died
        case .rolling, .awaiting, .emptying, .turning, nil: break
        }
    }
}
