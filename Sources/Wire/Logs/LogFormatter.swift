public import Supervision

/// Turns what a program says into what stands in its log, where that is not the same.
public struct LogFormatter: Sendable {
    public enum Style: Equatable, Sendable {
        /// As it was said.
        case plain
        /// With the time before each line.
        case stamped(LogTimeFormat)
        /// One object for each line.
        case json(LogTimeFormat)
    }

    /// Whose lines these are.
    public struct Speaker: Equatable, Sendable {
        public var app: String
        public var id: SlotID
        public var stream: LogStream

        public init(app: String, id: SlotID, stream: LogStream) {
            self.app = app
            self.id = id
            self.stream = stream
        }
    }

    private let style: Style
    private let speaker: Speaker
    private var cutter = LineCutter()

    /// What stands before the rest of a line that was too long.
    public static let continued = "[swpm] continued: "

    public init(_ style: Style, _ speaker: Speaker) {
        self.style = style
        self.speaker = speaker
    }

    /// How much of what was said waits for the end of its line.
    public var waiting: Int { cutter.waiting }
}

extension LogFormatter {
    /// The lines that are complete now. `time` in nanoseconds since 1970, and `offset` that of the place in seconds.
    public mutating func take(_ bytes: [UInt8], at time: Int64, offset: Int) -> [UInt8] {
        let stamp = stamp(time, offset)
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + bytes.count / 2)
        let (style, speaker) = (style, speaker)
        bytes.withUnsafeBytes { buffer in
            cutter.feed(buffer) { LogFormatter.write($0, style, speaker, stamp, to: &output) }
        }
        return output
    }

    /// The last line, if it has no end.
    public mutating func finish(at time: Int64, offset: Int) -> [UInt8] {
        finish(at: time, offset: offset, isPartial: false)
    }

    /// What waits for the end of its line, with which somebody else goes on: what is written as it was said has no end yet, what is
    /// written in another form is a line of its own.
    public mutating func surrender(at time: Int64, offset: Int) -> [UInt8] {
        let text = finish(at: time, offset: offset, isPartial: true)
        return style == .plain ? Array(text.dropLast()) : text
    }

    private mutating func finish(at time: Int64, offset: Int, isPartial: Bool) -> [UInt8] {
        let stamp = stamp(time, offset)
        var output: [UInt8] = []
        let (style, speaker) = (style, speaker)
        cutter.finish(isPartial: isPartial) { LogFormatter.write($0, style, speaker, stamp, to: &output) }
        return output
    }

    /// Forgets the line that waits for its end; returns how much of it there was.
    public mutating func drop() -> Int { cutter.drop() }

    /// The line that says how much is missing, and why.
    public func mark(dropped: Int, _ reason: String, at time: Int64, offset: Int) -> [UInt8] {
        let text = LogFormatter.mark(dropped: dropped, reason)
        let stamp = String(decoding: stamp(time, offset), as: UTF8.self)
        switch style {
        case .plain: return Array("\(text)\n".utf8)
        case .stamped: return Array("\(stamp)\(text)\n".utf8)
        case .json:
            var writer = JSONWriter()
            writer.object { writer in
                LogFormatter.members(text, speaker, stamp, to: &writer)
                writer.field("dropped", dropped)
            }
            return writer.bytes + [0x0A]
        }
    }

    public static func mark(dropped: Int, _ reason: String) -> String {
        "[swpm] \(dropped) bytes dropped: \(reason)"
    }

    /// What stands before the lines of this moment.
    private func stamp(_ time: Int64, _ offset: Int) -> [UInt8] {
        switch style {
        case .plain: []
        case .stamped(let format): Array("\(format.text(at: time, offset: offset)): ".utf8)
        case .json(let format): Array(format.text(at: time, offset: offset).utf8)
        }
    }
}

// MARK: - One line

extension LogFormatter {
    private static func write(
        _ line: LineCutter.Line, _ style: Style, _ speaker: Speaker, _ stamp: [UInt8],
        to output: inout [UInt8]
    ) {
        switch style {
        case .plain, .stamped:
            output += stamp
            if line.isContinued { output += continued.utf8 }
            output.append(contentsOf: line.bytes)
        case .json:
            var writer = JSONWriter(reserving: line.bytes.count + 128)
            writer.object { writer in
                let text = String(decoding: line.bytes, as: UTF8.self)
                members(text, speaker, String(decoding: stamp, as: UTF8.self), to: &writer)
                if line.isPartial { writer.field("partial", true) }
                // What is not UTF-8 would be lost.
                if !text.utf8.elementsEqual(line.bytes) {
                    writer.field("message_base64", Base64.text(line.bytes))
                }
            }
            output += writer.bytes
        }
        output.append(0x0A)
    }

    /// PM2's keys.
    private static func members(
        _ message: String, _ speaker: Speaker, _ stamp: String, to writer: inout JSONWriter
    ) {
        writer.field("message", message)
        writer.field("timestamp", stamp)
        writer.field("type", speaker.stream == .out ? "out" : "err")
        writer.field("process_id", speaker.id.number)
        writer.field("app_name", speaker.app)
    }
}

/// Bytes as text (RFC 4648, section 4).
enum Base64 {
    private static let digits = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var number: UInt32 = 0
            for place in 0..<3 {
                number = number << 8 | (place < group.count ? UInt32(group[start + place]) : 0)
            }
            for place in 0..<4 {
                let isFilled = place <= group.count
                text.append(isFilled ? digits[Int(number >> UInt32(18 - 6 * place)) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
