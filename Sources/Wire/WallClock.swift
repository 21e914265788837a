public import Supervision

/// The difference between the machine's monotonic clock and the calendar.
///
/// Programs are told milliseconds of the Unix epoch, the core counts from boot; whoever encodes or decodes takes
/// the difference at that moment, because the calendar may be set.
public struct WallClock: Equatable, Sendable {
    /// What to add to an instant to get the time since 1970.
    public var offset: Duration

    public init(offset: Duration = .zero) {
        self.offset = offset
    }

    public func milliseconds(of instant: Instant) -> Int64 {
        (instant + offset).nanoseconds / 1_000_000
    }

    public func instant(atMilliseconds milliseconds: Int64) -> Instant {
        let nanoseconds = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        let clamped = nanoseconds.overflow ? (milliseconds < 0 ? Int64.min : .max) : nanoseconds.partialValue
        let shifted = clamped.subtractingReportingOverflow(offset.nanoseconds)
        return Instant(nanoseconds: shifted.overflow ? clamped : shifted.partialValue)
    }
}
