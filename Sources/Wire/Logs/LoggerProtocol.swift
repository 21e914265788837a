public import Supervision

/// Who has said a line, for those who keep logs elsewhere.
///
/// A class, so that what leads to it is small.
public final class LineSource: Sendable {
    /// With its namespace.
    public let app: String
    public let slot: Int
    public let generation: Int
    public let stream: LogStream

    public init(app: String, slot: Int, generation: Int, stream: LogStream) {
        (self.app, self.slot, self.generation, self.stream) = (app, slot, generation, stream)
    }

    /// In the numbers of syslog(3): LOG_INFO or LOG_ERR.
    var severity: Int { stream == .out ? 6 : 3 }
    /// LOG_DAEMON.
    static let facility = 3
}

/// How lines are told to another logger of this machine, one message each.
///
/// The line is passed on as it was said, byte by byte; one that is too long for a message comes in several.
public enum LoggerProtocol: Sendable {
    /// RFC 5424.
    case syslog(host: String)
    /// systemd's own ("Native Journal Protocol").
    case journald

    /// What one message may have of a line. With what stands around it that is less than the 8 KiB that rsyslog takes,
    /// and the 64 KiB for which any socket has room.
    public var lineLimit: Int {
        switch self {
        case .syslog: 7 << 10
        case .journald: 48 << 10
        }
    }

    /// What stands before the lines that this source says at this time, in nanoseconds since 1970.
    public func head(_ source: LineSource, at time: Int64) -> [UInt8] {
        switch self {
        case .syslog(let host): LoggerProtocol.syslogHead(source, host, time)
        case .journald: LoggerProtocol.journalHead(source)
        }
    }

    /// A line behind such a head, without its end; `isContinued`: it began in an earlier message.
    public func message(_ line: UnsafeRawBufferPointer, isContinued: Bool = false, behind head: [UInt8])
        -> [UInt8]
    {
        let prefix = isContinued ? Array(LogFormatter.continued.utf8) : []
        var message: [UInt8] = []
        message.reserveCapacity(head.count + prefix.count + line.count + 20)
        message += head
        switch self {
        case .syslog: break
        case .journald: LoggerProtocol.begin("MESSAGE", of: line, prefix.count, in: &message)
        }
        message += prefix
        message.append(contentsOf: line)
        if case .journald = self { message.append(0x0A) }
        return message
    }
}

// MARK: - syslog

extension LoggerProtocol {
    private static let stamp = LogTimeFormat("%Y-%m-%dT%H:%M:%S.%fZ")

    /// No byte order mark follows: only the program knows in which encoding it speaks (section 6.4, MSG-ANY). The number
    /// in the name of the structured data is the one for examples (RFC 5612), because swpm has none.
    private static func syslogHead(_ source: LineSource, _ host: String, _ time: Int64) -> [UInt8] {
        var head = Array("<\(LineSource.facility * 8 + source.severity)>1 ".utf8)
        head += stamp.text(at: time, offset: 0).utf8
        head.append(0x20)
        head += printable(host, 255)
        head.append(0x20)
        head += printable(source.app, 48)
        head += " - \(source.stream.rawValue) [swpm@32473 app=\"".utf8
        for byte in source.app.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: "]") {
                head.append(UInt8(ascii: "\\"))
            }
            head.append(byte)
        }
        head += "\" slot=\"\(source.slot)\" generation=\"\(source.generation)\"".utf8
        head += " stream=\"\(source.stream.rawValue)\"] ".utf8
        return head
    }

    /// As the names in the header have to be (PRINTUSASCII).
    private static func printable(_ name: String, _ limit: Int) -> [UInt8] {
        let bytes = name.utf8.prefix(limit).map { (33...126).contains($0) ? $0 : UInt8(ascii: "_") }
        return bytes.isEmpty ? [UInt8(ascii: "-")] : bytes
    }
}

// MARK: - journald

extension LoggerProtocol {
    private static func journalHead(_ source: LineSource) -> [UInt8] {
        var head: [UInt8] = []
        let fields = [
            ("PRIORITY", "\(source.severity)"), ("SYSLOG_FACILITY", "\(LineSource.facility)"),
            ("SYSLOG_IDENTIFIER", source.app), ("SWPM_APP", source.app), ("SWPM_SLOT", "\(source.slot)"),
            ("SWPM_GENERATION", "\(source.generation)"), ("SWPM_STREAM", source.stream.rawValue),
        ]
        for (name, value) in fields {
            let bytes = Array(value.utf8)
            bytes.withUnsafeBytes { begin(name, of: $0, 0, in: &head) }
            head += bytes
            head.append(0x0A)
        }
        return head
    }

    /// `NAME=`, or the name in a line of its own and the length in eight bytes, where the value is more than plain text.
    /// `more`: how many bytes of text come before this value.
    private static func begin(
        _ name: String, of value: UnsafeRawBufferPointer, _ more: Int, in message: inout [UInt8]
    ) {
        message += name.utf8
        let isPlain = value.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
        message.append(isPlain ? UInt8(ascii: "=") : 0x0A)
        guard !isPlain else { return }
        let length = UInt64(value.count + more)
        for place in 0..<8 { message.append(UInt8(truncatingIfNeeded: length >> UInt64(place * 8))) }
    }
}
