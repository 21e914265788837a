internal import Linux
internal import Supervision
internal import Synchronization

/// One order to start a program, with every descriptor it is to get.
struct SpawnJob: Sendable {
    var instance: InstanceID
    var launch: Launch
    var home: String
    var marker: String
    /// The caller's environment, as `Environments` keeps it.
    var inherited: SharedDescriptor?
    /// What the program reads: nothing.
    var input: SharedDescriptor
    /// The ends of the log pipes that the program writes to.
    var output: SharedDescriptor
    var error: SharedDescriptor
    var ports: PortsProvision
    /// For a program that may turn out to be Node, or to start it.
    var channel: ChannelProvision?
    /// What RLIMIT_NOFILE was before the daemon raised its own.
    var openFiles: ResourceLimit
    /// What `NOTIFY_SOCKET` says.
    var notifySocket: String?
}

enum SpawnOutcome: Sendable {
    /// `node`: as what it was given its channel; nil: it has none.
    case spawned(InstanceID, ProcessID, SharedDescriptor, node: NodeRole?, Places?)
    case failed(InstanceID, String)
}

/// Starts programs on a thread of its own: clone(2) with CLONE_VFORK suspends its caller until the new program
/// runs, and looking at a script may hang with the network disk it lies on. The loop must do neither.
final class Spawner: Sendable {
    private let worker: Worker<SpawnJob>
    let outcomes: Mailbox<SpawnOutcome>
    /// More than a program gets, unless it is given many sockets.
    private static let trayLength: Int32 = 16

    init() throws(SystemError) {
        let outcomes = try Mailbox<SpawnOutcome>()
        self.outcomes = outcomes
        let environments = DecodedEnvironment()
        let tray = try SpawnTray(for: Spawner.trayLength)
        worker = try Worker(name: "spawner") { jobs in
            for job in jobs { outcomes.send(job.carryOut(environments, tray)) }
            return .wait
        }
    }

    func order(_ job: SpawnJob) {
        worker.order(job)
    }
}

/// The environment that was needed last, taken apart: the instances of one app follow each other.
final class DecodedEnvironment: Sendable {
    private let last = Mutex<(file: SharedDescriptor, variables: [String: String])?>(nil)

    func variables(of file: SharedDescriptor) throws(SystemError) -> [String: String] {
        if let known = last.withLock({ $0 }), known.file === file { return known.variables }
        let variables = Environments.decode(try file.descriptor.contents())
        last.withLock { $0 = (file, variables) }
        return variables
    }
}
