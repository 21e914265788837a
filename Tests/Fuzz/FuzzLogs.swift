import Supervision
import Wire

/// However a stream is cut, the same stands in the file; and an index of any bytes is in order.
@_cdecl("LLVMFuzzerTestOneInput")
public func tryLogs(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let speaker = LogFormatter.Speaker(app: "web", id: SlotID(1), stream: .out)
    for style in [LogFormatter.Style.plain, .stamped(.iso), .json(.iso)] {
        let whole = written([bytes], style, speaker)
        // The first byte says how long the pieces are.
        let length = Int(bytes.first ?? 0) + 1
        let pieces = stride(from: 0, to: count, by: length).map { Array(bytes[$0..<min($0 + length, count)]) }
        precondition(written(pieces, style, speaker) == whole, "the file depends on the pieces")
        let lines = whole.split(separator: 0x0A, omittingEmptySubsequences: false).count - 1
        let said =
            bytes.split(separator: 0x0A, omittingEmptySubsequences: false).count
            - (bytes.last == 0x0A ? 1 : 0)
        precondition(lines == (bytes.isEmpty ? 0 : said), "a line was lost or torn")
    }
    if let index = TimeIndex(parsing: bytes) {
        let rewritten = TimeIndex.header(inode: index.inode) + index.records.flatMap(\.bytes)
        precondition(bytes.starts(with: rewritten), "an index changed on its way")
        for record in index.records {
            precondition(index.offset(at: record.time) >= record.offset, "a time is before its place")
            precondition((index.time(at: record.offset) ?? .min) >= record.time, "a place is before its time")
        }
    }
    let text = String(decoding: bytes.prefix(100), as: UTF8.self)
    _ = LogTimeFormat(text).text(at: 1_795_275_466_123_456_789, offset: 7200)
    if let (log, rotated) = RotatedLog.parse(text) {
        precondition(rotated.name(of: log) == text, "a name changed on its way")
    }
    _ = try? HomeSettings(parsing: bytes)
    tellLoggers(bytes, text)
    return 0
}

/// Whatever an app is called and says: its line ends a message for syslog, and journald reads just the fields of ours.
private func tellLoggers(_ line: [UInt8], _ name: String) {
    let source = LineSource(app: name, slot: 1, generation: 2, stream: .error)
    for logger in [LoggerProtocol.syslog(host: name), .journald] {
        let head = logger.head(source, at: 0)
        for isContinued in [false, true] {
            let said = (isContinued ? Array(LogFormatter.continued.utf8) : []) + line
            let message = line.withUnsafeBytes { logger.message($0, isContinued: isContinued, behind: head) }
            guard case .journald = logger else {
                precondition(message == head + said, "syslog was told something else")
                continue
            }
            let fields = journalFields(message)
            precondition(fields.count == 8 && fields[7].value == said, "journald was told something else")
            precondition(fields[7].name == Array("MESSAGE".utf8) && fields[3].value == Array(name.utf8))
        }
    }
}

/// As journald takes a message apart.
private func journalFields(_ message: [UInt8]) -> [(name: [UInt8], value: [UInt8])] {
    var fields: [(name: [UInt8], value: [UInt8])] = []
    var rest = message[...]
    while !rest.isEmpty {
        let end = rest.firstIndex(of: 0x0A)!
        if let sign = rest[..<end].firstIndex(of: UInt8(ascii: "=")) {
            fields.append((Array(rest[..<sign]), Array(rest[(sign + 1)..<end])))
            rest = rest[(end + 1)...]
        } else {
            let start = end + 9
            let length = rest[(end + 1)..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
            fields.append((Array(rest[..<end]), Array(rest[start..<(start + length)])))
            precondition(rest[start + length] == 0x0A, "a field without an end")
            rest = rest[(start + length + 1)...]
        }
    }
    return fields
}

private func written(
    _ pieces: [[UInt8]], _ style: LogFormatter.Style, _ speaker: LogFormatter.Speaker
) -> [UInt8] {
    var formatter = LogFormatter(style, speaker)
    var output: [UInt8] = []
    for piece in pieces { output += formatter.take(piece, at: 0, offset: 0) }
    return output + formatter.finish(at: 0, offset: 0)
}
