/// A program to start, and everything about the process it becomes.
///
/// Whatever is nil or empty is inherited from the caller.
public struct SpawnRequest: Sendable {
    /// A path, or a name that the `PATH` of `environment` is searched for.
    public var program: String
    /// Without the program's own name, which comes first.
    public var arguments: [String]
    /// What the program is told to be called, and ps(1) shows; nil: as it was written.
    public var name: String?
    /// `NAME=value` each. Nothing is added.
    public var environment: [String]
    public var directory: String?
    public var identity: Identity?
    public var limits: [ResourceLimit] = []
    /// -20...19 (setpriority(2)).
    public var priority: Int32?
    /// Written to `/proc/self/oom_score_adj`, where that is allowed.
    public var memoryScore: Int32?
    /// umask(2).
    public var mask: UInt32?
    /// What the child holds, 0 to 2 included; every other descriptor is closed by execve.
    public var descriptors: [Inheritance] = []
    /// Sets `LISTEN_PID` to the child's own number (sd_listen_fds(3)).
    public var namesListener = false

    /// Installed in order, before the identity changes.
    public var filters: [SeccompFilter] = []
    /// The unix(7) socket that the notify descriptor of a notifying filter is sent over; it is not closed here.
    public var filterChannel: Int32?
    /// Without CAP_SYS_ADMIN the kernel demands it for filters; it also makes setuid programs lose their rights.
    public var forbidsNewPrivileges = false

    /// Of the calling thread alone.
    public var tray: SpawnTray?
    /// The child becomes a child of this process' own parent (CLONE_PARENT).
    public var isSibling = false
    /// A directory of the cgroup2 file system that the child starts in.
    public var cgroup: Int32?

    public init(program: String, arguments: [String] = [], environment: [String] = []) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }
}

extension SpawnRequest {
    /// Descriptors a child can be given.
    public static let descriptorLimit = 256

    /// Who a process is (credentials(7)).
    public struct Identity: Equatable, Sendable {
        public var user: UInt32
        public var group: UInt32
        public var groups: [UInt32]

        public init(user: UInt32, group: UInt32, groups: [UInt32]) {
            self.user = user
            self.group = group
            self.groups = groups
        }
    }

    /// The caller's descriptor that the child finds under another number.
    public struct Inheritance: Equatable, Sendable {
        public var source: Int32
        public var target: Int32

        public init(_ source: Int32, as target: Int32) {
            self.source = source
            self.target = target
        }
    }

    /// The paths that execve is tried with, as execvp(3) would.
    var candidates: [String] {
        if program.isEmpty || program.utf8.contains(UInt8(ascii: "/")) { return [program] }
        let path = environment.first { $0.hasPrefix("PATH=") }.map { $0.dropFirst(5) } ?? "/usr/bin:/bin"
        return path.split(separator: ":", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "./\(program)" : "\($0)/\(program)" }
    }
}

/// A process that runs: its number, and a descriptor that means this process and no later one (pidfd_open(2)).
public struct SpawnedProcess: ~Copyable, Sendable {
    public let process: Int32
    public let descriptor: Descriptor

    /// Gives the descriptor away.
    public consuming func release() -> Descriptor { descriptor }
}
