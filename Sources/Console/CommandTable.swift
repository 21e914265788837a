internal import Supervision

/// The commands there are. Parser, help and reference page all read this one table.
enum CommandTable {
    static let commands: [CommandDescription] = running + looking + housekeeping + hidden

    static let everywhere: [OptionDescription] = [
        OptionDescription(["--json"], "Answers in JSON."),
        OptionDescription(
            ["--no-color"], "Uses no colours (as does `NO_COLOR`, and output that is no terminal)."),
        OptionDescription(["-s", "--silent"], "Says nothing unless it fails."),
    ]

    /// By name or alias.
    static func command(named name: String) -> CommandDescription? {
        commands.first { $0.name == name || $0.aliases.contains(name) }
    }

    private static let targets = "app: its name, its namespace, the id of an instance, or `all`"

    private static let running: [CommandDescription] = [
        CommandDescription(
            .start, aliases: ["startOrReload", "startOrRestart", "startOrGracefulReload"],
            operands: "<file.json|program|app>... [-- arguments]",
            "Starts programs, or everything in an ecosystem file, and waits until they are ready.",
            details: """
                A file: apps that are new start, changed ones reload, instance counts are applied; apps that are no \
                longer in it are named and left alone. A program: a path, a command of `PATH`, or a shell command \
                in quotes. An app: starts it again after `stop`.
                """,
            options: startOptions),
        CommandDescription(
            .stop, operands: "<app>...", "Stops apps and keeps them in the list.", details: targets,
            options: [force]),
        CommandDescription(
            .restart, operands: "<app|file.json>...",
            "Stops and starts apps, one instance after the other.",
            details: "\(targets). With one instance there is a gap: `reload` has none.",
            options: [environment]),
        CommandDescription(
            .reload, operands: "<app|file.json>...",
            "Replaces all instances without failing a request; keeps the old ones if the new fail.",
            details: targets, options: [environment, force, canary]),
        CommandDescription(
            .promote, operands: "<app>...",
            "Goes on from a canary (`reload --canary`) to all instances.", details: targets),
        CommandDescription(
            .rollback, operands: "<app>...",
            "Breaks off a reload, ends a canary, or returns to the version before.",
            details: """
                \(targets). The version before is started as it was: command, variables, and the directory with its \
                symbolic links as they were then. It is a reload like any other, and does not change your files.
                """),
        CommandDescription(
            .scale, operands: "<app> <N|+N|-N>", "Changes the number of instances.", details: targets),
        CommandDescription(
            .delete, aliases: ["del"], operands: "<app>...", "Stops apps and forgets them.", details: targets),
        CommandDescription(
            .signal, aliases: ["sendSignal"], operands: "<signal> <app>",
            "Sends a signal to running programs.",
            details: "\(targets). To the main process of each instance."),
        CommandDescription(
            .send, operands: "<app> <message>", "Sends a message to running Node programs.",
            details: """
                \(targets). What `process.on('message')` is given: the value if it is JSON, else the text itself.
                """),
        CommandDescription(
            .trigger, operands: "<app> <action> [parameter]",
            "Has Node programs carry out an action they offer.",
            details: """
                \(targets). Actions are those of PM2's libraries; the answers are printed. Without one for 10 s it \
                fails.
                """),
    ]

    private static let looking: [CommandDescription] = [
        CommandDescription(
            .list, aliases: ["ls", "l", "ps", "status"], "Shows all instances: state, and why it is so.",
            options: [
                OptionDescription(
                    ["--wide"],
                    "Also connections, how many wait, and how ports are looked after: counted for this answer."
                )
            ]),
        CommandDescription(.jlist, "Prints the list as JSON, with PM2's keys."),
        CommandDescription(
            .describe, aliases: ["desc", "info", "show"], operands: "<app>",
            "Shows all there is to know about an app.", details: targets),
        CommandDescription(
            .why, operands: "<app>",
            "Shows what went wrong with an app lately, and what was done about it.",
            details: """
                \(targets). The last deaths of each instance with the last lines of stderr, and the last \
                operations that failed; kept when the daemon or the machine is started anew.
                """),
        CommandDescription(
            .logs, aliases: ["log"], operands: "[app]",
            "Shows the last lines of the logs, then follows them.",
            details: """
                \(targets). The lines of all logs are merged by their times, also those of rotated and compressed \
                files. With `--json` each line is an object.
                """,
            options: logOptions),
        CommandDescription(
            .monit, aliases: ["dashboard", "dash"],
            "A full screen that stays current: instances, their logs, keys to act."),
    ]

