/// An order that flows out of the supervisor. The shell performs effects in order and feeds each outcome back.
public enum Effect: Equatable, Sendable {
    case spawn(InstanceID, Launch)
    /// Exactly these instances of the app get new connections from now on, each its share. Instances that hold no
    /// listener are left out by the shell. Said again, with the same shares, when one of them opens another listener.
    case steer(AppName, [Share])
    /// Watch the instance, already out of rotation, until it has nothing left to do; answered by `.drained`
    /// unless it exits first.
    case drain(InstanceID)
    /// To the main process.
    case signal(InstanceID, Signal)
    /// To the main process: the message `shutdown`, or this signal if it takes no messages.
    case dismiss(InstanceID, Signal)
    /// To everything left of the instance: group, descendants, marked processes.
    case sweep(InstanceID, Signal)
    /// Its held listeners, own and inherited, may close and its records go. Every `.spawn` comes to exactly one end:
    /// after its `.vanished` or `.spawnFailed`, either this or a later `.spawn` that is its heir, and then owns what
    /// it owned.
    case release(InstanceID)
    case progress(Ticket, Progress)
    case reply(Ticket, Reply)
    case announce(Notice)
    /// What is wanted or how it is identified has changed: write the state.
    case save
    /// Everything has stopped and this was asked for: the daemon ends, and the keeper with it.
    case finish
    /// What drains is not to wait for requests in work any more, only for what has begun to connect.
    case hurry(InstanceID)
    /// Look how much memory it uses; answered by `.weighed`, unless it is gone.
    case weigh(InstanceID)
    /// The logs of this app are kept as it says from now on.
    case keepLogs(AppSpec)
}

/// What to start, and as what.
public struct Launch: Equatable, Sendable {
    public var spec: AppSpec
    public var slot: SlotIndex
    public var id: SlotID
    public var generation: Generation
    /// The dead instance whose accept queues this one takes over.
    public var heir: InstanceID?

    public init(spec: AppSpec, slot: SlotIndex, id: SlotID, generation: Generation, heirOf: InstanceID? = nil)
    {
        self.spec = spec
        self.slot = slot
        self.id = id
        self.generation = generation
        self.heir = heirOf
    }
}

/// Something the daemon's log should say.
public enum Notice: Equatable, Sendable {
    case died(AppName, SlotIndex, Death)
    case waiting(AppName, SlotIndex, Duration)
    case gaveUp(AppName, SlotIndex, restarts: Int)
    case reloadFailed(AppName, Failure)
    /// An event that cannot be; dropped. A sentence about the world.
    case impossible(String)
    /// An instance was to be replaced because it does its work no more, and what should replace it failed.
    case replacementFailed(AppName, Failure)
    /// It uses more memory than it may, and is to be replaced.
    case outgrown(AppName, SlotIndex, Excess)
    /// It is time for its `cron_restart`; or it would be, and something else is being done to it.
    case recurs(AppName)
    case recursNot(AppName)
    case stuck(AppName, SlotIndex, waiting: Int)
    case unstuck(AppName, SlotIndex, after: Duration)
    /// It was asked to end, and something of it had to be killed.
    case killed(AppName, SlotIndex, Killing)
}
