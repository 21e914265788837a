/// A ticket on its way to its reply: which apps have been heard of.
public struct Inquiry: Equatable, Sendable {
    public var pending: Int
    public var outcomes: [Outcome] = []
    public var failure: Failure?
    public var isRolledBack = true

    public init(pending: Int, outcomes: [Outcome] = []) {
        self.pending = pending
        self.outcomes = outcomes
    }

    mutating func take(_ completion: Desk.Completion) {
        pending -= 1
        outcomes.append(completion.outcome)
        guard let reason = completion.failure else { return }
        // A failure that was not rolled back is the worse one, and named.
        if failure == nil || (isRolledBack && !completion.isRolledBack) { failure = reason }
        isRolledBack = isRolledBack && completion.isRolledBack
    }

    var reply: Reply {
        let sorted = outcomes.sorted { $0.app < $1.app }
        guard let failure else { return .done(sorted) }
        return isRolledBack ? .rolledBack(failure, outcomes: sorted) : .failed(failure, outcomes: sorted)
    }
}
