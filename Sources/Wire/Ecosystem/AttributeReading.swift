internal import Supervision

// MARK: - What to run

extension AppReader {
    mutating func set(_ attribute: AppAttribute, to json: JSON, in spec: inout AppSpec) throws(JSONMismatch) {
        switch attribute {
        case .name: spec.name.name = try AppReader.text(json)
        case .namespace: spec.name.namespace = try AppReader.namespace(json)
        case .script: spec.script = try AppReader.text(json)
        case .arguments: spec.arguments = try AppReader.words(json)
        case .interpreter: spec.interpreter = try AppReader.interpreter(json)
        case .interpreterArguments: spec.interpreterArguments = try AppReader.words(json)
        case .workingDirectory: spec.workingDirectory = try directory(json)
        case .environment: spec.environment.merge(try AppReader.environment(json)) { $1 }
        case .port: port = try AppReader.port(json)
        case .user: spec.user = try AppReader.account(json)
        case .group: spec.group = try AppReader.account(json)
        case .umask: spec.umask = try AppReader.umask(json)
        case .nice: spec.nice = try Int32(number: json, within: -20...19)
        case .inherited: spec.inherited = EnvironmentID(try UInt64(json: json))
        case .origin: spec.origin = try AppReader.text(json)
        case .instances: spec.instances = try instances(json)
        case .mode: spec.mode = try AppReader.mode(json)
        case .balance: spec.balance = try AppReader.balance(json)
        case .ports: spec.ports = try AppReader.list(json, AppReader.port)
        case .sockets: spec.sockets = try AppReader.list(json, AppReader.socket)
        case .zeroDowntime: spec.zeroDowntime = try Bool(json: json, clock: WallClock())
        case .maxSurge: spec.maxSurge = try Int(number: json, within: 1...Limits.instancesPerApp)
        case .automaticRestart: spec.restart.automatic = try Bool(json: json, clock: WallClock())
        case .minUptime: spec.restart.minUptime = try AppReader.duration(json)
        case .maxRestarts: spec.restart.maxRestarts = try Int(number: json, within: 0...1_000_000_000)
        case .restartDelay: spec.restart.fixedDelay = try delay(json)
        case .firstDelay: spec.restart.firstDelay = try delay(json) ?? spec.restart.firstDelay
        case .longestDelay: spec.restart.longestDelay = try AppReader.duration(json)
        case .stopExitCodes: spec.restart.stopExitCodes = try AppReader.list(json, AppReader.exitCode)
        case .maxMemory: spec.restart.maxMemory = try AppReader.memory(json)
        case .schedule: spec.restart.schedule = try AppReader.schedule(json)
        case .stopSignal: spec.stopSignal = try Signal(json: json, clock: WallClock())
        case .killTimeout: spec.killTimeout = try AppReader.duration(json)
        case .listenTimeout: spec.listenTimeout = try AppReader.duration(json)
        case .nodePreload: spec.nodePreload = try Bool(json: json, clock: WallClock())
        case .shutdownWithMessage: spec.shutdownWithMessage = try Bool(json: json, clock: WallClock())
        case .instanceVariable: spec.instanceVariable = try AppReader.variable(json)
        case .incrementVariable: spec.incrementVariable = try AppReader.variable(json)
        case .drainTimeout: spec.drainTimeout = try AppReader.duration(json)
        case .drainGrace: spec.drainGrace = try AppReader.duration(json)
        case .drain:
            spec.drain = try word(
                AppSpec.Drain.self, from: json, expected: "\"connections\", \"wait\" or \"off\"")
        case .waitReady: spec.waitReady = try Bool(json: json, clock: WallClock())
        case .health: spec.health = try health(json)
        case .watchdog: spec.watchdog = try AppReader.duration(json)
        case .stuckTimeout: spec.stuckTimeout = try AppReader.patience(json, usual: .seconds(1)) ?? .zero
        case .stuckReplace: spec.stuckReplace = try AppReader.patience(json, usual: .seconds(10))
        case .strategy:
            spec.strategy = try word(
                AppSpec.Strategy.self, from: json, expected: "\"rolling\" or \"blue-green\"")
        case .autostart: spec.autostart = try Bool(json: json, clock: WallClock())
        case .bake: spec.bake = try AppReader.duration(json)
        case .outFile, .errorFile, .logFile, .mergeLogs, .disableLogs, .logDateFormat, .time, .logType,
            .logRotate, .logBlock, .logTo:
            try set(attribute, to: json, in: &spec.logs)
        }
    }
}

