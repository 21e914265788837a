/// What an instance uses beyond `max_memory_restart`, in bytes: it and everything below it.
public struct Excess: Equatable, Sendable, CustomStringConvertible {
    public var used: UInt64
    public var limit: UInt64

    public init(used: UInt64, limit: UInt64) {
        self.used = used
        self.limit = limit
    }

    /// What is used is rounded up, so that it looks like more.
    public var description: String {
        let isLarge = limit >= 1 << 20
        let (unit, name): (UInt64, String) = isLarge ? (1 << 20, "MB") : (1 << 10, "KB")
        let used = used / unit + (used % unit > 0 ? 1 : 0)
        return "used \(used) \(name), more than max_memory_restart (\(limit / unit) \(name))"
    }
}

// Instances of an app with a limit are weighed, and who is too heavy is replaced: see `Replacement`.

extension App {
    static let weighingInterval: Duration = .seconds(10)

    /// Nobody wakes up where nobody serves, or nothing is limited. All apps are weighed at the same instants.
    mutating func planWeighing(at now: Instant) {
        guard spec.restart.maxMemory != nil, slots.contains(where: { $0.online != nil }) else {
            weighAt = nil
            return
        }
        guard weighAt == nil else { return }
        let step = App.weighingInterval.nanoseconds
        weighAt = Instant(nanoseconds: (now.nanoseconds / step + 1) * step)
    }

    mutating func lapseWeighing(_ desk: inout Desk) {
        guard let due = weighAt, due <= desk.now else { return }
        weighAt = nil
        guard mayWeigh else { return }
        for slot in slots { if let id = slot.online { desk.order(.weigh(id)) } }
    }

    /// Whatever else is being done, replaces them or ends them anyway.
    private var mayWeigh: Bool { work == nil || work?.operation.kind == .replace }

    mutating func noteWeighed(_ used: UInt64, _ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        guard place == .current, slots[k].online != nil, mayWeigh, let limit = spec.restart.maxMemory else {
            return
        }
        guard used > limit else {
            // It has lost weight, or its successor has none: what is to come has nothing to do with this.
            if replacements[k]?.excess != nil { replacements[k] = nil }
            return
        }
        let isNews = replacements[k]?.outworn == nil
        replace(k, at: desk.now)
        guard replacements[k]?.outworn != nil, isNews || replacements[k]?.excess != nil else { return }
        let excess = Excess(used: used, limit: limit)
        replacements[k]?.excess = excess
        if isNews { desk.order(.announce(.outgrown(name, slots[k].index, excess))) }
    }

    /// Writes down why the one that serves goes, if it is for this.
    mutating func recordExcess(_ k: Int, _ desk: inout Desk) {
        guard let excess = replacements[k]?.excess, let heavy = slots[k].current,
            heavy.id == replacements[k]?.outworn
        else { return }
        slots[k].record(
            Death(
                generation: heavy.generation, cause: .exceeded(excess), at: desk.now,
                uptime: max(.zero, desk.now - heavy.since), process: heavy.process,
                consequence: .restarted(after: .zero)))
        desk.save()
    }
}
