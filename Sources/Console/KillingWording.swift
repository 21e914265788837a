public import Supervision

/// What an end that was asked for had to kill.
enum KillingWording {
    /// At least one line; the first begins with whoever it is.
    static func lines(_ killing: Killing, _ who: String) -> [String] {
        let victims = killing.victims
        var lines: [String] = []
        if let main = victims.main {
            let patience = Quantities.duration(killing.patience)
            lines.append(
                "\(who): process \(main.number) had not ended \(patience) after the stop signal (kill_timeout), "
                    + "and was killed")
        }
        guard !victims.others.isEmpty else { return lines }
        let head =
            victims.main == nil ? "\(who): had ended, and left behind what was killed:" : "killed with it:"
        let more = victims.more > 0 ? ["  and \(victims.more) more"] : []
        return lines + [head] + victims.others.map(name) + more
    }

    private static func name(_ killed: KilledProcess) -> String {
        let command = Text.sanitised(killed.command)
        return "  process \(killed.process.number)" + (command.isEmpty ? "" : ": \(command)")
    }
}

extension Wording {
    /// What an operation had to kill, beneath what came of it.
    public static func toll(_ outcome: Outcome) -> [String] {
        guard let toll = outcome.toll else { return [] }
        let lines = toll.told.flatMap { KillingWording.lines($0.killing, instance(outcome.app, $0.slot)) }
        let rest = toll.count - toll.told.count
        let more = rest > 0 ? ["the same of \(Quantities.count(rest, "more instance"))"] : []
        return (lines + more).map { "  " + $0 }
    }
}
