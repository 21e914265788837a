internal import Linux
internal import Wire

/// The index of times beside a log, while it is written.
///
/// Nothing depends on it: what cannot be noted is not known, and the log goes on.
struct TimeNotes {
    private let file: SharedDescriptor
    private var end: Int64
    private var last: TimeIndex.Record?
    /// How far behind the time that it says the clock may have been set since.
    private static let clockError: Int64 = 86_400_000_000_000
    /// When the log's first bytes were written, as far as it was noted.
    private(set) var first: Int64?

    /// Goes on with the index of this log, or begins one; nil: it cannot be written.
    init?(besides path: String, inode: UInt64, size: Int64) {
        guard let opened = try? File.open(TimeIndex.path(ofLog: path), [.readAndWrite, .create], mode: 0o600)
        else { return nil }
        file = SharedDescriptor(opened)
        end = Int64(TimeIndex.recordLength)
        guard let head = try? file.descriptor.read(at: 0, atMost: TimeIndex.recordLength),
            TimeIndex.inode(inHeader: head) == inode, resume(size: size)
        else {
            guard (try? restart(inode)) != nil else { return nil }
            return
        }
    }

    /// The log of this time had so many bytes, before more came.
    mutating func note(_ offset: Int64, at time: Int64, by generation: UInt16) {
        if let last, last.generation == generation, !isWorthwhile(offset, time, after: last) { return }
        let record = TimeIndex.Record(
            time: max(time, last?.time ?? time), offset: offset, generation: generation)
        guard (try? file.descriptor.write(record.bytes, at: end)) != nil else { return }
        end += Int64(TimeIndex.recordLength)
        last = record
        if first == nil { first = record.time }
    }

    private func isWorthwhile(_ offset: Int64, _ time: Int64, after last: TimeIndex.Record) -> Bool {
        let (elapsed, written) = (time - last.time, offset - last.offset)
        if elapsed >= LogPolicy.longNoteInterval || written >= LogPolicy.noteBytesLimit { return true }
        return elapsed >= LogPolicy.noteInterval && written >= LogPolicy.noteBytes
    }

    private mutating func restart(_ inode: UInt64) throws(SystemError) {
        try file.descriptor.truncate(to: 0)
        try file.descriptor.write(TimeIndex.header(inode: inode), at: 0)
        (last, first) = (nil, nil)
        end = Int64(TimeIndex.recordLength)
    }

    /// False: it says what cannot be, or nothing.
    private mutating func resume(size: Int64) -> Bool {
        let length = Int64(TimeIndex.recordLength)
        guard let bytes = try? file.descriptor.size(), bytes >= 2 * length else { return false }
        end = bytes / length * length
        guard let newest = record(at: end - length), let oldest = record(at: length),
            (0...size).contains(newest.offset), newest.time >= oldest.time, oldest.time >= 0,
            newest.time <= Clock.wall() + TimeNotes.clockError
        else { return false }
        last = newest
        first = oldest.time
        return true
    }

    private func record(at place: Int64) -> TimeIndex.Record? {
        guard let bytes = try? file.descriptor.read(at: place, atMost: TimeIndex.recordLength) else {
            return nil
        }
        return TimeIndex.Record(parsing: bytes)
    }
}
