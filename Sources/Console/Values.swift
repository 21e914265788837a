internal import Supervision

extension StartOptions {
    init(_ arguments: Arguments, _ targets: Int) throws(UsageError) {
        let values = OptionValues(arguments, command: "start")
        name = values.text("--name")
        if name != nil, targets > 1 {
            throw UsageError("one --name cannot name \(targets) programs", command: "start")
        }
        namespace = values.text("--namespace")
        instances = try values.read("--instances", "a number, max, or -N") { InstanceCount($0) }
        workingDirectory = values.text("--cwd")
        interpreter = values.text("--interpreter")
        interpreterArguments = try values.read("--interpreter-args", "a line of words") {
            ShellWords.split($0)
        }
        self.arguments = arguments.rest
        automaticRestart = arguments.has("--no-autorestart") ? false : nil
        environment = values.text("--env")
        maxRestarts = try values.read("--max-restarts", "a number") { Int($0).flatMap { $0 >= 0 ? $0 : nil } }
        minUptime = try values.duration("--min-uptime")
        restartDelay = try values.duration("--restart-delay")
        firstBackoff = try values.duration("--exp-backoff-restart-delay")
        killTimeout = try values.duration("--kill-timeout")
        listenTimeout = try values.duration("--listen-timeout")
        stopSignal = try values.read("--kill-signal", "a signal") { Signal($0) }
        stopExitCodes = try values.read("--stop-exit-codes", "a list of numbers as in 0,3") { exitCodes($0) }
        maxMemory = try values.read("--max-memory-restart", "a number of bytes, or as in 300M") { text in
            ByteCount.parse(text).flatMap { UInt64(exactly: $0) }
        }
        if maxMemory == 0 { maxMemory = nil }
        schedule =
            try values.read("--cron-restart", "minute, hour, day, month and weekday as in \"0 3 * * *\"") {
                $0.isEmpty || $0 == "0" ? .some(nil) : Schedule($0).map { $0 }
            } ?? nil
        user = values.text("--uid")
        group = values.text("--gid")
        zeroDowntime = arguments.has("--zero-downtime") ? true : nil
        drain = try values.read("--drain", "connections, wait or off") { AppSpec.Drain(rawValue: $0) }
        drainGrace = try values.duration("--drain-grace")
        drainTimeout = try values.duration("--drain-timeout")
    }
}

extension LogOptions {
    init(_ arguments: Arguments, target: String?) throws(UsageError) {
        let values = OptionValues(arguments, command: "logs")
        self.target = target == "all" ? nil : target
        since = try values.time("--since")
        until = try values.time("--until")
        // Who names a time wants all since then.
        if since != nil { lines = nil }
        lines = try values.read("--lines", "a number") { Int($0).flatMap { $0 >= 0 ? $0 : nil } } ?? lines
        follow = !arguments.has("--nostream")
        form = arguments.has("--raw") ? .raw : arguments.has("--format") ? .fields : .lines
        pattern = values.text("--grep")
        isInverted = arguments.has("--invert-match")
        if isInverted, pattern == nil { throw UsageError("-v needs --grep", command: "logs") }
        ignoresCase = arguments.has("--ignore-case")
        highlight = values.text("--highlight").flatMap { $0.isEmpty ? nil : $0 }
        level = try values.read("--level", "one of trace, debug, info, warn, error, fatal") {
            LogLevel(name: $0)
        }
        generation = try values.read("--generation", "a number") { text in
            text.isEmpty ? .present : Int(text).map { .number($0) }
        }
        clearsDeleted = arguments.has("--clear-deleted")
        if arguments.has("--no-timestamp") { timestamps = .none }
        if let format = values.text("--timestamp") {
            timestamps = .format(format.isEmpty ? LogOptions.usualFormat : format)
        }
        streams =
            switch (arguments.has("--out"), arguments.has("--err")) {
            case (true, false): .output
            case (false, true): .errors
            case (true, true), (false, false): .both
            }
    }
}

extension LogOptions {
    /// PM2's.
    static let usualFormat = "YYYY-MM-DD-HH:mm:ss"
}

extension InstanceCount {
    /// `4`, `max`, `0` (PM2's other word for max), `-1`.
    init?(_ text: String) {
        if text == "max" {
            self = .all
            return
        }
        guard let number = Int(text), number.magnitude <= UInt(Limits.instancesPerApp) else { return nil }
        self = number > 0 ? .exactly(number) : number == 0 ? .all : .allBut(-number)
    }
}

/// The values of options, read as what they must be.
private struct OptionValues {
    let arguments: Arguments
    let command: String

    init(_ arguments: Arguments, command: String) {
        self.arguments = arguments
        self.command = command
    }

    func text(_ name: String) -> String? { arguments.values[name] }

    func read<Value>(
        _ name: String, _ expected: String, _ convert: (String) -> Value?
    ) throws(UsageError) -> Value? {
        guard let text = arguments.values[name] else { return nil }
        guard let value = convert(text) else {
            throw UsageError("\(name) \(Text.quoted(text)) is not \(expected)", command: command)
        }
        return value
    }

    func time(_ name: String) throws(UsageError) -> WrittenTime? {
        guard let text = arguments.values[name] else { return nil }
        guard let time = WrittenTime(text) else {
            throw UsageError(
                "\(name) \(Text.quoted(text)) is no time", hint: "as in: \(WrittenTime.examples)")
        }
        return time
    }

    func duration(_ name: String) throws(UsageError) -> Duration? {
        try read(name, "a time (a number of milliseconds, or as in 500ms, 8s, 2m)") { Duration(written: $0) }
    }
}

private func exitCodes(_ text: String) -> [Int32]? {
    let parts = text.split(whereSeparator: { $0 == "," || $0 == " " })
    let codes = parts.compactMap { Int32($0) }.filter { (0...255).contains($0) }
    return codes.count == parts.count && !codes.isEmpty ? codes : nil
}

extension Duration {
    /// `500` (milliseconds, as PM2 has it), `500ms`, `8s`, `2m`, `1h`; nil if it is none of these or over a year.
    init?(written text: String) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int64(digits), number <= 31_536_000_000 else { return nil }
        let unit: Int64
        switch text.dropFirst(digits.count) {
        case "", "ms": unit = 1
        case "s": unit = 1000
        case "m": unit = 60_000
        case "h": unit = 3_600_000
        default: return nil
        }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        guard !overflow, product <= 31_536_000_000 else { return nil }
        self = .milliseconds(product)
    }
}
