internal import Supervision

// MARK: - What becomes of the output

extension AppReader {
    func set(
        _ attribute: AppAttribute, to json: JSON, in logs: inout LogSettings
    ) throws(JSONMismatch) {
        switch attribute {
        case .outFile: logs.output = try AppReader.target(json)
        case .errorFile: logs.error = try AppReader.target(json)
        case .logFile: logs.combined = try AppReader.target(json)
        case .mergeLogs: logs.merges = try Bool(json: json, clock: WallClock())
        case .disableLogs: logs.isDisabled = try Bool(json: json, clock: WallClock())
        case .logDateFormat: logs.dateFormat = try AppReader.dateFormat(json) ?? logs.dateFormat
        case .time:
            let isWanted = try Bool(json: json, clock: WallClock())
            if isWanted, logs.dateFormat == nil { logs.dateFormat = LogTimeFormat.usual }
        case .logType: logs.isJSON = try AppReader.isJSON(json)
        case .logRotate: logs.rotation = try LogRotation(json: json, lenient: isLenient)
        case .logBlock: logs.block = try AppReader.block(json)
        case .logTo: logs.outlets = try AppReader.outlets(json)
        default: preconditionFailure("\(attribute.rawValue) says nothing of logs")
        }
    }

    private var isLenient: Bool {
        if case .own = dialect { true } else { false }
    }

    /// Paths that are not absolute are completed when the directory is known.
    static func target(_ json: JSON) throws(JSONMismatch) -> LogSettings.Target {
        switch json {
        case .bool(let isWanted): return isWanted ? .usual : .none
        case .string:
            let path = try text(json)
            if path.isEmpty { return .usual }
            return ["NULL", "null", LogFiles.nowhere].contains(path) ? .none : .file(path)
        case .null, .integer, .double, .array, .object:
            throw JSONMismatch(expected: "a path, or false", found: json)
        }
    }

    static func isJSON(_ json: JSON) throws(JSONMismatch) -> Bool {
        guard case .string(let type) = json, ["json", "raw"].contains(type) else {
            throw JSONMismatch(expected: "\"json\" or \"raw\"", found: json)
        }
        return type == "json"
    }

    static func dateFormat(_ json: JSON) throws(JSONMismatch) -> String? {
        let format = try text(json)
        guard format.utf8.count <= Limits.logDateFormat, !format.utf8.contains(0x0A) else {
            throw JSONMismatch("a format of more than \(Limits.logDateFormat) bytes, or of several lines")
        }
        return format.isEmpty ? nil : format
    }

    /// A time, `"block"` for ever, or false for not at all.
    static func block(_ json: JSON) throws(JSONMismatch) -> Duration? {
        if json == .string("block") || json == .bool(true) { return nil }
        if json == .string("drop") || json == .bool(false) { return .zero }
        return try duration(json)
    }

    static func outlets(_ json: JSON) throws(JSONMismatch) -> [LogOutlet] {
        let names = try words(json)
        for name in names where LogOutlet(rawValue: name) == nil {
            throw JSONMismatch(
                expected: "\"file\", \"stdout\", \"syslog\" or \"journald\"", found: .string(name))
        }
        guard !names.isEmpty else {
            throw JSONMismatch("nowhere: that is said by \"disable_logs\": true")
        }
        return LogOutlet.allCases.filter { names.contains($0.rawValue) }
    }

    /// Makes what was written relative to the app's directory, or to the user's home, absolute.
    func complete(_ logs: inout LogSettings, in directory: String) {
        func absolute(_ target: LogSettings.Target) -> LogSettings.Target {
            guard case .file(let path) = target else { return target }
            if let home = file?.userHome, path.hasPrefix("~/") {
                return .file(FilePath.join(home, String(path.dropFirst(2))))
            }
            return .file(FilePath.join(directory, path))
        }
        logs.output = absolute(logs.output)
        logs.error = absolute(logs.error)
        logs.combined = absolute(logs.combined)
    }
}

extension LogRotation {
    /// `lenient`: what is not known here was written by a newer swpm, and is passed over.
    init(json: JSON, lenient: Bool) throws(JSONMismatch) {
        if case .bool(let isWanted) = json {
            self = isWanted ? LogRotation() : .never
            return
        }
        guard case .object(let members) = json else {
            throw JSONMismatch(expected: "false or an object like {\"size\": \"20M\"}", found: json)
        }
        self.init()
        for member in members where member.value != .null {
            do throws(JSONMismatch) { try set(member, lenient: lenient) } catch {
                throw error.under(.key(member.key))
            }
        }
    }

