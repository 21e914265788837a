/// What outlives the daemon: what is wanted, and how what runs can be recognised again.
public struct SavedState: Equatable, Sendable {
    public static let version = 1

    public var nextInstance: UInt64
    /// In the order in which they came.
    public var apps: [App]
    /// Who waits for an answer.
    public var inquiries: [Ticket: Inquiry]
    /// What was said last, the newest at the end.
    public var answered: [Answered]

    public init(
        nextInstance: UInt64 = 1, apps: [App] = [], inquiries: [Ticket: Inquiry] = [:],
        answered: [Answered] = []
    ) {
        self.nextInstance = nextInstance
        self.apps = apps
        self.inquiries = inquiries
        self.answered = answered
    }

    /// The reply to a request, which its client may not have heard.
    public struct Answered: Equatable, Sendable {
        public var ticket: Ticket
        public var reply: Reply

        public init(ticket: Ticket, reply: Reply) {
            self.ticket = ticket
            self.reply = reply
        }
    }

    public struct App: Equatable, Sendable {
        public var spec: AppSpec
        public var generation: Generation
        public var slots: [Slot]
        public var places: Places?
        /// What a reload on its way has replaced listened on, sorted; nil: not known.
        public var listened: [ListenAddress]?
        /// What a rollback returns to.
        public var previous: Version?
        public var canary: Canary?
        /// The highest generation ever given out; nil: written by a version that did not say.
        public var newest: Generation?
        /// Beside the one in force and the canary, what something here still runs.
        public var versions: [Version]
        public var work: Work?
        public var queue: [Operation]

        public init(
            spec: AppSpec, generation: Generation, slots: [Slot], places: Places? = nil,
            listened: [ListenAddress]? = nil, previous: Version? = nil, canary: Canary? = nil,
            newest: Generation? = nil, versions: [Version] = [], work: Work? = nil, queue: [Operation] = []
        ) {
            self.spec = spec
            self.generation = generation
            self.slots = slots
            self.places = places
            self.listened = listened
            self.previous = previous
            self.canary = canary
            self.newest = newest
            self.versions = versions
            self.work = work
            self.queue = queue
        }
    }

    public struct Version: Equatable, Sendable {
        public var generation: Generation
        public var spec: AppSpec
        public var places: Places?
        /// What it listened on, sorted; nil: not known.
        public var listened: [ListenAddress]?

        public init(
            generation: Generation, spec: AppSpec, places: Places? = nil, listened: [ListenAddress]? = nil
        ) {
            self.generation = generation
            self.spec = spec
            self.places = places
            self.listened = listened
        }
    }

    public struct Canary: Equatable, Sendable {
        public var version: Version
        public var percent: Int
        public var instances: Int?
        public var places: Places?

        public init(version: Version, percent: Int, instances: Int? = nil, places: Places? = nil) {
            self.version = version
            self.percent = percent
            self.instances = instances
            self.places = places
        }
    }

    public struct Slot: Equatable, Sendable {
        public var index: SlotIndex
        public var id: SlotID
        public var wanted: Bool
        public var restarts: Int
        /// The processes of this slot: the one that serves first, then candidates and predecessors. Then those that are
        /// ordered, and are not known to run.
        public var instances: [Instance]
        /// The version of its next spawn; nil: the one in force.
        public var generation: Generation?
        public var rest: Pause
        public var unstable: Int
        /// The dead instance whose listeners wait for an heir, and what that must listen on.
        public var estate: InstanceID?
        public var owed: [ListenAddress]

        public init(
            index: SlotIndex, id: SlotID, wanted: Bool, restarts: Int, instances: [Instance],
            generation: Generation? = nil, rest: Pause = .idle, unstable: Int = 0, estate: InstanceID? = nil,
            owed: [ListenAddress] = []
        ) {
            self.index = index
            self.id = id
            self.wanted = wanted
            self.restarts = restarts
            self.instances = instances
            self.generation = generation
            self.rest = rest
            self.unstable = unstable
            self.estate = estate
            self.owed = owed
        }
    }

    /// What keeps a place empty.
    public enum Pause: Equatable, Sendable {
        case idle
        case waiting(until: Instant)
        /// Given up.
        case failed
    }

    /// What an instance is in its slot.
    public enum Role: String, Equatable, Sendable {
        case current, candidate, leaving
    }

    public struct Instance: Equatable, Sendable {
        public var id: InstanceID
        public var generation: Generation
        /// Nil: it was ordered, and may not have come to be.
        public var process: ProcessID?
        public var since: Instant
        public var listening: [ListenAddress]
        /// Its program has said so (`Word.ready`).
        public var hasSaidReady: Bool
        /// It has been ready.
        public var isProven: Bool
        /// Nil: written by a version that did not say.
        public var role: Role?
        /// What it must listen on.
        public var expected: [ListenAddress]
        /// It is to end, and another to come in its place.
        public var isUnwanted: Bool
        /// The dead instance whose listeners it was to have.
        public var heir: InstanceID?

        public init(
            id: InstanceID, generation: Generation, process: ProcessID?, since: Instant,
            listening: [ListenAddress], hasSaidReady: Bool = false, isProven: Bool = false,
            role: Role? = nil, expected: [ListenAddress] = [], isUnwanted: Bool = false,
            heirOf: InstanceID? = nil
        ) {
            self.id = id
            self.generation = generation
            self.process = process
            self.since = since
            self.listening = listening
            self.hasSaidReady = hasSaidReady
            self.isProven = isProven
            self.role = role
            self.expected = expected
            self.isUnwanted = isUnwanted
            heir = heirOf
        }
    }
}

extension SavedState {
    /// Something ran, or was about to.
    public var hasProcesses: Bool {
        apps.contains { app in app.slots.contains { !$0.instances.isEmpty } }
    }

    /// What is wanted alone: nothing runs that it would be recognised by.
    public var withoutProcesses: SavedState {
        var rest = self
        rest.inquiries = [:]
        rest.answered = []
        for a in rest.apps.indices { rest.apps[a].forgetProcesses() }
        return rest
    }
}

extension SavedState.App {
    /// Pids, and points in time, mean nothing any more.
    fileprivate mutating func forgetProcesses() {
        work = nil
        queue = []
        for k in slots.indices {
            slots[k].instances = []
            slots[k].rest = .idle
            slots[k].estate = nil
            slots[k].owed = []
            slots[k].unstable = 0
            slots[k].generation = nil
        }
    }
}