// MARK: - What depends on the dialect

extension AppReader {
    private func directory(_ json: JSON) throws(JSONMismatch) -> String {
        let written = try AppReader.text(json)
        if written.hasPrefix("/") { return written }
        guard let file else { throw JSONMismatch(expected: "an absolute path", found: json) }
        return FilePath.join(file.directory, written)
    }

    private func health(_ json: JSON) throws(JSONMismatch) -> HealthCheck? {
        if json == .bool(false) { return nil }
        if case .own = dialect { return try HealthCheck(json: json, lenient: true) }
        return try HealthCheck(json: json, lenient: false)
    }

    /// In a file "max" and 0 are all processors, and -1 all but one.
    private func instances(_ json: JSON) throws(JSONMismatch) -> Int {
        guard let file else { return try Int(number: json, within: 0...Limits.instancesPerApp) }
        if json == .string("max") { return file.processors }
        let range = -Limits.instancesPerApp...Limits.instancesPerApp
        guard let number = try? Int(number: json, within: range) else {
            throw JSONMismatch(
                expected: "a number up to \(Limits.instancesPerApp) or \"max\"", found: json)
        }
        return number > 0 ? number : max(1, file.processors + number)
    }

    /// PM2 writes "no delay of its own" as 0.
    private func delay(_ json: JSON) throws(JSONMismatch) -> Duration? {
        let duration = try AppReader.duration(json)
        return file != nil && duration == .zero ? nil : duration
    }
}

// MARK: - Plain values

extension AppReader {
    /// The name of an environment variable.
    static func variable(_ json: JSON) throws(JSONMismatch) -> String {
        let name = try text(json)
        guard !name.isEmpty, !name.contains("="), !ProgramEnvironment.mustNotLeak(name) else {
            throw JSONMismatch(expected: "the name of a variable", found: json)
        }
        return name
    }

    /// A text that a system call will take: the kernel ends it at a NUL.
    static func text(_ json: JSON) throws(JSONMismatch) -> String {
        let text = try String(json: json, clock: WallClock())
        guard !text.utf8.contains(0) else { throw JSONMismatch("a NUL character in a text") }
        return text
    }

    static func duration(_ json: JSON) throws(JSONMismatch) -> Duration {
        let duration = try Duration(json: json, clock: WallClock())
        guard duration <= Limits.duration else { throw JSONMismatch("longer than a month") }
        return duration
    }

    /// A time, or `true` for the usual one, or `false` for never.
    static func patience(_ json: JSON, usual: Duration) throws(JSONMismatch) -> Duration? {
        guard case .bool(let isWanted) = json else { return try duration(json) }
        return isWanted ? usual : nil
    }

    private static func memory(_ json: JSON) throws(JSONMismatch) -> UInt64? {
        let limit = try ByteCount.read(json)
        return limit > 0 ? UInt64(limit) : nil
    }

    /// Five fields; PM2 turns it off by 0 and by nothing.
    private static func schedule(_ json: JSON) throws(JSONMismatch) -> Schedule? {
        if [.integer(0), .string("0"), .string(""), .bool(false)].contains(json) { return nil }
        guard case .string(let text) = json, let schedule = Schedule(text) else {
            throw JSONMismatch(
                expected: "minute, hour, day, month and weekday as in \"0 3 * * *\"", found: json)
        }
        return schedule
    }

    /// An array, or one text that is split like a shell's line.
    static func words(_ json: JSON) throws(JSONMismatch) -> [String] {
        switch json {
        case .string:
            guard let words = ShellWords.split(try text(json)) else {
                throw JSONMismatch("a quote that is never closed")
            }
            return words
        case .array: return try list(json, scalar)
        case .null, .bool, .integer, .double, .object:
            throw JSONMismatch(expected: "an array of strings, or a string", found: json)
        }
    }

    /// An array, or one element alone.
    static func list<Element>(
        _ json: JSON, _ read: (JSON) throws(JSONMismatch) -> Element
    ) throws(JSONMismatch) -> [Element] {
        guard case .array(let elements) = json else { return [try read(json)] }
        var list: [Element] = []
        for (index, element) in elements.enumerated() {
            do {
                list.append(try read(element))
            } catch {
                throw error.under(.index(index))
            }
        }
        return list
    }

