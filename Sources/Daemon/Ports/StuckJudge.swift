internal import Supervision

/// Tells from the length of an accept queue whether its program still accepts.
///
/// A queue that is never shorter than before is not being worked on. This needs nothing of the program, and so is
/// a health check for every language; it cannot be told from hopeless overload, which is why a judgement is
/// taken back as soon as the queue shrinks.
struct StuckJudge: Equatable {
    /// How long a queue may not shrink.
    static let patience = Duration.seconds(1)
    static let interval = Duration.milliseconds(250)

    private(set) var isStuck = false
    private var last: UInt32 = 0
    private var unmovedSince: Instant?

    /// Looks at the queue; false: it is empty, and there is nothing to look at until something comes.
    mutating func sample(_ length: UInt32, at now: Instant) -> Bool {
        defer { last = length }
        guard length > 0 else {
            isStuck = false
            unmovedSince = nil
            return false
        }
        guard let since = unmovedSince, length >= last else {
            isStuck = false
            unmovedSince = now
            return true
        }
        if now - since >= Self.patience { isStuck = true }
        return true
    }
}
