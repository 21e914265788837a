public import Supervision

/// What `save`, `resurrect` and `cleardump` say.
public enum SavingWording {
    /// `lost`: the variables that a boot would lose, which nobody declared.
    public static func saved(_ state: SavedState, in path: String, lost: [String]) -> [String] {
        let running = state.apps.filter(\.isWanted)
        let stopped = state.apps.filter { !$0.isWanted }
        var lines =
            ["after a boot "] + running.map { "  \(Wording.name($0.spec.name)): \(instances(of: $0))" }
        lines[0] += running.isEmpty ? "nothing runs" : "these run, in this order:"
        if !stopped.isEmpty {
            lines.append(
                "stopped, and stay so: " + stopped.map { Wording.name($0.spec.name) }.joined(separator: ", "))
        }
        lines += Wording.notKept(lost)
        return lines + ["the list is always kept; this copy is for `swpm resurrect`: \(Text.sanitised(path))"]
    }

    private static func instances(of app: SavedState.App) -> String {
        Quantities.count(app.slots.count { $0.wanted }, "instance")
    }

    public static func emptyList() -> [String] {
        [
            "there is nothing in the list, and what was saved before is left alone",
            Wording.hint("swpm save --force", "to save the empty list"),
        ]
    }

    public static func nothingSaved() -> [String] {
        ["nothing was saved, and nothing was ever started", Wording.hint("swpm start <program>", "to begin")]
    }

    public static func unreadable(_ path: String, _ reason: String) -> [String] {
        ["\(Text.sanitised(path)) cannot be read: \(Text.sanitised(reason))"]
    }

    public static let nothingMissing = "nothing is missing"
    public static let cleared = "the saved copy is gone; the list is as it was"
    public static let nothingToClear = "nothing was saved"
}

extension SavedState.App {
    /// Some of it is to run.
    public var isWanted: Bool { slots.contains { $0.wanted } }
}
