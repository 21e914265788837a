/// How everything stands, for `list`, `describe` and `monit`.
public struct Snapshot: Equatable, Sendable {
    public var apps: [AppSnapshot]
    /// How often the daemon itself came to an unwanted end; nil: never since it was started or updated.
    public var daemonDeaths: DaemonDeaths?

    public init(apps: [AppSnapshot] = [], daemonDeaths: DaemonDeaths? = nil) {
        self.apps = apps
        self.daemonDeaths = daemonDeaths
    }

    public struct DaemonDeaths: Equatable, Sendable {
        public var count: Int
        public var last: Instant

        public init(count: Int, last: Instant) {
            self.count = count
            self.last = last
        }
    }
}

public struct AppSnapshot: Equatable, Sendable {
    public var spec: AppSpec
    public var generation: Generation
    public var slots: [SlotSnapshot]
    /// What is being done to it now.
    public var operation: Operation?
    /// The last reload that failed, until one succeeds.
    public var lastFailure: Failure?
    /// Oldest first, at most `FailedOperation.historyLimit`.
    public var failures: [FailedOperation]
    /// The version that gets a part of the new connections, until somebody decides.
    public var canary: Canary?
    /// The version to which a rollback would return.
    public var previous: Generation?

    public struct Canary: Equatable, Sendable {
        public var generation: Generation
        public var percent: Int

        public init(_ generation: Generation, percent: Int) {
            self.generation = generation
            self.percent = percent
        }
    }

    public enum Operation: String, Equatable, Sendable {
        case starting, stopping, restarting, reloading, scaling, deleting, rollingBack
    }

    public init(
        spec: AppSpec, generation: Generation, slots: [SlotSnapshot], operation: Operation? = nil,
        lastFailure: Failure? = nil, failures: [FailedOperation] = [], canary: Canary? = nil,
        previous: Generation? = nil
    ) {
        self.spec = spec
        self.generation = generation
        self.slots = slots
        self.operation = operation
        self.lastFailure = lastFailure
        self.failures = failures
        self.canary = canary
        self.previous = previous
    }
}

public struct SlotSnapshot: Equatable, Sendable {
    public var index: SlotIndex
    public var id: SlotID
    public var status: Status
    /// The instance that serves, or will.
    public var current: InstanceSnapshot?
    /// Candidates of a reload, and predecessors that have not gone yet.
    public var others: [InstanceSnapshot]
    public var restarts: Int
    public var unstableRestarts: Int
    /// Newest last, at most `Death.historyLimit`.
    public var deaths: [Death]
    /// What ends that were asked for had to kill: newest last, at most `Killing.historyLimit`.
    public var killings: [Killing]
    /// While waiting: when the next try is.
    public var nextTry: Instant?

    /// PM2's words.
    public enum Status: String, Equatable, Sendable {
        case launching, online, stopping, stopped, errored
        case waitingRestart = "waiting restart"
    }

    public init(
        index: SlotIndex, id: SlotID, status: Status, current: InstanceSnapshot? = nil,
        others: [InstanceSnapshot] = [], restarts: Int = 0, unstableRestarts: Int = 0, deaths: [Death] = [],
        killings: [Killing] = [], nextTry: Instant? = nil
    ) {
        self.index = index
        self.id = id
        self.status = status
        self.current = current
        self.others = others
        self.restarts = restarts
        self.unstableRestarts = unstableRestarts
        self.deaths = deaths
        self.killings = killings
        self.nextTry = nextTry
    }
}

public struct InstanceSnapshot: Equatable, Sendable {
    public var id: InstanceID
    public var generation: Generation
    public var phase: Phase
    public var process: ProcessID?
    /// When it was spawned.
    public var since: Instant
    public var listening: [ListenAddress]
    public var inRotation: Bool
    /// What the sampler saw last; nil unless somebody watches.
    public var usage: Usage?
    /// What it still waits for, while it drains.
    public var drain: DrainSnapshot?
    /// What its program says of itself, for people.
    public var status: String?
    /// What keeps it from being ready.
    public var lacks: Lack?
    /// Nil: it is not checked, or nothing is known yet.
    public var health: HealthSnapshot?

    /// It has accepted no connections since, although some wait.
    public var stuckSince: Instant?
    /// How much of what it said is in no log, because that could not be written.
    public var droppedLogBytes = 0
    /// The queue that it shares has not become shorter since, although some wait.
    public var queueStuckSince: Instant?
    /// Nil unless somebody asked.
    public var ports: PortsSnapshot?

    public enum Lack: String, Equatable, Sendable {
        case listener, word, health
    }

    public enum Phase: String, Equatable, Sendable {
        case launching, starting, online, draining, stopping, killing
    }

    public init(
        id: InstanceID, generation: Generation, phase: Phase, process: ProcessID?, since: Instant,
        listening: [ListenAddress] = [], inRotation: Bool = false, usage: Usage? = nil,
        drain: DrainSnapshot? = nil, status: String? = nil, lacks: Lack? = nil, health: HealthSnapshot? = nil,
        stuckSince: Instant? = nil, queueStuckSince: Instant? = nil, ports: PortsSnapshot? = nil
    ) {
        self.id = id
        self.generation = generation
        self.phase = phase
        self.process = process
        self.since = since
        self.listening = listening
        self.inRotation = inRotation
        self.usage = usage
        self.status = status
        self.lacks = lacks
        self.health = health
        self.drain = drain
        self.stuckSince = stuckSince
        self.queueStuckSince = queueStuckSince
        self.ports = ports
    }
}

/// An instance that finishes what it was asked.
public struct DrainSnapshot: Equatable, Sendable {
    /// When it is asked to stop, whatever is still in work then.
    public var until: Instant
    /// How many connections it has; nil: not known (yet).
    public var connections: Int?

    public init(until: Instant, connections: Int? = nil) {
        self.until = until
        self.connections = connections
    }
}

/// What the health checks of an instance have shown.
public struct HealthSnapshot: Equatable, Sendable {
    public var state: State
    /// In a row.
    public var failures: Int
    /// Why the last check failed, until one passes.
    public var reason: String?

    public enum State: String, Equatable, Sendable {
        case starting, healthy, unhealthy
    }

    public init(state: State, failures: Int = 0, reason: String? = nil) {
        self.state = state
        self.failures = failures
        self.reason = reason
    }
}

/// What an instance, with everything below it, consumes.
public struct Usage: Equatable, Sendable {
    /// Resident bytes of the whole tree.
    public var memory: UInt64
    /// Per cent of one processor, in tenths.
    public var processorTenths: Int

    public init(memory: UInt64, processorTenths: Int) {
        self.memory = memory
        self.processorTenths = processorTenths
    }
}
