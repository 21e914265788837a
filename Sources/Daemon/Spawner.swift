internal import Linux
internal import Supervision

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
    /// What RLIMIT_NOFILE was before the daemon raised its own.
    var openFiles: ResourceLimit
}

enum SpawnOutcome: Sendable {
    case spawned(InstanceID, ProcessID, SharedDescriptor)
    case failed(InstanceID, String)
}

/// Starts programs on a thread of its own: clone(2) with CLONE_VFORK suspends its caller until the new program
/// runs, and looking at a script may hang with the network disk it lies on. The loop must do neither.
final class Spawner: Sendable {
    private let worker: Worker<SpawnJob>
    let outcomes: Mailbox<SpawnOutcome>

    init() throws(SystemError) {
        let outcomes = try Mailbox<SpawnOutcome>()
        self.outcomes = outcomes
        worker = try Worker(name: "spawner") { jobs in
            for job in jobs { outcomes.send(job.carryOut()) }
            return true
        }
    }

    func order(_ job: SpawnJob) {
        worker.order(job)
    }
}
