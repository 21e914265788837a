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
    return 0
}

private func written(
    _ pieces: [[UInt8]], _ style: LogFormatter.Style, _ speaker: LogFormatter.Speaker
) -> [UInt8] {
    var formatter = LogFormatter(style, speaker)
    var output: [UInt8] = []
    for piece in pieces { output += formatter.take(piece, at: 0, offset: 0) }
    return output + formatter.finish(at: 0, offset: 0)
}
