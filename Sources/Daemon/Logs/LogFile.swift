internal import Glibc
internal import Linux
internal import Supervision
internal import Wire

/// A log on disk, written at its end by one stream or several.
///
/// It is never open for appending, because splice(2) refuses that; the end is known, since nobody else writes. A
/// class, because all streams of one path share it.
final class LogFile {
    let path: String
    var rules: LogRules
    private var file: SharedDescriptor?
    private(set) var end: Int64 = 0
    /// Devices and pipes have no end, no index and no past.
    private(set) var isRegular = true
    private var identity: Identity?
    private var notes: TimeNotes?
    private var openedAt: Int64 = 0
    private var lookedAt: Int64 = 0
    /// How many streams write here.
    var streams = 0
    /// Whose instance writes now.
    var generation: UInt16 = 0
    /// Whose line is not finished.
    private var line: Line = .finished

    /// How often it was put aside, and what it was called last then.
    private(set) var turnover = 0
    private(set) var former: String?
    /// Since somebody asked last.
    var wasPutAside = false
    private var lastStamp: Int64?
    /// Where it ended when it was due for rotation.
    private var dueFrom: Int64?
    /// By the clock that never jumps.
    private var rotatesAgainAt: Int64 = 0
    /// What a schedule has said last.
    private var term: (began: Int64, schedule: Schedule, end: Int64)?
    /// Why it was not put aside, until somebody asks.
    var complaint: SystemError?

    private var spaceAt: Int64 = 0
    private var spaceEnd: Int64 = 0
    private var isCramped = false

    /// Which file it is; kept for every log, so no more than is needed.
    private struct Identity {
        let device: UInt64
        let inode: UInt64
        let mode: UInt32

        init(_ status: FileStatus) { (device, inode, mode) = (status.device, status.inode, status.mode) }

        func isThat(of status: FileStatus?) -> Bool { status?.device == device && status?.inode == inode }
    }

    private enum Line: Equatable {
        case finished
        /// It was so when the file was opened.
        case found
        case begun(StreamID, at: Int64)
    }

    init(_ path: String, _ rules: LogRules) {
        self.path = path
        self.rules = rules
    }

    /// Nil: it was not open yet.
    var device: UInt64? { identity?.device }

    /// Somebody made it before.
    var isThere: Bool { file != nil || (try? File.status(path)) != nil }

    /// Moves bytes from a pipe to the end of the file.
    func take(from pipe: SharedDescriptor, atMost count: Int) throws(SystemError) -> Transfer {
        let file = try opened()
        let (before, time) = (end, Clock.wall())
        let transfer = try file.descriptor.splice(from: pipe.descriptor, at: end, atMost: count)
        if case .moved(let moved) = transfer { grew(by: moved, from: before, at: time) }
        return transfer
    }

    /// All of these bytes at the end, or none.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        let file = try opened()
        let (before, time) = (end, Clock.wall())
        do throws(SystemError) {
            try file.descriptor.write(bytes, at: end)
            grew(by: bytes.count, from: before, at: time)
        } catch {
            // What fitted must not stand there as half a line; if it does, the next line begins behind it.
            try? file.descriptor.truncate(to: end)
            throw error
        }
    }

    /// As many of these bytes as a device or a pipe takes now; at least one.
    func pass(_ bytes: [UInt8]) throws(SystemError) -> Int {
        switch try opened().descriptor.write(bytes) {
        case .moved(let count): return count
        case .wouldBlock: throw SystemError("write to \(path)", code: EAGAIN)
        case .ended: throw SystemError("write to \(path)", code: EPIPE)
        }
    }

    func tail(lines: Int, atMost limit: Int) throws(SystemError) -> FileTail {
        try opened().descriptor.tail(lines: lines, atMost: limit)
    }

    /// Goes on after some output was dropped, behind a line that says how much.
    func resume(_ stream: StreamID, behind mark: [UInt8], with rest: [UInt8], at now: Int64)
        throws(SystemError)
    {
        try refresh(at: now)
        guard isRegular else {
            _ = try pass(mark + rest)
            return
        }
        try write((endsInNewline() ? [] : [0x0a]) + mark + rest)
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

    /// Takes back what was written from there on; returns how much that was.
    func cut(to place: Int64, of stream: StreamID) -> Int {
        guard isRegular, end > place, (try? file?.descriptor.truncate(to: place)) != nil else { return 0 }
        let count = Int(end - place)
        end = place
        line = endsInNewline() ? .finished : .begun(stream, at: 0)
        return count
    }

    func close() { (file, notes) = (nil, nil) }

    private func grew(by count: Int, from before: Int64, at time: Int64) {
        guard isRegular else { return }
        end += Int64(count)
        if notes == nil, let identity {
            notes = TimeNotes(besides: path, inode: identity.inode, size: before)
        }
        notes?.note(before, at: time, by: generation)
    }

    private func opened() throws(SystemError) -> SharedDescriptor {
        if let file { return file }
        let opened = SharedDescriptor(try create())
        let found = try opened.descriptor.status()
        identity = Identity(found)
        isRegular = found.kind == .file
        end = isRegular ? found.size : 0
        file = opened
        openedAt = Clock.wall()
        // Of an empty file there is nothing to note yet.
        notes = end > 0 ? TimeNotes(besides: path, inode: found.inode, size: end) : nil
        spaceEnd = end
        line = endsInNewline() ? .finished : .found
        return opened
    }

    private func create() throws(SystemError) -> Descriptor {
        // A pipe without a reader must not hold up everybody.
        let access: File.Access = [.readAndWrite, .create, .nonBlocking]
        let mode = identity?.mode ?? 0o600
        do throws(SystemError) {
            return try File.open(path, access, mode: mode)
        } catch  where error.code == ENOENT {
            let slash = path.lastIndex(of: "/") ?? path.startIndex
            try Directory.create(String(path[..<slash]))
            return try File.open(path, access, mode: mode)
        }
    }
}

