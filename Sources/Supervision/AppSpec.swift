/// What a user asks to be run: one application of an ecosystem file, or one `swpm start`.
///
/// Paths stand here as they were written. Symbolic links are resolved anew at each start, so that a release
/// switched by `current -> releases/42` is picked up by a reload.
public struct AppSpec: Equatable, Sendable {
    public var name: AppName
    /// The program: a path (absolute, or relative to `workingDirectory`), a command of `PATH`, or, with a space
    /// in it, a shell command.
    public var script: String
    public var arguments: [String] = []
    public var interpreter: Interpreter = .automatic
    public var interpreterArguments: [String] = []
    /// Absolute, as the caller's shell names it.
    public var workingDirectory: String
    /// What the user declared; goes to disk.
    public var environment: [String: String] = [:]
    /// The caller's environment, kept by the shell; nil means the allow-list only.
    public var inherited: EnvironmentID?
    /// The ecosystem file this came from, if any.
    public var origin: String?

    public var instances: Int = 1
    /// Whether an app that is new runs at once; else it is put in the list, stopped.
    public var autostart: Bool = true
    public var mode: Mode = .fork
    public var balance: Balance = .automatic
    /// Ports below `ip_unprivileged_port_start` that the daemon may bind for the program.
    public var ports: [UInt16] = []
    /// Sockets the daemon opens and passes as `LISTEN_FDS` (sd_listen_fds(3)) where nothing better is possible.
    public var sockets: [ListenAddress] = []
    /// Whether the listeners are held; nil: for two instances or more, or always under root.
    public var zeroDowntime: Bool?

    public var restart = RestartPolicy()
    public var stopSignal: Signal = .terminate
    /// From the stop signal to SIGKILL.
    public var killTimeout: Duration = .seconds(10)
    /// From the spawn to ready; a candidate that needs longer has failed.
    public var listenTimeout: Duration = .seconds(30)
    /// How long an instance taken out of rotation may take to finish its requests.
    public var drainTimeout: Duration = .seconds(30)
    /// How many more than `instances` may run during a reload.
    public var maxSurge: Int = 1
    /// What an instance taken out of rotation waits for before it is asked to stop.
    public var drain: Drain = .connections
    /// How long a connection must have been silent both ways to count as idle.
    public var drainGrace: Duration = .seconds(5)
    public var strategy: Strategy = .rolling
    /// How long a new instance is watched before it is believed; nil: `restart.minUptime`.
    public var bake: Duration?

    /// Whether a Node program is given the file that lets it finish its connections.
    public var nodePreload: Bool = true

    /// Whether a program with a message channel is asked to end by the message `shutdown` (PM2's), not by a signal.
    public var shutdownWithMessage: Bool = false
    /// The variable that tells an instance its number.
    public var instanceVariable: String = "NODE_APP_INSTANCE"
    /// A variable to whose declared number that of the instance is added, as for a port of its own.
    public var incrementVariable: String?

    public var user: String?
    public var group: String?
    /// File mode creation mask (umask(2)); nil: the caller's.
    public var umask: UInt32?
    /// Scheduling priority, -20...19 (nice(2)).
    public var nice: Int32?

    /// Ready only when the program says so, by a message or by sd_notify(3).
    public var waitReady: Bool = false
    public var health: HealthCheck?
    /// How long the program may be silent (`WATCHDOG=1` of sd_notify(3)); nil: for ever.
    public var watchdog: Duration?
    /// How long its accept queue may not shrink before it gets no new connections; 0: for ever.
    public var stuckTimeout: Duration = .seconds(1)
    /// How long it may then stay stuck before it is killed and started anew; nil: for ever.
    public var stuckReplace: Duration?

    public var logs = LogSettings()

    public init(name: AppName, script: String, workingDirectory: String) {
        self.name = name
        self.script = script
        self.workingDirectory = workingDirectory
    }
}

extension AppSpec {
    public enum Interpreter: Equatable, Sendable {
        /// Chosen by extension or shebang.
        case automatic
        /// The script is executed directly.
        case none
        case program(String)
    }

    /// PM2's `exec_mode`, shown in `list`; both modes get the same port mechanism.
    public enum Mode: String, Equatable, Sendable {
        case fork, cluster
    }

    /// How new connections are spread over the instances.
    public enum Balance: String, Equatable, Sendable {
        /// Shared where the program can, random where not.
        case automatic
        case random
        /// Sticky by the client's address.
        case ip
        /// Node workers take them from one queue.
        case shared
    }

    /// Whether Node workers take connections from one queue, instead of having one each.
    public var sharesListeners: Bool {
        switch balance {
        case .shared: true
        case .random, .ip: false
        // Who has to prove himself before he gets connections needs a queue of his own, and can be probed.
        case .automatic: health == nil && !waitReady
        }
    }

    /// What is waited for while an instance drains; what has begun to connect always is.
    public enum Drain: String, Equatable, Sendable {
        /// For requests in work; idle connections are closed gently.
        case connections
        /// Until every connection has ended by itself: for streams and WebSockets.
        case wait
        /// For nothing more: the program sees to its requests after the stop signal.
        case off
    }

    /// How a reload goes about it.
    public enum Strategy: String, Equatable, Sendable {
        /// Instance after instance.
        case rolling
        /// All new ones beside all old ones, then one switch.
        case blueGreen = "blue-green"
    }

    /// Whether this asks for the same processes as `other`: neither the number of instances, nor which caller's
    /// environment was captured, nor whether it began stopped, nor how its logs are kept, nor when it is too heavy or due
    /// makes a running instance stale.
    public func runsTheSame(as other: AppSpec) -> Bool {
        var left = self
        left.instances = other.instances
        left.inherited = other.inherited
        left.origin = other.origin
        left.autostart = other.autostart
        left.logs.keepAs(other.logs)
        left.restart.maxMemory = other.restart.maxMemory
        left.restart.schedule = other.restart.schedule
        return left == other
    }
}

/// A TCP address a program listens on, in the kernel's numbers: `127.0.0.1:3000`, `[::]:3000`.
public struct ListenAddress: Hashable, Comparable, Sendable, CustomStringConvertible {
    public var host: String
    public var port: UInt16

    public init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    public static func < (left: ListenAddress, right: ListenAddress) -> Bool {
        (left.port, left.host) < (right.port, right.host)
    }

    public var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