    private static let housekeeping: [CommandDescription] = [
        CommandDescription(
            .flush, operands: "[app]", "Empties logs, and removes what was rotated of them.",
            details: "\(targets). Without one: those of all apps."),
        CommandDescription(
            .reloadLogs, "Opens all log files anew, after somebody else has moved them.",
            details: "For logrotate and its like; `SIGUSR2` to the daemon does the same."),
        CommandDescription(.ping, "Says whether the daemon answers."),
        CommandDescription(
            .doctor, "Says what this machine can and cannot do for swpm, and whether swpm is well.",
            details: """
                A line for each thing, with what it costs and what to type. Starts and changes nothing. Exits with 1 if \
                something is broken; what is only limited does not count.
                """),
        CommandDescription(.kill, "Stops all apps, then the daemon."),
        CommandDescription(
            .update, aliases: ["updatePM2"],
            "Has the daemon go on as another swpm; no program notices.",
            details: """
                To be called after an installation. The new program first looks at everything it would take over; if \
                it cannot, or does not come up, the old one goes on, and the command fails and says why.
                """,
            options: [
                OptionDescription(
                    ["--binary"], value: "path", "The new program (else the one that is called).")
            ]),
        CommandDescription(
            .save, aliases: ["dump"],
            "Says what comes back after a boot, and keeps a copy of the list for `resurrect`.",
            details: """
                The list itself is always kept, without this command. Variables that programs have from their caller, and \
                would not have after a boot, are named.
                """,
            options: [OptionDescription(["--force"], "Also if the list is empty.")]),
        CommandDescription(
            .resurrect, "Brings back what `save` has kept, where it is missing or stopped.",
            details: "Starts the daemon if there is none; what ran before a boot then runs already."),
        CommandDescription(.cleardump, "Removes the copy that `save` has kept; the list stays as it is."),
        CommandDescription(
            .startup, operands: "[systemd|openrc]",
            "Has swpm, and what ran, started at every boot.",
            details: """
                Writes and enables a service. As root it is the machine's, for the user of `--user`; for anybody else it \
                belongs to the user's own systemd. Said twice, it changes nothing.
                """,
            options: [
                user,
                OptionDescription(["--print"], "Shows what would be written, and writes nothing."),
            ]),
        CommandDescription(
            .unstartup, operands: "[systemd|openrc]",
            "Removes what `startup` set up; what runs goes on.", options: [user]),
        CommandDescription(.version, aliases: ["-v", "-V", "--version"], "Prints the version."),
        CommandDescription(
            .help, aliases: ["-h", "--help"], operands: "[command]", "Explains a command, or names them all."),
    ]

    private static let hidden: [CommandDescription] = [
        CommandDescription(.daemon, operands: "", "The daemon itself.", isInternal: true),
        CommandDescription(.keeper, operands: "", "The keeper itself.", isInternal: true),
        CommandDescription(
            .example, operands: "web|worker", "The programs of ecosystem.example.json.", isInternal: true),
    ]
}

// MARK: - Options

extension CommandTable {
    private static let environment = OptionDescription(
        ["--env"], value: "name", "Uses `env_<name>` of the ecosystem file.")

    private static let force = OptionDescription(
        ["--force"],
        "Does not wait for requests in work, nor does what is being carried out already: cuts a drain short.")

    private static let user = OptionDescription(
        ["-u", "--user"], value: "name", "Whose programs (root only; else your own).")

    private static let canary = OptionDescription(
        ["--canary"], value: "percent",
        "Replaces nothing yet: gives the new version this part of the new connections.")

    private static let logOptions: [OptionDescription] = [
        OptionDescription(["--lines"], value: "n", "How many lines of each log to begin with (15)."),
        OptionDescription(["--nostream"], "Ends after these lines instead of following."),
        OptionDescription(["-f", "--follow"], "Follows (it does so anyway)."),
        OptionDescription(["--out"], "Only standard output."),
        OptionDescription(["--err"], "Only standard error."),
        OptionDescription(
            ["--since"], value: "time", "Only what was written since: `10m` ago, or a moment, as in RFC 3339."
        ),
        OptionDescription(["--until"], value: "time", "Only what was written until then; ends."),
        OptionDescription(
            ["--grep"], value: "regex", "Only lines in which this is found (an expression as of `grep -E`)."),
        OptionDescription(["-v", "--invert-match"], "Only lines in which `--grep` finds nothing."),
        OptionDescription(
            ["-i", "--ignore-case"], "`--grep` and `--highlight` take capitals for small letters."),
        OptionDescription(
            ["--highlight"], value: "regex", "Marks this on a terminal, besides what `--grep` finds.",
            optional: { _ in true }),
        OptionDescription(
            ["--level"], value: "level",
            "Leaves out what JSON loggers say to be less serious: `trace` to `fatal`."),
        OptionDescription(
            ["--generation"], value: "n",
            "Only what instances of this version have written, and ends; without a number, of the present one.",
            optional: { UInt16($0) != nil }),
        OptionDescription(
            ["--timestamp"], value: "format",
            "When each line was written, as `YYYY-MM-DD HH:mm:ss` or `%H:%M:%S` have it (usual on a terminal).",
            optional: OptionDescription.isTimeFormat),
        OptionDescription(["--no-timestamp"], "Not when, also not on a terminal."),
        OptionDescription(["--raw"], "The lines as they were written, without a prefix."),
        OptionDescription(["--format"], "As `timestamp=... app=... id=... type=... message=...`."),
        OptionDescription(
            ["--clear-deleted"], "Shows nothing: removes the logs of apps that are not known any more."),
    ]

