/// Gives memory back when nothing has happened for a while.
///
/// A process that waits for days needs none of its code meanwhile; the first to disturb it waits about half a
/// millisecond longer. It costs one wake-up after each time of activity, and none after that.
public struct Repose: Sendable {
    /// How long nothing must have happened, in nanoseconds.
    public static let patience: Int64 = 3_000_000_000

    /// When memory is to be given back, on the monotonic clock; nil: it was.
    public private(set) var deadline: Int64?

    public init() {}

    /// Something happened, and so more may.
    public mutating func disturb(at now: Int64) { deadline = now + Repose.patience }

    /// True, once, when the time has come.
    public mutating func begins(at now: Int64) -> Bool {
        guard let due = deadline, due <= now else { return false }
        deadline = nil
        return true
    }
}
