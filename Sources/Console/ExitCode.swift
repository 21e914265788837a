/// What the shell is told when a command ends. Scripts rely on these: they never change their meaning.
public enum ExitCode: Int32, CaseIterable, Sendable {
    case done = 0
    case failed = 1
    case usage = 2
    case noSuchApp = 3
    case unreachable = 4
    case timedOut = 5
    case rolledBack = 6

    /// What it means, as one sentence.
    public var meaning: String {
        switch self {
        case .done: "What was asked for is done, and was seen to be true."
        case .failed: "It failed: the message says what and why."
        case .usage: "The command line, or the file it names, is wrong. Nothing was changed."
        case .noSuchApp: "No app, namespace or id has that name. Nothing was changed."
        case .unreachable: "The daemon does not run, or does not answer."
        case .timedOut: "An instance was not ready in time (`listen_timeout`)."
        case .rolledBack: "The reload failed; what had proved itself serves on."
        }
    }
}
