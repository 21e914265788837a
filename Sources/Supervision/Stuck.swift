// Instances that accept no connections although some wait.

extension Instance {
    /// Its accept queue does not shrink.
    struct Stuck: Equatable, Sendable {
        var since: Instant
        /// Until when it may be; nil: for ever, or it is overdue.
        var patienceEnd: Instant?
        /// To be killed as soon as no other instance is on its way down or up.
        var isOverdue = false
    }
}

extension App {
    mutating func noteStuck(_ waiting: Int, _ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        guard instance.stuck == nil, !instance.hasExited else { return }
        let patience = spec(of: instance.generation).stuckReplace
        slots[k][place].stuck = Instance.Stuck(
            since: desk.now, patienceEnd: patience.map { desk.now + $0 })
        stuck.insert(instance.id)
        hasStuckChanged = true
        desk.order(.announce(.stuck(name, slots[k].index, waiting: waiting)))
    }

    mutating func noteUnstuck(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        guard let past = slots[k][place].stuck else { return }
        free(place, of: k)
        desk.order(.announce(.unstuck(name, slots[k].index, after: desk.now - past.since)))
    }

    /// It is not stuck any more, or not there any more.
    mutating func free(_ place: Slot.Place, of k: Int) {
        guard slots[k][place].stuck != nil else { return }
        slots[k][place].stuck = nil
        stuck.remove(slots[k][place].id)
        hasStuckChanged = true
    }

    /// Who of these gets new connections: not the stuck. But if those are more than half it is overload, which
    /// looks the same, or something that all of them wait for: then nobody is spared, for the others would drown.
    func sparing(_ receivers: [InstanceID]) -> [InstanceID] {
        guard !stuck.isEmpty else { return receivers }
        let well = receivers.filter { !stuck.contains($0) }
        return !well.isEmpty && well.count * 2 >= receivers.count ? well : receivers
    }

    mutating func lapseStuck(_ place: Slot.Place, of k: Int, at now: Instant) {
        guard let end = slots[k][place].stuck?.patienceEnd, end <= now else { return }
        slots[k][place].stuck?.patienceEnd = nil
        slots[k][place].stuck?.isOverdue = true
    }

    /// Kills who has been stuck for `stuck_replace`, like one that crashed: its successor inherits who waits.
    mutating func relieveStuck(_ desk: inout Desk) {
        guard !stuck.isEmpty else { return }
        for k in slots.indices where slots[k].current?.stuck?.isOverdue == true && mayKill(k) {
            stir(k)
            kill(k, &desk)
        }
    }

    private mutating func kill(_ k: Int, _ desk: inout Desk) {
        guard var instance = slots[k].current, let past = instance.stuck else { return }
        instance.fate = .failed
        instance.death = Death(
            generation: instance.generation, cause: .stuck(after: desk.now - past.since), at: desk.now,
            uptime: desk.now - instance.since)
        instance.phase = .killing(sweepAt: desk.now + Supervisor.sweepInterval)
        slots[k].current = instance
        desk.order(.sweep(instance.id, .kill))
    }

    /// One at a time: never all at once, whatever keeps them from accepting.
    private func mayKill(_ k: Int) -> Bool {
        guard slots[k].current?.phase == .online, isWanted(k), slots[k].candidate == nil else { return false }
        return slots.indices.allSatisfy { $0 == k || !isWanted($0) || isSettled(slots[$0]) }
    }

    private func isSettled(_ slot: Slot) -> Bool {
        if let current = slot.current { return current.phase == .online }
        // Where its replacement is on the way, somebody is missing.
        return slot.candidate == nil && (slot.rest == .finished || slot.rest == .failed)
    }
}
