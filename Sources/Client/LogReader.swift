internal import Linux

/// A log file that is read to its end again and again, through rotation and truncation.
///
/// A class, because it owns an open file and the place in it, and a table holds many.
final class LogReader {
    let source: LogSource
    private var file: SharedDescriptor?
    private var position: Int64 = 0
    private var unfinished: [UInt8] = []

    private static let chunk = 256 << 10
    /// A line longer than this is shown in pieces.
    private static let longestLine = 1 << 20

    init(_ source: LogSource) { self.source = source }

    /// The last lines, from which `more` goes on. A file that is not there yet has none.
    func begin(lines: Int) -> [[UInt8]] {
        // What cannot be opened is tried again with each `more`.
        guard let opened = try? File.open(source.path) else { return [] }
        let file = SharedDescriptor(opened)
        guard let tail = try? file.descriptor.tail(lines: lines) else { return [] }
        self.file = file
        position = tail.end
        return split(tail.bytes)
    }

    /// Whole lines that came since.
    func more() -> [[UInt8]] {
        var lines = rest()
        guard isReplaced else { return lines }
        if !unfinished.isEmpty { lines.append(unfinished) }
        unfinished = []
        position = 0
        file = try? SharedDescriptor(File.open(source.path))
        return lines + rest()
    }

    /// What was written without an end, when nothing will follow.
    func finish() -> [[UInt8]] {
        defer { unfinished = [] }
        return unfinished.isEmpty ? [] : [unfinished]
    }

    private func rest() -> [[UInt8]] {
        guard let file else { return [] }
        if let size = try? file.descriptor.size(), size < position { position = 0 }
        guard let bytes = try? file.descriptor.read(at: position, atMost: LogReader.chunk) else { return [] }
        position += Int64(bytes.count)
        return split(bytes)
    }

    /// Whether there may be more than one `more` gives.
    var isBehind: Bool {
        guard let file, let size = try? file.descriptor.size() else { return false }
        return size > position
    }

    /// Whether the path means another file now, and this one is read to its end.
    private var isReplaced: Bool {
        guard let status = try? File.status(source.path) else { return false }
        guard let file, let open = try? file.descriptor.status() else { return true }
        return !status.isSameFile(as: open) && !isBehind
    }

    private func split(_ bytes: [UInt8]) -> [[UInt8]] {
        guard !bytes.isEmpty else { return [] }
        var parts = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map {
            Array($0)
        }
        parts[0] = unfinished + parts[0]
        unfinished = parts.removeLast()
        if unfinished.count > LogReader.longestLine { parts.append(unfinished); unfinished = [] }
        return parts
    }
}
