/// A line that a structured logger wrote: pino, bunyan, winston, zap, slog, zerolog, logrus and whoever uses their
/// names.
///
/// It is made of the members of a JSON object, which somebody else has read.
public struct LogRecord: Equatable, Sendable {
    public struct Member: Equatable, Sendable {
        public var key: String
        public var value: Value

        public init(_ key: String, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    public enum Value: Equatable, Sendable {
        case text(String)
        case integer(Int64)
        case number(Double)
        /// An object, and how it reads as JSON.
        case group([Member], json: String)
        /// Anything else, as JSON.
        case other(json: String)
    }

    public var level: LogLevel?
    /// When the program says that it was, in nanoseconds since 1970.
    public var time: Int64?
    public var message: String
    /// What else it says, in its own order.
    public var members: [Member] = []
    /// A stack trace, line by line.
    public var stack: [String] = []

    /// Nil when it does not look like a line of a log: there must be a message or a level, and two of level, time
    /// and message.
    public init?(_ members: [Member]) {
        var rest = members
        level = LogRecord.take(LogRecord.levelKeys, from: &rest) { LogRecord.level($0) }
        time = LogRecord.take(LogRecord.timeKeys, from: &rest) { LogRecord.time($0) }
        let said = LogRecord.take(LogRecord.messageKeys, from: &rest) { value in
            if case .text(let text) = value { text } else { nil }
        }
        message = said ?? ""
        guard level != nil || said != nil, [level != nil, time != nil, said != nil].count(where: { $0 }) > 1
        else { return nil }
        self.members = rest.filter { !LogRecord.isOrigin($0, among: members) }
        takeStack()
    }

    private static let levelKeys = ["level", "severity", "levelname", "log.level", "lvl"]
    private static let timeKeys = ["time", "timestamp", "ts", "@timestamp"]
    private static let messageKeys = ["msg", "message"]
    private static let stackKeys = ["stack", "stacktrace", "exc_info"]

    /// The first of these keys whose value makes sense; it is taken out.
    private static func take<Meaning>(
        _ keys: [String], from members: inout [Member], _ meaning: (Value) -> Meaning?
    ) -> Meaning? {
        for key in keys {
            guard let index = members.firstIndex(where: { $0.key == key }),
                let found = meaning(members[index].value)
            else { continue }
            members.remove(at: index)
            return found
        }
        return nil
    }

    private static func level(_ value: Value) -> LogLevel? {
        switch value {
        case .text(let name): LogLevel(name: name)
        case .integer(let number): LogLevel(number: number)
        case .number, .group, .other: nil
        }
    }

    /// Seconds, milliseconds, microseconds or nanoseconds since 1970: whichever gives a year that is near.
    private static func time(_ value: Value) -> Int64? {
        switch value {
        case .text(let text):
            if case .moment(let time) = WrittenTime(stamp: text) { time } else { nil }
        case .integer(let number):
            switch number {
            case ..<100_000_000: nil
            case ..<100_000_000_000: number * 1_000_000_000
            case ..<100_000_000_000_000: number * 1_000_000
            case ..<100_000_000_000_000_000: number * 1000
            default: number
            }
        case .number(let seconds): Int64(exactly: (seconds * 1_000_000_000).rounded())
        case .group, .other: nil
        }
    }

    /// Whether it only says who wrote the line, which the prefix tells already (pino, bunyan).
    private static func isOrigin(_ member: Member, among members: [Member]) -> Bool {
        func has(_ key: String) -> Bool { members.contains { $0.key == key } }
        guard has("pid"), has("hostname") else { return false }
        switch member.key {
        case "pid", "hostname": return true
        case "v", "name": return has("v")
        default: return false
        }
    }

    /// From the object of an error, or from the line itself; such text is for reading, not for a field.
    private mutating func takeStack() {
        for index in members.indices {
            guard case .group(let inner, _) = members[index].value,
                case .text(let text)? = inner.first(where: { $0.key == "stack" })?.value
            else { continue }
            let reason = inner.first { $0.key == "message" }?.value
            members[index].value = reason ?? .text(String(text.prefix { $0 != "\n" }))
            stack = LogRecord.lines(text)
            return
        }
        let text = LogRecord.take(LogRecord.stackKeys, from: &members) { value in
            if case .text(let text) = value { text } else { nil }
        }
        stack = text.map(LogRecord.lines) ?? []
    }

    private static func lines(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map(String.init)
    }
}

// MARK: - Showing

extension LogRecord {
    /// For eyes: the level, what was said, then the rest as `key=value`; a stack trace on lines of its own. Nothing in
    /// it can steer a terminal. `mark` makes a text safe, and what was looked for in it stand out.
    public func lines(_ palette: Palette, marking mark: (String) -> String) -> [String] {
        var said = LogRecord.lines(message).map(mark)
        var first = [level.map { palette.paint($0.label, $0.style) } ?? "     "]
        if !said.isEmpty { first.append(said.removeFirst()) }
        first += members.map { member in
            palette.paint(Text.sanitised(member.key) + "=", .cyan) + LogRecord.shown(member.value, mark)
        }
        let trace = stack.map { "      " + mark($0) }
        return [first.joined(separator: " ")] + said.map { "      " + $0 } + trace
    }

    private static func shown(_ value: Value, _ mark: (String) -> String) -> String {
        switch value {
        case .text(let text): isPlain(text) ? mark(text) : "\"\(mark(text))\""
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        case .group(_, let json), .other(let json): mark(json)
        }
    }

    /// Whether it can stand without quotes.
    private static func isPlain(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 < 0x80 && $0 != 0x22 && $0 != 0x3D }
    }
}
