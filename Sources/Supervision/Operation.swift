/// One thing asked for, for one app. It outlives the daemon.
public struct Operation: Equatable, Sendable {
    public var kind: Kind
    public var ticket: Ticket?
    /// Only this slot, because it was named by its id.
    public var only: SlotIndex?
    /// Requests in work are not waited for.
    public var isForced: Bool
    /// Who asked for the same meanwhile, and has the same answer.
    public var joined: [Ticket]

    public init(
        kind: Kind, ticket: Ticket? = nil, only: SlotIndex? = nil, isForced: Bool = false,
        joined: [Ticket] = []
    ) {
        self.kind = kind
        self.ticket = ticket
        self.only = only
        self.isForced = isForced
        self.joined = joined
    }

    public enum Kind: Equatable, Sendable {
        /// Brings a new app up.
        case create
        case start
        case stop
        case restart
        case reload
        /// Makes the app be as specified.
        case become(AppSpec)
        case scale(Scale)
        case delete
        /// Leaves a reload that a former daemon did not finish.
        case recover
        /// Replaces one instance that does its work no more by another of its version.
        case replace
        /// A reload (of this, else of what is in force) for a part of the new connections only.
        case canary(AppSpec?, percent: Int)
        case promote
        case rollback
    }
}

/// The operation that is being carried out, and how far it is. It outlives the daemon.
public struct Work: Equatable, Sendable {
    public var operation: Operation
    public var stage: Stage
    public var change: Outcome.Change
    public var failure: Failure?
    public var isRolledBack = false
    /// What its outcome tells beside the change.
    public var note: Outcome.Note?
    /// What was killed meanwhile.
    var toll = Toll()

    public enum Stage: Equatable, Sendable {
        /// Until each of these slots has a ready instance, or its first run has failed.
        case awaiting([Int])
        /// Until nothing runs in these slots.
        case emptying([Int])
        case turning(Turns)
        case rolling(Rollout)
        /// Until the instance of this slot is replaced, or what should replace it has failed.
        case replacing(Int)
    }

    public init(_ operation: Operation, _ stage: Stage, change: Outcome.Change) {
        self.operation = operation
        self.stage = stage
        self.change = change
    }
}

extension Operation {
    fileprivate mutating func join(_ ticket: Ticket) -> Bool {
        guard joined.count < Limits.queuedOperationsPerApp else { return false }
        joined.append(ticket)
        return true
    }
}

extension Work {
    /// Whether whoever asks for `other` would only see it done again, or, of a rollback, the one before undone.
    fileprivate func isSame(as other: Operation) -> Bool {
        guard operation.only == other.only else { return false }
        switch (stage, other.kind) {
        case (.rolling(let rollout), .reload):
            return other.isForced && failure == nil && rollout.trial == nil
                && [.reloaded, .started].contains(change)
        case (.rolling(let rollout), .rollback):
            return rollout.direction == .back
                || (rollout.direction == .forward && operation.kind == .rollback)
        case (.emptying, .stop): return other.isForced && operation.kind == .stop
        case (.rolling, .promote): return operation.kind == .promote
        case (.rolling, _), (.emptying, _), (.awaiting, _), (.turning, _), (.replacing, _): return false
        }
    }
}

// MARK: - The last wish wins

extension Operation.Kind {
    /// Whether asking for this makes `earlier`, which waits in the queue, pointless.
    ///
    ///     asked for      supersedes in the queue
    ///     stop           start, restart, reload, become, canary, promote, rollback
    ///     delete         everything
    ///     start          stop
    ///     restart        stop
    ///     become         reload, become, canary
    ///     rollback       reload, become, canary, promote
    ///     scale to n     scale
    ///     reload, +n -n  nothing
    func supersedes(queued earlier: Operation.Kind) -> Bool {
        switch (self, earlier) {
        case (.delete, _), (.stop, .start), (.stop, .restart), (.stop, .reload), (.stop, .become),
            (.stop, .canary), (.stop, .promote), (.stop, .rollback), (.start, .stop), (.restart, .stop),
            (.become, .reload), (.become, .become), (.become, .canary), (.scale(.to), .scale),
            (.rollback, .reload), (.rollback, .become), (.rollback, .canary), (.rollback, .promote):
            true
        case (.create, _), (.start, _), (.stop, _), (.restart, _), (.reload, _), (.become, _), (.scale, _),
            (.recover, _), (.replace, _), (.canary, _), (.promote, _), (.rollback, _):
            false
        }
    }

    /// Whether asking for this breaks off `running`, wherever it stands: only an end does.
    func breaksOff(_ running: Operation.Kind) -> Bool {
        switch (self, running) {
        case (.stop, .stop), (.stop, .delete), (.delete, .stop), (.delete, .delete): false
        case (.stop, _), (.delete, _): true
        case (.create, _), (.start, _), (.restart, _), (.reload, _), (.become, _), (.scale, _), (.recover, _),
            (.replace, _), (.canary, _), (.promote, _), (.rollback, _):
            false
        }
    }
}