    private static let startOptions: [OptionDescription] = [
        OptionDescription(["-n", "--name"], value: "name", "Its name (else the program's)."),
        OptionDescription(["--namespace"], value: "name", "A group that commands can name as one."),
        OptionDescription(
            ["-i", "--instances"], value: "N|max|-N",
            "How many; `max`: one for each processor, `-1`: one fewer than that."),
        OptionDescription(["--cwd"], value: "directory", "Where it runs (else here)."),
        OptionDescription(
            ["--interpreter"], value: "program",
            "What runs the script (else by extension or shebang); `none`: run it directly."),
        OptionDescription(
            ["--interpreter-args", "--node-args"], value: "arguments", "Arguments for the interpreter."),
        environment,
        OptionDescription(["--no-autorestart"], "Does not bring it back when it ends."),
        OptionDescription(["--max-restarts"], value: "n", "Gives up after so many unstable runs in a row."),
        OptionDescription(["--min-uptime"], value: "time", "A run shorter than this is unstable (1s)."),
        OptionDescription(["--restart-delay"], value: "time", "Always waits this long before a restart."),
        OptionDescription(
            ["--exp-backoff-restart-delay"], value: "time", "The first delay, doubled each time (100ms)."),
        OptionDescription(["--stop-exit-codes"], value: "codes", "Codes that end it for good, as in `0,3`."),
        OptionDescription(
            ["--max-memory-restart"], value: "size", "Replaces an instance that uses more, as in `300M`."),
        OptionDescription(
            ["-c", "--cron-restart", "--cron"], value: "times",
            "Reloads it then, as in `0 3 * * *`; `0`: never."),
        OptionDescription(["--listen-timeout"], value: "time", "How long it may take until ready (30s)."),
        OptionDescription(
            ["-k", "--kill-timeout"], value: "time", "From the stop signal to SIGKILL (10s)."),
        OptionDescription(["--kill-signal"], value: "signal", "The stop signal (SIGTERM)."),
        OptionDescription(["--uid"], value: "user", "Runs it as this user (root only)."),
        OptionDescription(["--gid"], value: "group", "Runs it as this group (root only)."),
        OptionDescription(
            ["--zero-downtime"], "Holds its port from the first start, also with a single instance."),
        OptionDescription(
            ["--drain"], value: "what",
            "What is waited for before the stop signal: `connections`, `wait` or `off`."),
        OptionDescription(["--drain-grace"], value: "time", "A connection silent for so long is idle (5s)."),
        OptionDescription(["--drain-timeout"], value: "time", "How long a drain may take (30s)."),
    ]
}

/// One row of the table.
struct CommandDescription: Sendable {
    let verb: Verb
    let aliases: [String]
    let operands: String
    let sentence: String
    let details: String?
    let options: [OptionDescription]
    let isInternal: Bool

    var name: String { verb.rawValue }
    var usage: String { operands.isEmpty ? "swpm \(name)" : "swpm \(name) \(operands)" }

    init(
        _ verb: Verb, aliases: [String] = [], operands: String = "", _ sentence: String,
        details: String? = nil,
        options: [OptionDescription] = [], isInternal: Bool = false
    ) {
        self.verb = verb
        self.aliases = aliases
        self.operands = operands
        self.sentence = sentence
        self.details = details
        self.options = options
        self.isInternal = isInternal
    }

    /// The option spelled this way, here or everywhere.
    func option(named name: String) -> OptionDescription? {
        (options + CommandTable.everywhere).first { $0.names.contains(name) }
    }
}

/// The commands by the name they are listed under.
enum Verb: String, CaseIterable, Sendable {
    case start, stop, restart, reload, promote, rollback, scale, delete
    case list, jlist, describe, why, logs, monit
    case flush, reloadLogs, ping, doctor, kill, update, version, help
    case send, signal, trigger
    case save, resurrect, cleardump, startup, unstartup
    case daemon, keeper, example
}

struct OptionDescription: Sendable {
    let names: [String]
    /// What stands for its value in help, or nil for a switch.
    let value: String?
    let sentence: String
    /// Nil: its value must follow. Otherwise it may, and this says whether the next word is one.
    private let optional: (@Sendable (String) -> Bool)?

    /// The long name, under which its value is found.
    var key: String { names.first { $0.hasPrefix("--") } ?? names[0] }
    var isValueOptional: Bool { optional != nil }

    var usage: String {
        names.joined(separator: ", ") + (value.map { isValueOptional ? " [\($0)]" : " <\($0)>" } ?? "")
    }

    init(
        _ names: [String], value: String? = nil, _ sentence: String,
        optional: (@Sendable (String) -> Bool)? = nil
    ) {
        self.names = names
        self.value = value
        self.sentence = sentence
        self.optional = optional
    }

    func takes(_ word: String) -> Bool { optional?(word) ?? true }

    /// What could be the name of an app is none.
    @Sendable static func isTimeFormat(_ word: String) -> Bool {
        ["%", "YY", "HH", "hh", "mm", "ss", "DD"].contains { word.mentions($0) }
    }
}
