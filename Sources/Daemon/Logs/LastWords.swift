internal import Linux
internal import Supervision

extension PumpedStream {
    /// The last lines that this stream left in its file; oldest first.
    func lastWords() -> [String] {
        guard let tail = try? file.tail(lines: Death.lastWordsLimit, atMost: LogPolicy.lastWordsBytes) else {
            return []
        }
        var bytes = tail.bytes[...]
        let foreign = start - tail.start
        if foreign > 0 {
            bytes = bytes.dropFirst(Int(foreign))
            // The end of somebody else's line.
            if bytes.first == 0x0a { bytes.removeFirst() }
        } else if tail.bytes.count == LogPolicy.lastWordsBytes, let end = bytes.firstIndex(of: 0x0a) {
            // The limit has cut the first line.
            bytes = bytes[(end + 1)...]
        }
        guard !bytes.isEmpty else { return [] }
        return bytes.split(separator: 0x0a, omittingEmptySubsequences: false).dropLast(
            bytes.last == 0x0a ? 1 : 0
        )
        .map { String(decoding: $0.prefix(LogPolicy.lastWordBytes), as: UTF8.self) }
    }
}
