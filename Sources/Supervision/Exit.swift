/// How a process ended, as wait4(2) tells it.
public enum ExitStatus: Equatable, Sendable {
    case code(Int32)
    case signal(Signal)
    /// The process ended while nobody who may know was watching.
    case unknown
}

/// The end of an instance's main process, with what was learnt from it.
public struct Exit: Equatable, Sendable {
    public var status: ExitStatus
    /// When the keeper reaped it; uptime is counted to here, not to the moment we heard of it.
    public var at: Instant
    /// The last lines of stderr, oldest first; at most `Death.lastWordsLimit`.
    public var lastWords: [String]
    /// ru_maxrss in bytes (getrusage(2)), 0 if unknown.
    public var peakMemory: UInt64
    /// User and system time together.
    public var processorTime: Duration

    public init(
        status: ExitStatus, at: Instant, lastWords: [String] = [], peakMemory: UInt64 = 0,
        processorTime: Duration = .zero
    ) {
        self.status = status
        self.at = at
        self.lastWords = lastWords
        self.peakMemory = peakMemory
        self.processorTime = processorTime
    }
}

/// Why an instance is no more, kept with its slot and carried by failed operations.
public struct Death: Equatable, Sendable {
    public static let lastWordsLimit = 20
    /// Deaths remembered per slot.
    public static let historyLimit = 5

    public var generation: Generation
    public var cause: Cause
    public var at: Instant
    /// From spawn to end.
    public var uptime: Duration
    public var lastWords: [String]
    public var peakMemory: UInt64

    public enum Cause: Equatable, Sendable {
        /// It ended by itself.
        case exited(ExitStatus)
        /// It could not be started: "cannot change directory to /x: No such file or directory".
        case notStarted(String)
        /// It was ended because it was not ready in time; what it owed.
        case neverReady(after: Duration, missing: [ListenAddress])
    }

    public init(
        generation: Generation, cause: Cause, at: Instant, uptime: Duration, lastWords: [String] = [],
        peakMemory: UInt64 = 0
    ) {
        self.generation = generation
        self.cause = cause
        self.at = at
        self.uptime = uptime
        self.lastWords = lastWords
        self.peakMemory = peakMemory
    }
}
