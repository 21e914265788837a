/// What went wrong lately, for `why`: it outlives the daemon, and is never needed to go on.
public struct History: Equatable, Sendable {
    /// Apps of which there is something to tell.
    public var apps: [App]

    public init(apps: [App] = []) {
        self.apps = apps
    }

    public struct App: Equatable, Sendable {
        public var name: AppName
        public var slots: [Slot]
        public var failures: [FailedOperation]
        public var lastFailure: Failure?

        public init(
            name: AppName, slots: [Slot], failures: [FailedOperation] = [], lastFailure: Failure? = nil
        ) {
            self.name = name
            self.slots = slots
            self.failures = failures
            self.lastFailure = lastFailure
        }
    }

    public struct Slot: Equatable, Sendable {
        public var index: SlotIndex
        /// Newest last, at most `Death.historyLimit`.
        public var deaths: [Death]
        /// Newest last, at most `Killing.historyLimit`.
        public var killings: [Killing]

        public init(index: SlotIndex, deaths: [Death], killings: [Killing] = []) {
            self.index = index
            self.deaths = deaths
            self.killings = killings
        }
    }
}

/// An operation that did not reach its end.
public struct FailedOperation: Equatable, Sendable {
    /// Remembered per app.
    public static let historyLimit = 10

    public var at: Instant
    /// What should have been said at the end.
    public var goal: Outcome.Change
    public var failure: Failure
    public var isRolledBack: Bool

    public init(at: Instant, goal: Outcome.Change, failure: Failure, isRolledBack: Bool) {
        self.at = at
        self.goal = goal
        self.failure = failure
        self.isRolledBack = isRolledBack
    }
}

extension Supervisor {
    public var history: History {
        History(apps: apps.values.sorted { $0.name < $1.name }.compactMap(\.history))
    }
}

extension App {
    /// Writes down an operation that failed.
    mutating func record(_ done: Work, _ desk: inout Desk) {
        // Of what was not begun there is nothing new to tell.
        guard let failure = done.failure, done.change != .unchanged else { return }
        record(failure, of: done.change, isRolledBack: done.isRolledBack, &desk)
    }

    mutating func record(
        _ failure: Failure, of goal: Outcome.Change, isRolledBack: Bool, _ desk: inout Desk
    ) {
        failures.append(
            FailedOperation(at: desk.now, goal: goal, failure: failure, isRolledBack: isRolledBack))
        if failures.count > FailedOperation.historyLimit { failures.removeFirst() }
        desk.save()
    }

    /// Nil: nothing has gone wrong.
    fileprivate var history: History.App? {
        let slots = slots.filter { !$0.deaths.isEmpty || !$0.killings.isEmpty }
        guard !slots.isEmpty || !failures.isEmpty || lastFailure != nil else { return nil }
        return History.App(
            name: name,
            slots: slots.map { History.Slot(index: $0.index, deaths: $0.deaths, killings: $0.killings) },
            failures: failures, lastFailure: lastFailure)
    }

    mutating func recall(_ past: History.App) {
        failures = past.failures
        lastFailure = past.lastFailure
        for slot in past.slots {
            guard let k = slots.firstIndex(where: { $0.index == slot.index }) else { continue }
            slots[k].deaths = slot.deaths
            slots[k].killings = slot.killings
        }
    }
}
