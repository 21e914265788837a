public import Supervision

/// The answer to a command: what goes to standard output, what to standard error, and the exit code.
public struct Report: Equatable, Sendable {
    public var output: [String]
    public var errors: [String]
    public var code: ExitCode

    public init(output: [String] = [], errors: [String] = [], code: ExitCode = .done) {
        self.output = output
        self.errors = errors
        self.code = code
    }

    public static func failure(_ lines: [String], _ code: ExitCode) -> Report {
        Report(errors: lines, code: code)
    }

    public init(_ error: UsageError) {
        self.init(errors: Wording.usage(error), code: .usage)
    }

    /// The daemon's answer in words.
    public init(_ reply: Reply) {
        switch reply {
        case .done(let outcomes):
            // What somebody else broke off was not done.
            let superseded = outcomes.filter { $0.change == .superseded }
            let rest = outcomes.filter { $0.change != .superseded }
            self.init(
                output: rest.flatMap(Wording.outcome), errors: superseded.flatMap(Wording.outcome),
                code: superseded.isEmpty ? .done : .failed)
        case .refused(let refusal):
            self.init(errors: Wording.refusal(refusal), code: ExitCode(refusal))
        case .failed(let failure, let outcomes):
            self.init(
                output: Report.others(outcomes, than: failure),
                errors: Wording.failure(failure, isReload: false), code: ExitCode(failure))
        case .rolledBack(let failure, let outcomes):
            self.init(
                output: Report.others(outcomes, than: failure),
                errors: Wording.failure(failure, isReload: true), code: .rolledBack)
        }
    }

    /// What became of the other apps; the one that failed has its own words.
    private static func others(_ outcomes: [Outcome], than failure: Failure) -> [String] {
        outcomes.filter { $0.app != failure.app || $0.change != .failed }.flatMap(Wording.outcome)
    }
}

extension ExitCode {
    public init(_ refusal: Refusal) {
        self =
            switch refusal {
            case .noSuchApp: .noSuchApp
            case .invalid: .usage
            case .tooMany, .shuttingDown, .noCanary, .nothingBefore, .sameBefore: .failed
            }
    }

    public init(_ failure: Failure) {
        self =
            switch failure.death.cause {
            case .neverReady, .neverSaidReady: .timedOut
            case .exited, .notStarted, .unhealthy, .silent, .stuck, .faltered, .exceeded: .failed
            }
    }
}
