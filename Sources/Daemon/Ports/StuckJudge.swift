internal import Supervision

/// Tells from the length of an accept queue whether its program still accepts.
///
/// A queue that is never shorter than before is not being worked on. This needs nothing of the program, and so is
/// a health check for every language; it cannot be told from hopeless overload, which is why a judgement is
/// taken back as soon as the queue shrinks.
struct StuckJudge: Equatable {
    /// Between two looks at most.
    static let interval = Duration.milliseconds(250)
    /// So many looks before a judgement at least: chance seldom keeps a queue that moves from ever being shorter.
    static let looks = 10

    private(set) var isStuck = false
    private var last: UInt32 = 0
    private var unmovedSince: Instant?

    /// Something waits where nothing did.
    mutating func stir(_ length: UInt32, at now: Instant) {
        guard unmovedSince == nil else { return }
        (last, unmovedSince) = (length, now)
    }

    /// Looks at the queue, and says when to look again; nil: it is empty, and there is nothing to look at until
    /// something comes. `patience` is how long it may not shrink; 0: for ever.
    mutating func sample(_ length: UInt32, at now: Instant, patience: Duration) -> Instant? {
        defer { last = length }
        guard length > 0 else {
            isStuck = false
            unmovedSince = nil
            return nil
        }
        guard let since = unmovedSince, length >= last else {
            isStuck = false
            unmovedSince = now
            return next(after: now, since: now, patience)
        }
        if patience > .zero, now - since >= patience { isStuck = true }
        return next(after: now, since: since, patience)
    }

    /// Seldom at first, because most queues move; then closely, and last when patience ends.
    private func next(after now: Instant, since: Instant, _ patience: Duration) -> Instant {
        let waited = now - since
        guard patience > .zero, !isStuck, waited < patience else { return now + Self.interval }
        let step = waited * 2 < patience ? patience / 4 : patience / (2 * Self.looks)
        return min(now + min(step, Self.interval), since + patience)
    }
}
