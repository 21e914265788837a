internal import Linux
internal import Supervision
internal import Wire

/// When the bytes of a log file were written, as the index beside it tells.
///
/// It is read in windows, because a log that was never rotated may have millions of records. A class, because it owns
/// an open file.
final class LogTimes {
    private let file: SharedDescriptor
    private var count = 0
    private var window: [TimeIndex.Record] = []
    private var windowStart = 0
    /// The last record whose offset was reached.
    private var current = -1

    private static let windowLength = 4096

    /// Nil: there is none, or it belongs to another file. For a compressed log the inode is not known.
    init?(_ path: String, inode: UInt64?) {
        guard let opened = try? File.open(path),
            let header = try? opened.read(at: 0, atMost: TimeIndex.recordLength),
            let owner = TimeIndex.inode(inHeader: header), inode == nil || inode == owner
        else { return nil }
        file = SharedDescriptor(opened)
        refresh()
    }

    /// Which file it was made for.
    static func owner(_ path: String) -> UInt64? {
        guard let opened = try? File.open(path),
            let header = try? opened.read(at: 0, atMost: TimeIndex.recordLength)
        else { return nil }
        return TimeIndex.inode(inHeader: header)
    }

    /// Takes notice of what was added.
    func refresh() {
        guard let size = try? file.descriptor.size() else { return }
        // The header is as long as a record.
        count = max(0, Int(size) / TimeIndex.recordLength - 1)
        if current >= count { current = -1 }
    }

    /// The time of the first record: what stands before it was written earlier.
    var beginning: Int64? { record(0)?.time }

    /// The place of the last record.
    var ending: Int64? { record(count - 1, ahead: 1)?.offset }

    /// When the line that begins here was written; nil: before there were records.
    func time(at offset: Int64) -> Int64? {
        if let reached = record(current), reached.offset > offset { current = -1 }
        if current < 0 { current = firstIndex { $0.offset > offset } - 1 }
        while let next = record(current + 1), next.offset <= offset { current += 1 }
        return record(current)?.time
    }

    /// Whose instance wrote what begins where the time was asked of last.
    var generation: UInt16? { record(current)?.generation }

    /// Whose the last bytes are.
    var lastGeneration: UInt16? { record(count - 1)?.generation }

    /// From when on a generation wrote, and when another one did after its last; nil: it did not.
    func stretch(of generation: UInt16) -> (first: Int64, next: Int64?)? {
        var first: Int64?
        var next: Int64?
        for index in 0..<count {
            guard let record = record(index) else { break }
            if record.generation == generation {
                first = first ?? record.time
                next = nil
            } else if first != nil, next == nil {
                next = record.time
            }
        }
        return first.map { ($0, next) }
    }

    /// From where on everything was written at this time or later; nil: nothing was, as far as is known.
    func offset(since time: Int64) -> Int64? { record(firstIndex { $0.time >= time })?.offset }

    /// The first record for which this holds, as it does for all after it; `count` where there is none.
    private func firstIndex(where holds: (TimeIndex.Record) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            guard let probe = record(middle, ahead: 1) else { return count }
            if holds(probe) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func record(_ index: Int, ahead: Int = LogTimes.windowLength) -> TimeIndex.Record? {
        guard index >= 0, index < count else { return nil }
        if !(windowStart..<(windowStart + window.count)).contains(index) {
            window = records(from: index, atMost: ahead)
            windowStart = index
        }
        let inWindow = index - windowStart
        return inWindow < window.count ? window[inWindow] : nil
    }

    private func records(from index: Int, atMost limit: Int) -> [TimeIndex.Record] {
        let length = TimeIndex.recordLength
        let bytes = (try? file.descriptor.read(at: Int64((index + 1) * length), atMost: limit * length)) ?? []
        return stride(from: 0, to: bytes.count, by: length).compactMap {
            TimeIndex.Record(parsing: Array(bytes[$0..<min($0 + length, bytes.count)]))
        }
    }
}
