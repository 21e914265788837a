public import Supervision

/// A command line, understood.
public struct ParsedCommand: Equatable, Sendable {
    public var command: Command
    public var manner: Manner

    /// How the answer is to be said.
    public struct Manner: Equatable, Sendable {
        public var json = false
        public var colour = true
        public var silent = false

        public init() {}
    }
}

/// What the user wants done.
public enum Command: Equatable, Sendable {
    case start(targets: [String], StartOptions)
    case stop([String], isForced: Bool = false)
    case restart(targets: [String], environment: String?)
    case reload(targets: [String], environment: String?, isForced: Bool = false, canary: Int? = nil)
    case scale(String, Scale)
    case delete([String])
    case signal(Signal, String)
    /// The message as it was typed.
    case send(String, message: String)
    case trigger(String, action: String, parameter: String?)
    case list
    /// With connections, queues, and how ports are looked after.
    case listWide
    /// `list` as PM2's JSON.
    case listAsJSON
    case describe(String)
    case why(String)
    case logs(LogOptions)
    case monitor
    /// Of one app, or of all.
    case flush(String?)
    case reloadLogs
    case ping
    case kill
    case version
    /// Of everything, or of one command.
    case help(String?)
    /// How the program calls itself; the arguments are for the shell that takes over.
    case daemon([String])
    case keeper([String])
    /// A program to try things with: `web` or `worker`.
    case example([String])
    case promote([String])
    case rollback([String])
    /// To the program at this path, or to the one that was called.
    case update(binary: String?)
    case save(isForced: Bool)
    case resurrect
    case cleardump
    case startup(BootOptions)
    case unstartup(BootOptions)
    /// What this machine can do, and how swpm is.
    case doctor
}

/// What starts at boot.
public struct BootOptions: Equatable, Sendable {
    /// Nil: the caller's own programs.
    public var user: String?
    /// Nil: what runs here.
    public var platform: Platform?
    /// Shows what would be written, and writes nothing.
    public var prints: Bool

    public init(user: String? = nil, platform: Platform? = nil, prints: Bool = false) {
        self.user = user
        self.platform = platform
        self.prints = prints
    }
}

/// What `start` was told about a program. What is nil was not said.
public struct StartOptions: Equatable, Sendable {
    public var name: String?
    public var namespace: String?
    public var instances: InstanceCount?
    public var workingDirectory: String?
    public var interpreter: String?
    public var interpreterArguments: [String]?
    public var arguments: [String] = []
    public var automaticRestart: Bool?
    /// Which `env_<name>` of an ecosystem file.
    public var environment: String?
    public var maxRestarts: Int?
    public var minUptime: Duration?
    public var restartDelay: Duration?
    public var firstBackoff: Duration?
    public var killTimeout: Duration?
    public var listenTimeout: Duration?
    public var stopSignal: Signal?
    public var stopExitCodes: [Int32]?
    public var maxMemory: UInt64?
    public var schedule: Schedule?
    public var user: String?
    public var group: String?
    public var zeroDowntime: Bool?
    public var drain: AppSpec.Drain?
    public var drainGrace: Duration?
    public var drainTimeout: Duration?

    public init() {}
}

/// How many instances, in the words of the command line.
public enum InstanceCount: Equatable, Sendable {
    case exactly(Int)
    /// As many as processors.
    case all
    /// That many fewer than processors, but one at least.
    case allBut(Int)

    public func resolved(processors: Int) -> Int {
        switch self {
        case .exactly(let count): count
        case .all: max(1, processors)
        case .allBut(let spared): max(1, processors - spared)
        }
    }
}

/// Which lines `logs` shows.
public struct LogOptions: Equatable, Sendable {
    /// An app, or nil for all.
    public var target: String?
    /// Of each log, the last so many; nil: all.
    public var lines: Int? = 15
    public var follow = true
    public var streams: Streams = .both
    public var form: Form = .lines
    public var timestamps: Timestamps = .usual
    public var since: WrittenTime?
    public var until: WrittenTime?
    /// An extended regular expression.
    public var pattern: String?
    public var isInverted = false
    public var ignoresCase = false
    /// What else is made to stand out, as an expression.
    public var highlight: String?
    public var level: LogLevel?
    /// Only what instances of one version have written.
    public var generation: Generation?
    /// Nothing is shown: logs of apps that are not known any more are removed.
    public var clearsDeleted = false

    public enum Generation: Equatable, Sendable {
        case present
        case number(Int)
    }

    public enum Streams: Equatable, Sendable {
        case both, output, errors
    }

    /// What was is not followed.
    public var wantsPastGeneration: Bool { generation != nil && generation != .present }

    public enum Form: Equatable, Sendable {
        /// Behind a prefix.
        case lines
        /// As they were written.
        case raw
        /// PM2's `key=value`.
        case fields
        case json
    }

    public enum Timestamps: Equatable, Sendable {
        /// On a terminal only.
        case usual
        case none
        /// In tokens of day.js or of strftime(3).
        case format(String)
    }

    public init() {}
}

extension Selector {
    /// As a command line says it.
    public init(_ text: String) {
        self = text == "all" ? .all : .named(text)
    }
}
