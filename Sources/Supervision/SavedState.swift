/// What outlives the daemon: what is wanted, and how what runs can be recognised again.
public struct SavedState: Equatable, Sendable {
    public static let version = 1

    public var nextInstance: UInt64
    /// In the order in which they came.
    public var apps: [App]

    public init(nextInstance: UInt64 = 1, apps: [App] = []) {
        self.nextInstance = nextInstance
        self.apps = apps
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

        public init(
            spec: AppSpec, generation: Generation, slots: [Slot], places: Places? = nil,
            listened: [ListenAddress]? = nil, previous: Version? = nil, canary: Canary? = nil
        ) {
            self.spec = spec
            self.generation = generation
            self.slots = slots
            self.places = places
            self.listened = listened
            self.previous = previous
            self.canary = canary
        }
    }

    public struct Version: Equatable, Sendable {
        public var generation: Generation
        public var spec: AppSpec
        /// What it listened on, sorted; nil: not known.
        public var listened: [ListenAddress]?

        public init(generation: Generation, spec: AppSpec, listened: [ListenAddress]? = nil) {
            self.generation = generation
            self.spec = spec
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
        /// The processes of this slot: the one that serves first, then candidates and predecessors.
        public var instances: [Instance]

        public init(index: SlotIndex, id: SlotID, wanted: Bool, restarts: Int, instances: [Instance]) {
            self.index = index
            self.id = id
            self.wanted = wanted
            self.restarts = restarts
            self.instances = instances
        }
    }

    public struct Instance: Equatable, Sendable {
        public var id: InstanceID
        public var generation: Generation
        public var process: ProcessID
        public var since: Instant
        public var listening: [ListenAddress]
        /// Its program has said so (`Word.ready`).
        public var hasSaidReady: Bool
        /// It has been ready.
        public var isProven: Bool

        public init(
            id: InstanceID, generation: Generation, process: ProcessID, since: Instant,
            listening: [ListenAddress], hasSaidReady: Bool = false, isProven: Bool = false
        ) {
            self.id = id
            self.generation = generation
            self.process = process
            self.since = since
            self.listening = listening
            self.hasSaidReady = hasSaidReady
            self.isProven = isProven
        }
    }
}

extension SavedState {
    /// What is wanted alone: nothing runs that it would be recognised by.
    public var withoutProcesses: SavedState {
        var rest = self
        for a in rest.apps.indices {
            for k in rest.apps[a].slots.indices { rest.apps[a].slots[k].instances = [] }
        }
        return rest
    }
}
