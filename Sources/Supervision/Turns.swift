/// A restart in place: one slot after the other, so that an app of several is never down as a whole.
///
/// It stops at the first instance that does not come up: what still runs is worth more than what was asked for.
public struct Turns: Equatable, Sendable {
    /// Running slots whose turn has not come.
    public var left: [Int]
    /// Slots being started, to be ready or failed before the end.
    public var awaited: [Int]
    public var turning: Int?

    public init(left: [Int], awaited: [Int], turning: Int? = nil) {
        self.left = left
        self.awaited = awaited
        self.turning = turning
    }
}

extension App {
    /// True when every slot had its turn.
    mutating func pursue(_ turns: Turns, _ desk: inout Desk) -> Bool {
        var turns = turns
        let isOver = step(&turns, &desk)
        work?.stage = .turning(turns)
        return isOver
    }

    private mutating func step(_ turns: inout Turns, _ desk: inout Desk) -> Bool {
        if let k = turns.turning {
            guard slots[k].verdict != .open else { return false }
            turns.turning = nil
            if slots[k].verdict == .died {
                turns.left = []
                fail(because: k)
            }
        }
        if !turns.left.isEmpty {
            let next = turns.left.removeFirst()
            turns.turning = next
            turn(next, &desk)
            return false
        }
        guard turns.awaited.allSatisfy({ slots[$0].verdict != .open }) else { return false }
        if work?.failure == nil, let k = turns.awaited.first(where: { slots[$0].verdict == .died }) {
            fail(because: k)
        }
        return true
    }

    /// Ends the current instance of a slot; its successor comes when it has vanished.
    private mutating func turn(_ k: Int, _ desk: inout Desk) {
        stir(k)
        slots[k].renew(&desk)
        slots[k].wanted = true
        slots[k].restarts += 1
        slots[k].current?.fate = .unwanted
        desk.save()
    }
}