    private static func scalar(_ json: JSON) throws(JSONMismatch) -> String {
        switch json {
        case .string: return try text(json)
        case .integer(let value): return String(value)
        case .double(let value): return value.description
        case .bool(let value): return value.description
        case .null, .array, .object: throw JSONMismatch(expected: "a string", found: json)
        }
    }

    static func port(_ json: JSON) throws(JSONMismatch) -> UInt16 {
        try UInt16(number: json, within: 1...65535)
    }

    private static func exitCode(_ json: JSON) throws(JSONMismatch) -> Int32 {
        try Int32(number: json, within: 0...255)
    }

    private static func socket(_ json: JSON) throws(JSONMismatch) -> ListenAddress {
        if case .integer = json { return ListenAddress(host: "::", port: try port(json)) }
        return try ListenAddress(json: json, clock: WallClock())
    }

    private static func namespace(_ json: JSON) throws(JSONMismatch) -> String {
        let namespace = try text(json)
        if let objection = AppName.objection(to: namespace) {
            throw JSONMismatch("this namespace \(objection)")
        }
        guard !namespace.utf8.contains(UInt8(ascii: ":")) else {
            throw JSONMismatch("this namespace has a colon")
        }
        return namespace
    }

    private static func interpreter(_ json: JSON) throws(JSONMismatch) -> AppSpec.Interpreter {
        let program = try text(json)
        guard !program.isEmpty else { throw JSONMismatch(expected: "a program or \"none\"", found: json) }
        return program == "none" ? .none : .program(program)
    }

    private static func mode(_ json: JSON) throws(JSONMismatch) -> AppSpec.Mode {
        guard case .string(let text) = json,
            let mode = AppSpec.Mode(rawValue: text.hasSuffix("_mode") ? String(text.dropLast(5)) : text)
        else { throw JSONMismatch(expected: "\"fork\" or \"cluster\"", found: json) }
        return mode
    }

    /// Even is what chance makes of many.
    private static func balance(_ json: JSON) throws(JSONMismatch) -> AppSpec.Balance {
        if json == .string("even") { return .random }
        let words = "\"automatic\", \"shared\", \"even\" (or \"random\") or \"ip\""
        return try word(AppSpec.Balance.self, from: json, expected: words)
    }

    private static func account(_ json: JSON) throws(JSONMismatch) -> String {
        if case .integer = json { return String(try UInt32(json: json)) }
        let name = try text(json)
        guard !name.isEmpty else { throw JSONMismatch(expected: "a name or a number", found: json) }
        return name
    }

    private static func umask(_ json: JSON) throws(JSONMismatch) -> UInt32 {
        guard case .string(let text) = json, let mask = UInt32(text, radix: 8), mask <= 0o777 else {
            throw JSONMismatch(expected: "an octal string like \"022\"", found: json)
        }
        return mask
    }

    /// Values that are not texts become texts; null leaves the variable out.
    static func environment(_ json: JSON) throws(JSONMismatch) -> [String: String] {
        guard case .object(let members) = json else {
            throw JSONMismatch(expected: "an object of variables", found: json)
        }
        var variables: [String: String] = [:]
        for member in members {
            guard !member.key.isEmpty,
                !member.key.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "=") })
            else { throw JSONMismatch("this cannot be the name of a variable").at(member.key) }
            do {
                variables[member.key] = try variable(member.value)
            } catch {
                throw error.under(.key(member.key))
            }
        }
        return variables
    }

    private static func variable(_ json: JSON) throws(JSONMismatch) -> String? {
        switch json {
        case .null: return nil
        case .string, .bool, .integer, .double: return try scalar(json)
        case .array, .object:
            var writer = JSONWriter()
            writer.value(json)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }
}

extension FixedWidthInteger {
    /// A whole number, also if somebody put it in quotes.
    init(number json: JSON, within range: ClosedRange<Self>? = nil) throws(JSONMismatch) {
        let range = range ?? Self.min...Self.max
        let expected = "a number of \(range.lowerBound) to \(range.upperBound)"
        let found: Self?
        switch json {
        case .integer(let wide): found = Self(exactly: wide)
        case .string(let text): found = Self(text)
        case .null, .bool, .double, .array, .object: found = nil
        }
        guard let found, range.contains(found) else { throw JSONMismatch(expected: expected, found: json) }
        self = found
    }
}
