/// Help and the reference pages, from the table of commands.
public enum Help {
    public static func lines(about topic: String?) -> [String] {
        guard let topic, let command = CommandTable.command(named: topic) else { return overview }
        return page(command)
    }

    private static var shown: [CommandDescription] { CommandTable.commands.filter { !$0.isInternal } }

    private static var overview: [String] {
        let width = shown.reduce(0) { max($0, left($1).count) } + 2
        let commands = shown.map { "  " + Text.fitted(left($0), to: width) + $0.sentence }
        return [
            "\(Version.text) runs programs and keeps them running.", "", "usage: swpm <command> [options]",
            "",
        ]
            + commands + ["", "options of every command:"] + rows(CommandTable.everywhere)
            + ["", "more about one of them: swpm help <command>"]
    }

    private static func left(_ command: CommandDescription) -> String {
        let operands = command.verb == .start ? "<file.json|program|app>..." : command.operands
        return operands.isEmpty ? command.name : "\(command.name) \(operands)"
    }

    private static func page(_ command: CommandDescription) -> [String] {
        var lines = ["usage: \(command.usage)", "", command.sentence]
        if let details = command.details { lines.append(details) }
        if !command.aliases.isEmpty { lines.append("Also: \(command.aliases.joined(separator: ", ")).") }
        if !command.options.isEmpty { lines += ["", "options:"] + rows(command.options) }
        return lines + ["", "options of every command:"] + rows(CommandTable.everywhere)
    }

    private static func rows(_ options: [OptionDescription]) -> [String] {
        let width = options.reduce(0) { max($0, $1.usage.count) } + 2
        return options.map { "  " + Text.fitted($0.usage, to: width) + $0.sentence }
    }
}

// MARK: - Reference pages

extension Help {
    /// docs/reference/commands.md.
    public static var commandsPage: String {
        var lines = [
            "# Commands", "",
            "Generated from the table in `Sources/Console/CommandTable.swift`; a test compares the two.", "",
            "    swpm <command> [options]", "",
            "Options may stand before or after operands, as `--name web` or `--name=web`. `--` ends them: what follows",
            "is for the program. Times are milliseconds, or carry a unit: `500ms`, `8s`, `2m`, `1h`.", "",
            "An app is meant by its name, else by its namespace, else by the id of one of its instances; `all` means",
            "every app. What the commands answer with is in [exit codes](exit-codes.md).", "",
            "## Every command", "",
        ]
        lines += table(CommandTable.everywhere)
        for command in shown {
            lines += ["", "## \(command.name)", "", "    \(command.usage)", "", command.sentence]
            if let details = command.details { lines += ["", wrapped(sentence(details))] }
            if !command.aliases.isEmpty {
                lines += ["", "Also: " + command.aliases.map { "`\($0)`" }.joined(separator: ", ") + "."]
            }
            if !command.options.isEmpty { lines += [""] + table(command.options) }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// docs/reference/exit-codes.md.
    public static var exitCodesPage: String {
        var lines = ["# Exit codes", "", "| code | meaning |", "|---|---|"]
        lines += ExitCode.allCases.map { "| \($0.rawValue) | \($0.meaning) |" }
        lines += [
            "", "A command that is interrupted (Ctrl-C) ends with 130; what it began goes on in the daemon.",
            "`list` and `jlist` show an empty list and end with 0 when the daemon does not run.",
        ]
        return lines.joined(separator: "\n") + "\n"
    }

    private static func table(_ options: [OptionDescription]) -> [String] {
        ["| option | |", "|---|---|"]
            + options.map { option in
                let names = option.names.map { "`\($0)`" }.joined(separator: ", ")
                let value =
                    option.value.map { " `\($0.split(separator: "|").joined(separator: "\\|"))`" } ?? ""
                return "| \(names)\(value) | \(option.sentence) |"
            }
    }

    /// "app: its name" as a sentence of its own.
    private static func sentence(_ text: String) -> String {
        let text = text.hasPrefix("app: ") ? "An app: " + text.dropFirst(5) : text
        return text.hasSuffix(".") ? text : text + "."
    }

    private static func wrapped(_ text: String, to width: Int = 110) -> String {
        var lines: [String] = [""]
        for word in text.split(separator: " ") {
            let last = lines[lines.count - 1]
            if last.isEmpty {
                lines[lines.count - 1] = String(word)
            } else if last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines.joined(separator: "\n")
    }
}
