internal import Glibc
internal import Linux

/// A log on disk, written at its end by one stream or several.
///
/// It is never open for appending, because splice(2) refuses that; the end is known, since nobody else writes. A
/// class, because all streams of one path share it.
final class LogFile {
    let path: String
    private var file: SharedDescriptor?
    private(set) var end: Int64 = 0
    private var lookedAt: Int64 = 0
    /// How many streams write here.
    var streams = 0
    /// Whose line is not finished.
    private var line: Line = .finished

    private enum Line: Equatable {
        case finished
        /// It was so when the file was opened.
        case found
        case begun(StreamID, at: Int64)
    }

    init(_ path: String) { self.path = path }

    /// Somebody made it before.
    var isThere: Bool { file != nil || (try? File.status(path)) != nil }

    /// Moves bytes from a pipe to the end of the file.
    func take(from pipe: SharedDescriptor, atMost count: Int) throws(SystemError) -> Transfer {
        let file = try opened()
        let transfer = try file.descriptor.splice(from: pipe.descriptor, at: end, atMost: count)
        if case .moved(let moved) = transfer { end += Int64(moved) }
        return transfer
    }

    /// All of these bytes at the end, or none.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        let file = try opened()
        do throws(SystemError) {
            try file.descriptor.write(bytes, at: end)
            end += Int64(bytes.count)
        } catch {
            // What fitted must not stand there as half a line; if it does, the next line begins behind it.
            try? file.descriptor.truncate(to: end)
            throw error
        }
    }

    func tail(lines: Int, atMost limit: Int) throws(SystemError) -> FileTail {
        try opened().descriptor.tail(lines: lines, atMost: limit)
    }

    /// Goes on after some output was dropped, behind a line that says how much.
    func resume(
        _ stream: StreamID, dropped: Int, _ reason: SystemError, with rest: [UInt8], at now: Int64
    ) throws(SystemError) {
        try refresh(at: now)
        let mark = "[swpm] \(dropped) bytes dropped: \(reason.reason)\n"
        try write(Array(((endsInNewline() ? "" : "\n") + mark).utf8) + rest)
        wrote(stream, at: now)
    }

    /// Takes back the line of which only the beginning found room; returns how much that was.
    func takeBackLine(of stream: StreamID) -> Int {
        guard case .begun(stream, _) = line, let torn = try? tail(lines: 1, atMost: LogPolicy.pipeCapacity),
            torn.end == end, (try? file?.descriptor.truncate(to: torn.start)) != nil
        else { return 0 }
        end = torn.start
        line = endsInNewline() ? .finished : .found
        return torn.bytes.count
    }

    private func opened() throws(SystemError) -> SharedDescriptor {
        if let file { return file }
        let opened = SharedDescriptor(try create())
        end = try opened.descriptor.size()
        file = opened
        line = endsInNewline() ? .finished : .found
        return opened
    }

    private func create() throws(SystemError) -> Descriptor {
        do throws(SystemError) {
            return try File.open(path, [.readAndWrite, .create], mode: 0o600)
        } catch  where error.code == ENOENT {
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            try Directory.create(String(path[..<slash]))
            return try File.open(path, [.readAndWrite, .create], mode: 0o600)
        }
    }
}

// MARK: - Following what others do to it

extension LogFile {
    /// Notices that it was emptied, and, once in a while, that the path leads to another file or to none.
    func refresh(at now: Int64) throws(SystemError) {
        let size = try opened().descriptor.size()
        if size < end { end = size }
        guard now - lookedAt > LogPolicy.lookAtPath else { return }
        lookedAt = now
        let mine = try file?.descriptor.status()
        guard let mine, try File.status(path)?.isSameFile(as: mine) != true else { return }
        file = nil
        _ = try opened()
    }
}

// MARK: - Whole lines

extension LogFile {
    /// Whether what this stream says next would stand in the middle of another's line.
    func isMidLine(for stream: StreamID, isNew: Bool) throws(SystemError) -> Bool {
        _ = try opened()
        switch line {
        case .finished, .begun(stream, _): return false
        // A stream that was there before the file was opened may be the one who began the line.
        case .found: return isNew
        case .begun: return true
        }
    }

    /// Ends the line for its owner, who had time enough; false: the owner still has some.
    func endsLine(at now: Int64) throws(SystemError) -> Bool {
        if case .begun(_, let at) = line, now - at < LogPolicy.linePatience, streams > 1 { return false }
        try write([0x0a])
        line = .finished
        return true
    }

    func wrote(_ stream: StreamID, at now: Int64) {
        line = endsInNewline() ? .finished : .begun(stream, at: now)
    }

    /// The rest of its line will never come.
    func finished(_ stream: StreamID) {
        if case .begun(stream, _) = line { line = .begun(stream, at: .min / 2) }
    }

    func endsInNewline() -> Bool {
        guard let file, end > 0 else { return true }
        return (try? file.descriptor.read(at: end - 1, atMost: 1)) == [0x0a]
    }
}
