public import Supervision

// MARK: - Logs

extension Wording {
    /// `among`: what the name may have been meant to be.
    public static func noLogs(of name: String, among known: [String]) -> [String] {
        let lines = refusal(.noSuchApp(name))
        guard let near = Spelling.nearest(to: name, among: known) else { return lines }
        return [lines[0], hint("swpm logs \(typed(near))", "did you mean")] + lines.dropFirst()
    }

    public static func badPattern(_ text: String, _ reason: String) -> [String] {
        [
            "\(Text.quoted(text)) is no regular expression: \(reason)",
            "  it is an extended one, as of grep -E: \\ before what is to stand for itself",
        ]
    }

    /// `to`: nil where nothing tells until when.
    public static func logsRemoved(_ app: AppName, _ id: SlotID, from: String, to: String?) -> [String] {
        let span = to.map { "between \(from) and \($0)" } ?? "after \(from)"
        return [
            "[swpm] \(id.number)|\(name(app)): what was written \(span) was rotated away before it was read"
        ]
    }

    public static func damagedLog(_ path: String) -> [String] {
        ["[swpm] \(Text.sanitised(path)) is damaged: it cannot be read to its end"]
    }

    public static func clearedLogs(_ apps: [String], files: Int, bytes: UInt64) -> [String] {
        guard files > 0 else { return ["there are no logs of apps that were deleted"] }
        let names = apps.map { Text.sanitised($0) }.joined(separator: ", ")
        return [
            "removed \(Quantities.count(files, "file")) (\(Quantities.memory(bytes))) of "
                + "\(Quantities.count(apps.count, "app")) that \(apps.count == 1 ? "is" : "are") not known any more: "
                + names
        ]
    }
}
