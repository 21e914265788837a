/// The one answer to a request.
public enum Reply: Equatable, Sendable {
    /// Done and seen to be true.
    case done([Outcome])
    /// Not begun; nothing changed.
    case refused(Refusal)
    /// Begun, and not reached. `outcomes` names every app, also those that went well.
    case failed(Failure, outcomes: [Outcome])
    /// A reload failed, and what had proved itself serves on.
    case rolledBack(Failure, outcomes: [Outcome])
}

/// What became of one app.
public struct Outcome: Equatable, Sendable {
    public var app: AppName
    public var change: Change
    /// Instances running at the end.
    public var instances: Int

    public init(app: AppName, change: Change, instances: Int) {
        self.app = app
        self.change = change
        self.instances = instances
    }

    public enum Change: String, Equatable, Sendable {
        case started, stopped, restarted, reloaded, scaled, deleted
        /// Nothing to do.
        case unchanged
        /// Not in its file any more; still running.
        case orphaned
        /// Another, later request took over before this one was finished.
        case superseded
        case failed
    }
}

public enum Refusal: Error, Equatable, Sendable {
    case noSuchApp(String)
    case tooMany(what: String, limit: Int)
    case invalid(String)
    /// The daemon is stopping everything.
    case shuttingDown
}

/// Why an operation did not reach its end.
public struct Failure: Equatable, Sendable {
    public var app: AppName
    public var slot: SlotIndex
    public var generation: Generation
    public var death: Death

    public init(app: AppName, slot: SlotIndex, generation: Generation, death: Death) {
        self.app = app
        self.slot = slot
        self.generation = generation
        self.death = death
    }
}

/// One step of an operation, streamed to whoever asked for it.
public struct Progress: Equatable, Sendable {
    public var app: AppName
    public var slot: SlotIndex
    public var generation: Generation
    public var step: Step

    public init(app: AppName, slot: SlotIndex, generation: Generation, step: Step) {
        self.app = app
        self.slot = slot
        self.generation = generation
        self.step = step
    }

    public enum Step: Equatable, Sendable {
        case queued
        case launching
        case started(ProcessID)
        case ready([ListenAddress])
        case draining
        case stopping
        case stopped
        case died(Death)
        case rollingBack
    }
}
