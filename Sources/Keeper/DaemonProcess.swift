internal import Linux

/// The daemon as the keeper sees it: a program that is started again when it ends.
///
/// At once, because somebody's applications have nobody who answers for them meanwhile; only one that ends again
/// and again within a second has to wait, ever longer.
struct DaemonProcess {
    #if FAULTS
        // Whoever has it die a thousand times does not want to wait.
        static let shortLife: Int64 = 0
    #else
        static let shortLife: Int64 = 1_000_000_000
    #endif
    static let firstPause: Int64 = 100_000_000
    static let longestPause: Int64 = 5_000_000_000

    private(set) var process: Int32?
    /// When to start the next one, on the monotonic clock; nil while one runs.
    private(set) var startsAt: Int64?
    /// How many were started.
    private(set) var starts = 0
    /// How long the last one lived.
    private(set) var lastLife: Int64 = 0
    private var startedAt: Int64
    private var shortLives = 0
    private var awaitsPredecessor = false

    init(at now: Int64) {
        startsAt = now
        startedAt = now
    }

    /// Another one is there, whoever started it; nothing is done before `predecessorLeft`.
    mutating func awaitPredecessor() {
        startsAt = nil
        awaitsPredecessor = true
    }

    mutating func predecessorLeft(at now: Int64) {
        guard awaitsPredecessor else { return }
        awaitsPredecessor = false
        startsAt = now
    }

    mutating func started(_ process: Int32, at now: Int64) {
        self.process = process
        startsAt = nil
        startedAt = now
        starts += 1
    }

    /// It ended, or could not be started.
    mutating func ended(at now: Int64) {
        process = nil
        lastLife = now - startedAt
        shortLives = lastLife < DaemonProcess.shortLife ? shortLives + 1 : 0
        startedAt = now
        startsAt = now + pause
    }

    /// None after a long life and after the first short one.
    private var pause: Int64 {
        guard shortLives > 1 else { return 0 }
        return min(DaemonProcess.longestPause, DaemonProcess.firstPause << Int64(min(shortLives - 2, 16)))
    }
}
