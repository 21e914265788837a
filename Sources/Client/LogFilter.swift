internal import Console
internal import Linux
internal import Supervision
internal import Wire

/// Which lines are wanted.
struct LogFilter {
    var pattern: Pattern?
    /// Those that the pattern does not find.
    var isInverted = false
    /// What says that it is less serious is left out; what says nothing stays.
    var level: LogLevel?

    var takesAll: Bool { pattern == nil && level == nil }

    func passes(_ line: ArraySlice<UInt8>, of source: LogSource) -> Bool {
        if takesAll { return true }
        return passes(LogContents(line, of: source))
    }

    func passes(_ contents: LogContents) -> Bool {
        if let pattern, pattern.matches(contents.text) == isInverted { return false }
        guard let level, let found = LogRecord(line: contents.text)?.level else { return true }
        return found >= level
    }
}

/// What a program said in a line: the line itself, or what swpm has wrapped in an object for it (`log_type: "json"`).
struct LogContents {
    var text: ArraySlice<UInt8>
    /// When it was said, if the line tells.
    var time: Int64?
    var isError: Bool

    init(_ line: ArraySlice<UInt8>, of source: LogSource) {
        text = line
        isError = source.isError
        guard source.isJSON, line.first == UInt8(ascii: "{"), let json = LogContents.json(line),
            case .string(let message)? = json["message"], case .string(let type)? = json["type"]
        else { return }
        isError = type == "err"
        text = Array(message.utf8)[...]
        if case .string(let exact)? = json["message_base64"], let bytes = Base64Text.bytes(exact) {
            text = bytes[...]
        }
        if case .string(let stamp)? = json["timestamp"], case .moment(let moment)? = WrittenTime(stamp: stamp)
        {
            time = moment
        }
    }

    /// What programs write may be anything; only an object is worth a look.
    fileprivate static func json(_ line: ArraySlice<UInt8>) -> JSON? {
        var options = JSONOptions.strict
        options.distinctKeys = false
        return line.withUnsafeBufferPointer { try? JSON(parsing: $0, options: options) }
    }
}

extension LogRecord {
    /// Nil: it is no line of a structured logger.
    init?(line: ArraySlice<UInt8>) {
        guard line.first == UInt8(ascii: "{"), case .object(let members)? = LogContents.json(line) else {
            return nil
        }
        self.init(members.map { LogRecord.member($0, depth: 1) })
    }

    private static func member(_ member: JSON.Member, depth: Int) -> Member {
        let value: Value =
            switch member.value {
            case .string(let text): .text(text)
            case .integer(let number): .integer(number)
            case .double(let number): .number(number)
            case .object(let inner) where depth > 0:
                .group(inner.map { LogRecord.member($0, depth: depth - 1) }, json: text(member.value))
            case .null, .bool, .array, .object: .other(json: text(member.value))
            }
        return Member(member.key, value)
    }

    private static func text(_ json: JSON) -> String {
        var writer = JSONWriter()
        writer.value(json)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
