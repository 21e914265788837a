internal import Linux
internal import Supervision

/// The moment at which patience ends.
struct Deadline: Sendable {
    private let end: Instant

    init(in patience: Duration) { end = Instant.now + patience }

    var remaining: Duration { max(.zero, end - Instant.now) }
    var isPast: Bool { remaining == .zero }
}

extension Instant {
    /// CLOCK_MONOTONIC, as the daemon counts.
    static var now: Instant { Instant(nanoseconds: Clock.monotonic()) }
}