extension Operation.Kind {
    var isCanary: Bool { if case .canary = self { true } else { false } }

    /// What is in force afterwards may be another version.
    var changesVersion: Bool {
        switch self {
        case .reload, .become, .recover, .canary, .promote, .rollback: true
        case .create, .start, .stop, .restart, .scale, .delete, .replace: false
        }
    }

    /// Who asks for it behind the other does not mean it twice.
    fileprivate func isDecided(by other: Operation.Kind) -> Bool {
        switch self {
        case .rollback: other == .rollback || other == .recover
        case .promote: other == .promote
        case .create, .start, .stop, .restart, .reload, .become, .scale, .delete, .recover, .replace, .canary:
            false
        }
    }

    /// The specification it brings along.
    var spec: AppSpec? {
        switch self {
        case .become(let spec): spec
        case .canary(let spec, _): spec
        case .create, .start, .stop, .restart, .reload, .scale, .delete, .recover, .replace, .promote,
            .rollback:
            nil
        }
    }
}

extension App {
    var isBeingDeleted: Bool {
        work?.operation.kind == .delete || queue.contains { $0.kind == .delete }
    }

    /// Lines an operation up, and drops what it makes pointless.
    mutating func enqueue(_ operation: Operation, _ desk: inout Desk) {
        desk.save()
        if operation.isForced { hurryAll(&desk) }
        let forestalls = operation.kind == .rollback && forestall(&desk)
        if join(operation) { return }
        // An end that breaks something off comes next: nothing else is begun between two versions.
        if operation.only == nil, supersede(by: operation.kind, &desk) {
            return queue.insert(operation, at: 0)
        }
        if operation.kind == .rollback, turnBack(&desk) || forestalls {
            return queue.insert(Operation(kind: .recover, ticket: operation.ticket), at: 0)
        }
        queue.append(operation)
        if work != nil, let ticket = operation.ticket {
            let place = operation.only ?? SlotIndex(0)
            let progress = Progress(app: name, slot: place, generation: generation, step: .queued)
            desk.order(.progress(ticket, progress))
        }
    }

    /// Whoever asks for what is being done already, or is next, hears what comes of that.
    private mutating func join(_ operation: Operation) -> Bool {
        guard let ticket = operation.ticket else { return false }
        if !operation.isForced, let k = queue.lastIndex(where: \.kind.changesVersion) {
            return operation.kind.isDecided(by: queue[k].kind) && queue[k].join(ticket)
        }
        guard work?.isSame(as: operation) == true else { return false }
        return work?.operation.join(ticket) ?? false
    }

    /// Versions that wait in the queue are not begun. True when that leads back as far as anybody can mean.
    private mutating func forestall(_ desk: inout Desk) -> Bool {
        let before = queue.count
        _ = supersede(by: .rollback, &desk)
        return queue.count < before && canary == nil
    }

    /// Breaks off a reload on its way: whoever asks for a rollback then means that one.
    private mutating func turnBack(_ desk: inout Desk) -> Bool {
        guard let running = work, case .rolling(let rollout) = running.stage, rollout.direction == .forward
        else { return false }
        breakOff(&desk)
        work = nil
        complete(running.operation, .superseded, &desk)
        return true
    }

    /// True when what is being done was broken off.
    private mutating func supersede(by kind: Operation.Kind, _ desk: inout Desk) -> Bool {
        for earlier in queue where kind.supersedes(queued: earlier.kind) {
            complete(earlier, .superseded, &desk)
        }
        queue.removeAll { kind.supersedes(queued: $0.kind) }
        guard let running = work, kind.breaksOff(running.operation.kind) else { return false }
        switch running.stage {
        case .rolling: breakOff(&desk)
        case .replacing(let k):
            stir(k)
            slots[k].reject()
        case .awaiting, .emptying, .turning: break
        }
        work = nil
        complete(running.operation, .superseded, &desk)
        return true
    }

    /// Answers for an operation that ends here.
    mutating func complete(
        _ operation: Operation, _ change: Outcome.Change, failure: Failure? = nil, isRolledBack: Bool = false,
        note: Outcome.Note? = nil, toll: Toll = Toll(), _ desk: inout Desk
    ) {
        let outcome = Outcome(
            app: name, change: change, instances: slots.count { $0.isRunning }, note: note,
            toll: toll.count > 0 ? toll : nil)
        for ticket in [operation.ticket] + operation.joined {
            desk.completions.append(
                Desk.Completion(
                    ticket: ticket, outcome: outcome, failure: failure, isRolledBack: isRolledBack))
        }
    }

    /// A step of whatever is being done, for whoever asked for it.
    func tell(_ step: Progress.Step, _ k: Int, _ generation: Generation, _ desk: inout Desk) {
        guard let ticket = work?.operation.ticket else { return }
        let progress = Progress(app: name, slot: slots[k].index, generation: generation, step: step)
        desk.order(.progress(ticket, progress))
    }
}
