public import Supervision

// What is said of signals and messages to programs.
extension Wording {
    /// Why a program did not get what was sent to it.
    public enum Obstacle: Sendable {
        case notRunning, noChannel, full, tooLong
    }

    public static let theMessage = "the message"

    public static func passed(_ what: String, to app: AppName, _ slot: SlotIndex) -> String {
        "\(instance(app, slot)) was sent \(what)"
    }

    public static func answered(_ app: AppName, _ slot: SlotIndex, _ answer: String) -> String {
        "\(instance(app, slot)): \(Text.sanitised(answer))"
    }

    public static func notAnswered(
        _ app: AppName, _ slot: SlotIndex, _ action: String, within patience: Duration
    ) -> [String] {
        [
            "\(instance(app, slot)) did not answer \(Text.quoted(action)) within "
                + Quantities.duration(patience)
        ]
    }

    public static func notPassed(
        _ what: String, to app: AppName, _ slot: SlotIndex, _ obstacle: Obstacle
    ) -> [String] {
        let who = instance(app, slot)
        switch obstacle {
        case .notRunning: return ["\(who) does not run, and was not sent \(what)"]
        case .noChannel:
            return [
                "\(who) takes no messages: it is no Node program, or has closed its channel",
                hint("swpm signal SIGUSR2 \(ShellWords.quoted(app.name))", "a signal reaches any program"),
            ]
        case .full: return ["\(who) has not read its messages for long, and was not sent \(what)"]
        case .tooLong: return ["\(what) is longer than a program takes (32 KiB)"]
        }
    }
}
