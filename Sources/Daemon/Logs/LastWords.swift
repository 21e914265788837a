internal import Linux
internal import Supervision

extension PumpedStream {
    /// The last lines that this stream left; oldest first.
    func lastWords() -> [String] {
        if let relay {
            return PumpedStream.words(relay.tail[...], isCut: relay.tail.count == LogPolicy.lastWordsBytes)
        }
        guard let tail = try? file.tail(lines: Death.lastWordsLimit, atMost: LogPolicy.lastWordsBytes) else {
            return []
        }
        let wasPutAside = file.turnover != start.turnover
        var bytes = tail.bytes[...]
        let foreign = wasPutAside ? 0 : start.end - tail.start
        if foreign > 0 {
            bytes = bytes.dropFirst(Int(foreign))
            // The end of somebody else's line.
            if bytes.first == 0x0a { bytes.removeFirst() }
        } else if wasPutAside, tail.start == 0, let former = file.former,
            let before = try? File.tail(former, lines: Death.lastWordsLimit, atMost: LogPolicy.lastWordsBytes)
        {
            let all = before.bytes + bytes
            return PumpedStream.words(all[...], isCut: before.bytes.count == LogPolicy.lastWordsBytes)
        }
        return PumpedStream.words(bytes, isCut: foreign <= 0 && tail.bytes.count == LogPolicy.lastWordsBytes)
    }

    /// `isCut`: the limit has cut the first line.
    private static func words(_ bytes: ArraySlice<UInt8>, isCut: Bool) -> [String] {
        var bytes = bytes
        if isCut, let end = bytes.firstIndex(of: 0x0a) { bytes = bytes[(end + 1)...] }
        guard !bytes.isEmpty else { return [] }
        return bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
            .dropLast(bytes.last == 0x0a ? 1 : 0).suffix(Death.lastWordsLimit)
            .map { String(decoding: $0.prefix(LogPolicy.lastWordBytes), as: UTF8.self) }
    }
}
