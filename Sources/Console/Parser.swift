internal import Supervision

extension ParsedCommand {
    /// Understands a command line (without the program's name).
    public init(_ words: [String]) throws(UsageError) {
        // Options that hold everywhere may stand before the command.
        let leading = words.prefix { word in CommandTable.everywhere.contains { $0.names.contains(word) } }
        let manner = Manner(leading)
        guard let name = words.dropFirst(leading.count).first else {
            self.init(command: .help(nil), manner: manner)
            return
        }
        guard let description = CommandTable.command(named: name) else { throw .unknownCommand(name) }
        let remaining = Array(words[(leading.count + 1)...])
        switch description.verb {
        case .save, .resurrect, .cleardump, .startup, .unstartup: break
        case .daemon:
            self.init(command: .daemon(remaining), manner: manner)
            return
        case .keeper:
            self.init(command: .keeper(remaining), manner: manner)
            return
        case .example:
            self.init(command: .example(remaining), manner: manner)
            return
        case .start, .stop, .restart, .reload, .promote, .rollback, .scale, .delete, .signal, .send, .trigger,
            .list, .jlist, .describe, .why, .logs, .monit, .flush, .reloadLogs, .ping, .kill, .update,
            .version, .help, .doctor:
            break
        }
        if description.verb != .help, ParsedCommand.asksForHelp(remaining) {
            self.init(command: .help(description.name), manner: manner)
            return
        }
        let arguments = try Arguments(Array(leading) + remaining, of: description)
        self.init(
            command: try Command(description, arguments), manner: Manner(Array(arguments.values.keys)[...]))
    }

    /// `swpm start --help`; after `--` it is meant for the program.
    private static func asksForHelp(_ words: [String]) -> Bool {
        words.prefix { $0 != "--" }.contains { $0 == "--help" || $0 == "-h" }
    }
}

extension ParsedCommand.Manner {
    fileprivate init(_ options: ArraySlice<String>) {
        json = options.contains("--json")
        colour = !options.contains("--no-color")
        silent = options.contains("--silent") || options.contains("-s")
    }
}

extension Command {
    fileprivate init(_ description: CommandDescription, _ arguments: Arguments) throws(UsageError) {
        if description.verb != .start, !arguments.rest.isEmpty {
            throw UsageError("\(description.name) takes no arguments after --", command: description.name)
        }
        let words = Words(description, arguments.operands)
        switch description.verb {
        case .start:
            self = .start(targets: try words.some(), try StartOptions(arguments, words.operands.count))
        case .stop: self = .stop(try words.some(), isForced: arguments.has("--force"))
        case .restart: self = .restart(targets: try words.some(), environment: arguments.values["--env"])
        case .reload:
            self = .reload(
                targets: try words.some(), environment: arguments.values["--env"],
                isForced: arguments.has("--force"),
                canary: try arguments.values["--canary"].map { text throws(UsageError) in try percent(text) })
        case .promote: self = .promote(try words.some())
        case .rollback: self = .rollback(try words.some())
        case .scale: self = try words.scaling()
        case .delete: self = .delete(try words.some())
        case .signal:
            let (name, app) = try words.two()
            guard let signal = Signal(name) else {
                throw UsageError("\(Text.quoted(name)) is no signal", command: "signal")
            }
            self = .signal(signal, app)
        case .send:
            let (app, message) = try words.two()
            self = .send(app, message: message)
        case .trigger:
            let (app, action, parameter) = try words.twoOrThree()
            self = .trigger(app, action: action, parameter: parameter)
        case .list: self = try words.none(arguments.has("--wide") ? .listWide : .list)
        case .jlist: self = try words.none(.listAsJSON)
        case .describe: self = .describe(try words.one())
        case .why: self = .why(try words.one())
        case .logs: self = .logs(try LogOptions(arguments, target: try words.atMostOne()))
        case .monit: self = try words.none(.monitor)
        case .flush: self = .flush(try words.atMostOne())
        case .reloadLogs: self = try words.none(.reloadLogs)
        case .ping: self = try words.none(.ping)
        case .kill: self = try words.none(.kill)
        case .update: self = try words.none(.update(binary: arguments.values["--binary"]))
        case .save: self = try words.none(.save(isForced: arguments.has("--force")))
        case .resurrect: self = try words.none(.resurrect)
        case .cleardump: self = try words.none(.cleardump)
        case .startup: self = .startup(try BootOptions(arguments, words))
        case .unstartup: self = .unstartup(try BootOptions(arguments, words))
        case .doctor: self = try words.none(.doctor)
        case .version: self = .version
        case .help:
            let topic = try words.atMostOne()
            if let topic, CommandTable.command(named: topic) == nil { throw .unknownCommand(topic) }
            self = .help(topic)
        case .daemon: self = .daemon(words.operands)
        case .keeper: self = .keeper(words.operands)
        case .example: self = .example(words.operands)
        }
    }
}

/// The operands of a command, which must be as many as it takes.
private struct Words {
    let command: CommandDescription
    let operands: [String]

    init(_ command: CommandDescription, _ operands: [String]) {
        self.command = command
        self.operands = operands
    }

    func some() throws(UsageError) -> [String] {
        guard !operands.isEmpty else { throw wrongNumber }
        return operands
    }

    func one() throws(UsageError) -> String {
        guard operands.count == 1 else { throw wrongNumber }
        return operands[0]
    }

    func two() throws(UsageError) -> (String, String) {
        guard operands.count == 2 else { throw wrongNumber }
        return (operands[0], operands[1])
    }

    func scaling() throws(UsageError) -> Command {
        let (app, count) = try two()
        guard let scale = Scale(count) else {
            throw UsageError("\(Text.quoted(count)) is not N, +N or -N", command: "scale")
        }
        return .scale(app, scale)
    }

    func twoOrThree() throws(UsageError) -> (String, String, String?) {
        guard (2...3).contains(operands.count) else { throw wrongNumber }
        return (operands[0], operands[1], operands.count == 3 ? operands[2] : nil)
    }

    func atMostOne() throws(UsageError) -> String? {
        guard operands.count <= 1 else { throw wrongNumber }
        return operands.first
    }

    func none(_ command: Command) throws(UsageError) -> Command {
        guard operands.isEmpty else { throw wrongNumber }
        return command
    }

    private var wrongNumber: UsageError {
        UsageError("usage: \(command.usage)", command: command.name)
    }
}

extension BootOptions {
    fileprivate init(_ arguments: Arguments, _ words: Words) throws(UsageError) {
        var platform: Platform?
        if let word = try words.atMostOne() {
            guard let known = Platform(word: word) else {
                throw UsageError(
                    "\(Text.quoted(word)) is neither systemd nor openrc", command: words.command.name)
            }
            platform = known
        }
        self.init(
            user: arguments.values["--user"], platform: platform, prints: arguments.has("--print"))
    }
}

/// `5%` or `5`.
private func percent(_ text: String) throws(UsageError) -> Int {
    guard let number = Int(text.hasSuffix("%") ? String(text.dropLast()) : text), (1...99).contains(number)
    else {
        throw UsageError("\(Text.quoted(text)) is not a share of 1% to 99%", command: "reload")
    }
    return number
}

extension Scale {
    /// `4`, `+2`, `-1`.
    fileprivate init?(_ text: String) {
        guard let number = Int(text) else { return nil }
        self = text.hasPrefix("+") || text.hasPrefix("-") ? .by(number) : .to(number)
    }
}