// MARK: - Following what others do to it

extension LogFile {
    /// Notices that it was emptied, and, once in a while, that the path leads to another file or to none.
    func refresh(at now: Int64) throws(SystemError) {
        let file = try opened()
        if isRegular {
            let size = try file.descriptor.size()
            if size < end { emptied(to: size) }
        }
        guard now - lookedAt > LogPolicy.lookAtPath else { return }
        lookedAt = now
        guard let identity, try !identity.isThat(of: File.status(path)) else { return }
        try reopen()
    }

    /// The path may lead to another file by now.
    func reopen() throws(SystemError) {
        file = nil
        notes = nil
        dueFrom = nil
        identity = nil
        _ = try opened()
    }

    /// Everything that was said goes, and the file stays.
    func empty() throws(SystemError) {
        guard isRegular, let file else { return }
        try file.descriptor.truncate(to: 0)
        emptied(to: 0)
    }

    private func emptied(to size: Int64) {
        end = size
        dueFrom = nil
        line = endsInNewline() ? .finished : .found
        notes = nil
        // An index of an emptied file would tell the old times.
        try? File.remove(TimeIndex.path(ofLog: path))
    }

    /// Why nothing should be written, though it could be: too little would be left of the disk.
    func lackOfSpace(at now: Int64) -> String? {
        let isTime = now - spaceAt >= LogPolicy.lookAtSpace || end - spaceEnd >= LogPolicy.lookAtSpaceBytes
        if isTime, isRegular, let file {
            (spaceAt, spaceEnd) = (now, end)
            if let system = try? file.descriptor.fileSystem() {
                let limit = rules.values.free.limit(ofDisk: system.size)
                // What stopped goes on only when there is somewhat more than it stopped for.
                isCramped = system.available < (isCramped ? limit + limit / 10 : limit)
            }
        }
        return isCramped ? "too little space is left on the disk" : nil
    }
}

// MARK: - Putting it aside

extension LogFile {
    /// It is big or old enough.
    func isDue(at wall: Int64) -> Bool {
        guard isRegular, end > 0, rotatesAgainAt == 0 || Clock.monotonic() >= rotatesAgainAt else {
            return false
        }
        if rules.values.size > 0, end >= rules.values.size { return true }
        let began = notes?.first ?? openedAt
        // What began in times to come was written when the clock was wrong, and is not waited for.
        if began > wall + LogFile.leap, rules.values.schedule != nil || rules.values.interval > 0 {
            return true
        }
        if let schedule = rules.values.schedule { return wall >= end(of: began, schedule) }
        return rules.values.interval > 0 && wall - began >= rules.values.interval
    }

    /// Further ahead no clock is by mere drift.
    private static let leap: Int64 = 3_600_000_000_000

    /// When the schedule puts aside what began then.
    private func end(of began: Int64, _ schedule: Schedule) -> Int64 {
        if let term, term.began == began, term.schedule == schedule { return term.end }
        let second: Int64 = 1_000_000_000
        let next = schedule.next(after: began / second) { Clock.offset(atWall: $0 * second) }
        let end = next.map { $0 * second } ?? .max
        term = (began, schedule, end)
        return end
    }

    /// How much fits before it is due.
    var room: Int { rules.values.size > end ? Int(rules.values.size - end) : .max }

    /// Puts it aside if this is between two lines, or if a line has been waited for long enough; false: not yet.
    func rotate(at wall: Int64) -> Bool {
        let from = dueFrom ?? end
        dueFrom = from
        guard endsInNewline() || end - from >= LogPolicy.lineLimit else { return false }
        dueFrom = nil
        do throws(SystemError) {
            // What is not at the path any more was put aside by somebody else.
            if let identity, try identity.isThat(of: File.status(path)) { try putAside(at: wall) }
            file = nil
            notes = nil
            _ = try opened()
        } catch {
            complaint = error
            rotatesAgainAt = Clock.monotonic() + LogPolicy.rotationRetry
        }
        return true
    }

    private func putAside(at wall: Int64) throws(SystemError) {
        let time = max(wall / 1000, try newestStamp() + 1)
        let name = RotatedLog.name(path, stamp: RotatedLog.stamp(atMicroseconds: time), nil)
        // The index first: of a log without one it is only not known when it was written.
        try? File.rename(TimeIndex.path(ofLog: path), to: TimeIndex.path(ofLog: name))
        try File.rename(path, to: name)
        lastStamp = time
        former = name
        turnover += 1
        wasPutAside = true
    }

    /// Of those that are there already, in microseconds: the clock may have gone back.
    private func newestStamp() throws(SystemError) -> Int64 {
        if let lastStamp { return lastStamp }
        let (directory, name) = LogFile.parts(of: path)
        return try Directory.names(in: directory).compactMap { RotatedLog(name: $0, of: name)?.microseconds }
            .max() ?? 0
    }

    static func parts(of path: String) -> (directory: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
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
        guard isRegular, let file, end > 0 else { return true }
        return (try? file.descriptor.read(at: end - 1, atMost: 1)) == [0x0a]
    }
}
