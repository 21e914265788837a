// Operations begin, are pursued and concluded, one at a time.

extension App {
    /// Carries the running operation, then those queued, as far as is possible now.
    mutating func operate(_ desk: inout Desk) {
        while !isGone {
            clearAway(&desk)
            watchCanary(&desk)
            if work == nil {
                if !queue.isEmpty {
                    begin(queue.removeFirst(), &desk)
                } else if !beginReplacement(&desk) {
                    return
                }
                clearAway(&desk)
            }
            guard pursue(&desk) else { return }
            conclude(&desk)
        }
    }

    private mutating func begin(_ operation: Operation, _ desk: inout Desk) {
        stirAll()
        switch operation.kind {
        case .create: create(operation, &desk)
        case .start: start(operation, &desk)
        case .stop: stop(operation, &desk)
        case .restart: restart(operation, &desk)
        case .reload: reload(operation, &desk)
        case .become(let spec): become(spec, operation, &desk)
        case .scale(let scale):
            // The later wish counts: what is promoted afterwards has as many.
            canary?.instances = nil
            resize(to: scale.count(from: spec.instances), operation, .scaled, &desk)
        case .delete: delete(operation, &desk)
        case .recover: recover(operation, &desk)
        // It is never in the queue: see `beginReplacement`.
        case .replace: break
        case .canary(let spec, let percent): tryOut(spec, percent, operation, &desk)
        case .promote: promoteCanary(operation, &desk)
        case .rollback: goBack(operation, &desk)
        }
    }

    /// True when the operation has come to its end.
    private mutating func pursue(_ desk: inout Desk) -> Bool {
        guard let stage = work?.stage else { return false }
        switch stage {
        case .awaiting(let awaited): return pursueAwaited(awaited)
        case .emptying(let emptied): return emptied.allSatisfy { $0 >= slots.count || slots[$0].isEmpty }
        case .turning(let turns): return pursue(turns, &desk)
        case .rolling(let rollout): return pursue(rollout, &desk)
        case .replacing(let k): return pursueReplacement(of: k, &desk)
        }
    }

    private mutating func pursueAwaited(_ awaited: [Int]) -> Bool {
        guard slots.count <= spec.instances, awaited.allSatisfy({ slots[$0].verdict != .open }) else {
            return false
        }
        if let k = awaited.first(where: { slots[$0].verdict == .died }) { fail(because: k) }
        return true
    }

    private mutating func conclude(_ desk: inout Desk) {
        guard let done = work else { return }
        // A reload on the way to a specification is followed by the number of instances it asks for.
        if case .rolling(let rollout) = done.stage, rollout.trial == nil, done.failure == nil,
            let count = rollout.instances
        {
            resize(to: count, done.operation, done.change, &desk)
            work?.note = done.note
            work?.toll = done.toll
            return
        }
        work = nil
        if done.operation.kind == .delete { disappear(&desk) }
        record(done, &desk)
        let change = done.failure == nil ? done.change : .failed
        complete(
            done.operation, change, failure: done.failure, isRolledBack: done.isRolledBack, note: done.note,
            toll: done.toll, &desk)
    }

    private mutating func disappear(_ desk: inout Desk) {
        for slot in slots { desk.returnSlotID(slot.id) }
        slots = []
        isGone = true
        desk.save()
    }

    /// The operation has not reached its end, because of what happened in a slot.
    mutating func fail(because k: Int) {
        let reason = failure(of: k)
        work?.failure = reason
    }

    /// Why what was awaited in a slot did not come.
    func failure(of k: Int) -> Failure? {
        slots[k].deaths.last.map {
            Failure(app: name, slot: slots[k].index, generation: $0.generation, death: $0)
        }
    }
}

// MARK: - Beginnings

extension App {
    /// Slots that are on their way out, beyond the wanted number, are not meant any more.
    private func targets(of operation: Operation) -> [Int] {
        let meant = slots.indices.prefix(spec.instances)
        guard let only = operation.only else { return Array(meant) }
        return meant.filter { slots[$0].index == only }
    }

