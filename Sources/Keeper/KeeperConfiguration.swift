internal import Linux

/// What the keeper is started with.
///
/// Its daemon finds three descriptors: 3 leads to the keeper, 4 is the lock, and on 5 it says that it is ready (only
/// the first daemon has somebody who listens; for later ones 5 leads nowhere).
public struct KeeperConfiguration: Sendable {
    /// Where everything of this swpm lies; it exists.
    public var home: String
    /// The lock, held already; nil: the keeper takes it itself.
    public var lock: Int32?
    /// Where the first daemon says that it is ready.
    public var ready: Int32?
    /// Leads to a daemon whose keeper was killed: it hands everything over and ends, and then the first is started.
    public var bereaved: Int32?
    /// The program that is the daemon, and what it is called with.
    public var program = "/proc/self/exe"
    public var arguments = ["daemon"]
    /// Set in a keeper that was another program a moment ago.
    public var resumption: Resumption?

    public init(
        home: String, lock: Int32? = nil, ready: Int32? = nil, resumption: Resumption? = nil,
        bereaved: Int32? = nil
    ) {
        self.home = home
        self.lock = lock
        self.ready = ready
        self.resumption = resumption
        self.bereaved = bereaved
    }

    public static let linkDescriptor: Int32 = 3
    public static let lockDescriptor: Int32 = 4
    public static let readyDescriptor: Int32 = 5
    public static let homeVariable = "SWPM_HOME"

    /// The keeper's exit code when another one has the lock (EX_TEMPFAIL of sysexits.h).
    public static let alreadyRunning: Int32 = 75

    public var lockPath: String { "\(home)/lock" }
    public var logPath: String { "\(home)/daemon.log" }
}

// MARK: - Starting

extension KeeperConfiguration {
    /// Nil: somebody else has it.
    func takeLock() throws(SystemError) -> SharedDescriptor? {
        if let number = lock {
            let lock = Descriptor(owning: number)
            lock.setInherited(false)
            return SharedDescriptor(lock)
        }
        // A service may begin before anybody has typed a command.
        try Directory.create(home, mode: 0o700)
        let lock = try File.open(lockPath, [.readAndWrite, .create], mode: 0o600)
        if try lock.lock() { return SharedDescriptor(lock) }
        // The daemon of a killed keeper is on its way out, and the service manager starts us once only.
        guard ThisProcess.variable(ServiceManager.variable) != nil, ready == nil else { return nil }
        let end = Clock.monotonic() + KeeperConfiguration.lockPatience
        while Clock.monotonic() < end {
            _ = try Poller().wait(atMost: KeeperConfiguration.lockPause)
            if try lock.lock() { return SharedDescriptor(lock) }
        }
        return nil
    }

    /// How long the keeper of a service waits for the lock, and how long between two looks.
    private static let lockPatience: Int64 = 5_000_000_000
    private static let lockPause = Duration.milliseconds(20)

    /// How the daemon is started. It gets back the limit that the keeper raised for itself, because it passes it on.
    func daemonRequest(openFiles: ResourceLimit) -> SpawnRequest {
        let environment = KeeperConfiguration.scrubbed(ThisProcess.environment(), home: home)
        var request = SpawnRequest(program: program, arguments: arguments, environment: environment)
        request.name = "swpm"
        request.limits = [openFiles]
        request.descriptors = [.init(0, as: 0), .init(1, as: 1), .init(2, as: 2)]
        return request
    }

    /// The caller's environment, without what would make the daemon believe that it is one of its own programs, or a
    /// worker of a Node that called it.
    static func scrubbed(_ environment: [String], home: String) -> [String] {
        let foreign = ["SWPM_", "NODE_CHANNEL_", "NODE_UNIQUE_ID="]
        return environment.filter { entry in !foreign.contains { entry.hasPrefix($0) } }
            + ["\(homeVariable)=\(home)"]
    }
}
