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
    public var note: Note?
    /// What had to be killed; nil: nothing.
    public var toll: Toll?

    public init(app: AppName, change: Change, instances: Int, note: Note? = nil, toll: Toll? = nil) {
        self.app = app
        self.change = change
        self.instances = instances
        self.note = note
        self.toll = toll
    }

    /// What there is to say beside the change.
    public enum Note: Equatable, Sendable {
        /// This part of the new connections goes to this version.
        case canary(Generation, percent: Int)
        /// All go to it now.
        case promoted(Generation)
        /// To what ran before; the directory as it was found then, where another version was left for it.
        case wentBack(to: Generation, directory: String?)
    }

    public enum Change: String, Equatable, Sendable {
        case started, stopped, restarted, reloaded, scaled, deleted
        /// Nothing to do.
        case unchanged
        /// Its logs are kept in another way; no process noticed.
        case revised
        /// Not in its file any more; still running.
        case orphaned
        /// Another, later request took over before this one was finished.
        case superseded
        case failed
        /// A reload has become a canary, and somebody is to decide.
        case canary
        case promoted
        /// Went back to what ran before.
        case reverted
    }
}

public enum Refusal: Error, Equatable, Sendable {
    case noSuchApp(String)
    case tooMany(what: String, limit: Int)
    case invalid(String)
    /// The daemon is stopping everything.
    case shuttingDown
    /// There is no canary to promote.
    case noCanary(AppName)
    /// No version before is known.
    case nothingBefore(AppName)
    /// The version before was started from the same places in the same way: only files have changed.
    case sameBefore(AppName, Generation)
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
        /// All new connections go to this version now.
        case switched
    }
}
