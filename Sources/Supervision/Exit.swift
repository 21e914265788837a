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
    /// Of a SIGKILL that swpm did not send.
    public var killer: Killer?
    /// What swpm saw that may explain it: "process 4711 of user bob listens on :3000: node x.js".
    public var remark: String?

    public init(
        status: ExitStatus, at: Instant, lastWords: [String] = [], peakMemory: UInt64 = 0,
        processorTime: Duration = .zero, killer: Killer? = nil, remark: String? = nil
    ) {
        self.status = status
        self.at = at
        self.lastWords = lastWords
        self.peakMemory = peakMemory
        self.processorTime = processorTime
        self.killer = killer
        self.remark = remark
    }
}

/// Who sent a SIGKILL that swpm did not send.
public enum Killer: String, Equatable, Sendable {
    /// The kernel, because memory ran out.
    case outOfMemory = "out_of_memory"
    /// Not the kernel for lack of memory: hence some other process.
    case somebody
    /// One of these two.
    case unknown
}

/// Why an instance is no more, kept with its slot and carried by failed operations.
public struct Death: Equatable, Sendable {
    /// Enough for the message of an uncaught error of Node above its stack, which 20 are not.
    public static let lastWordsLimit = 30
    /// Deaths remembered per slot.
    public static let historyLimit = 5

    public var generation: Generation
    public var cause: Cause
    public var at: Instant
    /// From spawn to end.
    public var uptime: Duration
    public var lastWords: [String]
    public var peakMemory: UInt64
    /// The main process, if there ever was one.
    public var process: ProcessID?
    public var killer: Killer?
    public var remark: String?
    /// Nil: not decided yet, or nothing was to be decided.
    public var consequence: Consequence?

    /// What was done about it.
    public enum Consequence: Equatable, Sendable {
        /// Started again, that long after nothing of it was left.
        case restarted(after: Duration)
        /// Its end was peaceful, or it is not to be brought back.
        case rested
        /// `max_restarts`.
        case gaveUp
        /// A candidate: what it was to replace serves on.
        case refused
        /// By then it was to stop, or to make way for another version.
        case unwanted
    }

    public enum Cause: Equatable, Sendable {
        /// It ended by itself.
        case exited(ExitStatus)
        /// It could not be started: "cannot change directory to /x: No such file or directory".
        case notStarted(String)
        /// It was ended because it was not ready in time; what it owed.
        case neverReady(after: Duration, missing: [ListenAddress])
        /// It was ended because it did not say in time that it was ready (`waitReady`).
        case neverSaidReady(after: Duration)
        /// It was ended because it failed its health check; why it did the last time.
        case unhealthy(String, failures: Int)
        /// It was ended because its watchdog waited in vain.
        case silent(after: Duration)
        /// It was ended because it had accepted no connection for so long although some waited.
        case stuck(after: Duration)
        /// It was ready, and then did its work no more, though it ran: it closed these, or did not answer.
        case faltered(missing: [ListenAddress])
        /// It used too much memory, and another took its place.
        case exceeded(Excess)
    }

    public init(
        generation: Generation, cause: Cause, at: Instant, uptime: Duration, lastWords: [String] = [],
        peakMemory: UInt64 = 0, process: ProcessID? = nil, killer: Killer? = nil, remark: String? = nil,
        consequence: Consequence? = nil
    ) {
        self.generation = generation
        self.cause = cause
        self.at = at
        self.uptime = uptime
        self.lastWords = lastWords
        self.peakMemory = peakMemory
        self.process = process
        self.killer = killer
        self.remark = remark
        self.consequence = consequence
    }
}
