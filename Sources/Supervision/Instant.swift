/// A point on the machine's monotonic clock, in nanoseconds since boot.
///
/// The core never reads a clock: whoever calls it says what time it is, so that a test and the simulator can
/// live an hour in a millisecond. The shells take it from `CLOCK_MONOTONIC` (clock_gettime(2)).
public struct Instant: Comparable, Hashable, Sendable {
    public var nanoseconds: Int64

    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    public static func + (instant: Instant, duration: Duration) -> Instant {
        Instant(nanoseconds: instant.nanoseconds + duration.nanoseconds)
    }

    public static func - (later: Instant, earlier: Instant) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }
}

extension Duration {
    /// The whole nanoseconds of this duration.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }

    /// The whole milliseconds of this duration.
    public var milliseconds: Int64 { nanoseconds / 1_000_000 }
}