    private mutating func create(_ operation: Operation, _ desk: inout Desk) {
        grow(wanted: spec.autostart, &desk)
        guard spec.autostart else { return work = Work(operation, .emptying([]), change: .stopped) }
        work = Work(operation, .awaiting(Array(slots.indices)), change: .started)
    }

    private mutating func start(_ operation: Operation, _ desk: inout Desk) {
        let started = targets(of: operation).filter { !slots[$0].wanted || slots[$0].current == nil }
        let awaited = started + rising(among: targets(of: operation))
        awaken(started, &desk)
        work = Work(operation, .awaiting(awaited), change: awaited.isEmpty ? .unchanged : .started)
    }

    private mutating func stop(_ operation: Operation, _ desk: inout Desk) {
        let stopped = operation.only == nil ? Array(slots.indices) : targets(of: operation)
        let isNeeded = stopped.contains { slots[$0].wanted || !slots[$0].isEmpty }
        if operation.only == nil { decideAgainstCanary(&desk) }
        layToRest(stopped, &desk)
        work = Work(operation, .emptying(stopped), change: isNeeded ? .stopped : .unchanged)
    }

    private mutating func delete(_ operation: Operation, _ desk: inout Desk) {
        decideAgainstCanary(&desk)
        layToRest(Array(slots.indices), &desk)
        work = Work(operation, .emptying(Array(slots.indices)), change: .deleted)
    }

    private mutating func restart(_ operation: Operation, _ desk: inout Desk) {
        let all = targets(of: operation)
        let empty = all.filter { slots[$0].current == nil }
        awaken(empty, &desk)
        let turns = Turns(left: all.filter { slots[$0].current != nil }, awaited: empty)
        work = Work(operation, .turning(turns), change: all.isEmpty ? .unchanged : .restarted)
    }

    /// Slots whose instance has yet to prove itself: whoever asks for a start waits for that, too.
    func rising(among meant: [Int]) -> [Int] {
        meant.filter { k in
            let isUnready = slots[k].current.map { $0.isActive && $0.phase != .online } ?? false
            return slots[k].wanted && slots[k].verdict == .open && isUnready
        }
    }

    /// Makes empty slots wanted, with a clean slate.
    mutating func awaken(_ sleeping: [Int], _ desk: inout Desk) {
        guard !sleeping.isEmpty else { return }
        desk.save()
        for k in sleeping {
            slots[k].renew(&desk)
            slots[k].wanted = true
        }
    }

    private mutating func layToRest(_ tired: [Int], _ desk: inout Desk) {
        desk.save()
        for k in tired {
            slots[k].renew(&desk)
            slots[k].wanted = false
        }
    }
}

// MARK: - Number

extension App {
    /// Changes how many slots there are; those beyond go when they are empty.
    mutating func resize(
        to count: Int, _ operation: Operation, _ change: Outcome.Change, _ desk: inout Desk
    ) {
        stirAll()
        let before = slots.count
        let isAwake = slots.isEmpty || slots.contains { $0.wanted }
        let isSame = count == spec.instances && count == before
        if !isSame { desk.save() }
        spec.instances = count
        layToRest(Array(slots.indices.dropFirst(count)), &desk)
        grow(wanted: isAwake, &desk)
        let grown = isAwake ? Array(slots.indices.dropFirst(before)) : []
        let same: Outcome.Change = change == .scaled ? .unchanged : change
        let isScaled = [.scaled, .unchanged, .revised].contains(change)
        work = Work(operation, .awaiting(grown), change: isScaled && !isSame ? .scaled : same)
    }

    private mutating func grow(wanted: Bool, _ desk: inout Desk) {
        slots.reserveCapacity(spec.instances)
        while slots.count < spec.instances {
            let slot = Slot(
                index: SlotIndex(slots.count), id: desk.takeSlotID(), wanted: wanted, generation: generation)
            slots.append(slot)
            desk.save()
        }
    }
}

extension Scale {
    func count(from present: Int) -> Int {
        let wished =
            switch self {
            case .to(let count): count
            case .by(let more): present + more
            }
        return min(max(0, wished), Limits.instancesPerApp)
    }
}
