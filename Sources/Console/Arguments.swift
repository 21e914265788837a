internal import Supervision

/// A command line taken apart by the table, before it is known what its parts mean.
struct Arguments {
    var operands: [String] = []
    /// By long name; a switch has an empty value. The last one said counts.
    var values: [String: String] = [:]
    /// What stands after `--`.
    var rest: [String] = []

    init(_ words: [String], of command: CommandDescription) throws(UsageError) {
        var index = 0
        while index < words.count {
            let word = words[index]
            index += 1
            if word == "--" {
                rest = Array(words[index...])
                return
            } else if Arguments.isOption(word) {
                try takeOption(word, from: words, at: &index, of: command)
            } else {
                operands.append(word)
            }
        }
    }

    func has(_ name: String) -> Bool { values[name] != nil }

    /// `-` alone and negative numbers are operands.
    private static func isOption(_ word: String) -> Bool {
        guard word.hasPrefix("-"), word.count > 1 else { return false }
        return Int(word) == nil
    }

    private mutating func takeOption(
        _ word: String, from words: [String], at index: inout Int, of command: CommandDescription
    ) throws(UsageError) {
        let (name, attached) = Arguments.split(word, of: command)
        guard let option = command.option(named: name) else {
            throw .unknownOption(name, of: command)
        }
        guard let placeholder = option.value else {
            guard attached == nil else { throw UsageError("\(name) takes no value", command: command.name) }
            values[option.key] = ""
            return
        }
        if let attached {
            values[option.key] = attached
        } else if index < words.count, words[index] != "--", command.option(named: words[index]) == nil,
            option.takes(words[index])
        {
            values[option.key] = words[index]
            index += 1
        } else if option.isValueOptional {
            values[option.key] = ""
        } else {
            throw UsageError("\(name) needs a value: \(name) <\(placeholder)>", command: command.name)
        }
    }

    /// `--name=web`, `-i4` and `-i=4` carry their value with them.
    private static func split(_ word: String, of command: CommandDescription) -> (String, String?) {
        if let equals = word.firstIndex(of: "=") {
            return (String(word[..<equals]), String(word[word.index(after: equals)...]))
        }
        let short = String(word.prefix(2))
        if !word.hasPrefix("--"), word.count > 2, command.option(named: short)?.value != nil {
            return (short, String(word.dropFirst(2)))
        }
        return (word, nil)
    }
}

/// A command line that cannot be understood, and what to type instead.
public struct UsageError: Error, Equatable, Sendable {
    public var message: String
    public var hint: String

    init(_ message: String, hint: String) {
        self.message = message
        self.hint = hint
    }

    init(_ message: String, command: String) {
        self.init(message, hint: "see: swpm help \(command)")
    }

    static func unknownCommand(_ name: String) -> UsageError {
        let known = CommandTable.commands.filter { !$0.isInternal }.flatMap { [$0.name] + $0.aliases }
        guard let near = Spelling.nearest(to: name, among: known) else {
            return UsageError("there is no command \(Text.quoted(name))", hint: "see: swpm help")
        }
        return UsageError("there is no command \(Text.quoted(name))", hint: "did you mean: swpm \(near)")
    }

    static func unknownOption(_ name: String, of command: CommandDescription) -> UsageError {
        let message = "\(command.name) has no option \(Text.quoted(name))"
        let known = (command.options + CommandTable.everywhere).flatMap(\.names)
        if let near = Spelling.nearest(to: name, among: known.filter { $0.hasPrefix("--") }) {
            return UsageError(message, hint: "did you mean: \(near)")
        }
        if command.verb == .start {
            return UsageError(
                message, hint: "arguments for the program go after --: swpm start app -- \(name)")
        }
        return UsageError(message, command: command.name)
    }
}