    private mutating func set(_ member: JSON.Member, lenient: Bool) throws(JSONMismatch) {
        switch member.key {
        case "size": size = try ByteCount.read(member.value, atLeast: Limits.leastLogSize)
        case "interval": try setInterval(member.value)
        case "keep": keep = try Int(number: member.value, within: 0...Limits.keptLogs)
        case "total": total = try ByteCount.read(member.value)
        case "compress": compression = try LogRotation.compression(member.value)
        default:
            guard !lenient else { return }
            let known = ["size", "interval", "keep", "total", "compress"]
            let hint = Spelling.nearest(to: member.key, among: known).map { " (did you mean \"\($0)\"?)" }
            throw JSONMismatch("unknown key \"\(member.key)\"\(hint ?? "")")
        }
    }

    /// A time, or a schedule: that has several words, or begins with `@`.
    private mutating func setInterval(_ json: JSON) throws(JSONMismatch) {
        if case .string(let text) = json, text.contains(" ") || text.hasPrefix("@") {
            guard let found = Schedule(text) else {
                throw JSONMismatch(
                    expected: "a time like \"1d\", or a schedule like \"0 0 * * mon\"", found: json)
            }
            schedule = found
        } else {
            interval = json == .bool(false) ? .zero : try AppReader.duration(json)
        }
    }

    private static func compression(_ json: JSON) throws(JSONMismatch) -> Compression {
        switch json {
        case .bool(false): return .none
        case .bool(true): return .by(.gzip)
        default:
            return .by(try word(LogCompression.self, from: json, expected: "\"gzip\", \"zstd\" or false"))
        }
    }
}

extension ByteCount {
    /// Zero or false is no limit.
    static func read(_ json: JSON, atLeast least: Int64 = 0) throws(JSONMismatch) -> Int64 {
        let found: Int64?
        switch json {
        case .bool(false): found = 0
        case .integer(let count): found = Int64(exactly: count)
        case .string(let text): found = parse(text)
        case .null, .bool, .double, .array, .object: found = nil
        }
        guard let found, found >= 0 else {
            throw JSONMismatch(expected: "bytes or a text like \"20M\", \"500K\", \"1G\"", found: json)
        }
        guard found == 0 || found >= least else { throw JSONMismatch("less than \(least) bytes") }
        return found
    }
}

// MARK: - Writing

extension LogRotation: JSONWritable {
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            if let size { writer.field("size", size) }
            if let interval { writer.field("interval", interval) }
            if let schedule { writer.field("interval", schedule.text) }
            if let keep { writer.field("keep", keep) }
            if let total { writer.field("total", total) }
            switch compression {
            case nil: break
            case .some(.none): writer.field("compress", false)
            case .by(let program): writer.field("compress", program.rawValue)
            }
        }
    }
}

extension LogSettings {
    /// What is as usual is left out.
    func write(to writer: inout JSONWriter) {
        LogSettings.write("out_file", output, usual: .usual, to: &writer)
        LogSettings.write("error_file", error, usual: .usual, to: &writer)
        LogSettings.write("log_file", combined, usual: .none, to: &writer)
        if merges { writer.field("merge_logs", true) }
        if isDisabled { writer.field("disable_logs", true) }
        if let dateFormat { writer.field("log_date_format", dateFormat) }
        if isJSON { writer.field("log_type", "json") }
        if outlets != [.file] { writer.field("log_to", outlets.map(\.rawValue)) }
        if rotation != LogRotation() { writer.field("log_rotate", rotation) }
        switch block {
        case nil: writer.field("log_block", "block")
        case .some(.zero): break
        case .some(let patience): writer.field("log_block", patience)
        }
    }

    private static func write(
        _ name: StaticString, _ target: Target, usual: Target, to writer: inout JSONWriter
    ) {
        guard target != usual else { return }
        switch target {
        case .usual: writer.field(name, true)
        case .none: writer.field(name, false)
        case .file(let path): writer.field(name, path)
        }
    }
}
