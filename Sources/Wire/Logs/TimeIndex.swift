/// When the bytes of a log were written: pairs of a time and the size that the file had then.
///
/// It lies beside the log as a hidden file, grows only, and is sparse: who looks for a time reads the log from the
/// last record before it.
public struct TimeIndex: Equatable, Sendable {
    /// At this time, in nanoseconds since 1970, the log had so many bytes.
    public struct Record: Equatable, Sendable {
        public var time: Int64
        public var offset: Int64
        /// Of whose instance the bytes behind that are; 0: nobody knows. No two that are near have the same.
        public var generation: UInt16

        public init(time: Int64, offset: Int64, generation: UInt16 = 0) {
            self.time = time
            self.offset = offset
            self.generation = generation
        }

        /// What stands for a generation: they begin anew after 65 535.
        public static func mark(of generation: Int) -> UInt16 {
            generation > 0 ? UInt16(1 + (generation - 1) % Int(UInt16.max)) : 0
        }

        /// As it stands in the file: two little-endian numbers, of which the second has the generation in its highest
        /// two bytes.
        public var bytes: [UInt8] {
            TimeIndex.bytes(
                UInt64(bitPattern: time),
                UInt64(bitPattern: offset) & Record.places | UInt64(generation) << 48)
        }

        private static let places: UInt64 = 1 << 48 - 1

        init(_ bytes: ArraySlice<UInt8>) {
            time = Int64(bitPattern: TimeIndex.number(bytes.prefix(8)))
            let place = TimeIndex.number(bytes.dropFirst(8).prefix(8))
            offset = Int64(place & Record.places)
            generation = UInt16(place >> 48)
        }

        /// Nil: these are not all bytes of a record.
        public init?(parsing bytes: [UInt8]) {
            guard bytes.count == TimeIndex.recordLength else { return nil }
            self.init(bytes[...])
        }
    }

    /// Of a record, and of the header.
    public static let recordLength = 16
    private static let magic = Array("swpmtim1".utf8)

    /// The log's, which tells whether the index is this file's.
    public var inode: UInt64
    public var records: [Record]

    public init(inode: UInt64, records: [Record] = []) {
        self.inode = inode
        self.records = records
    }

    /// Nil: no index. Ends before the first record that contradicts the one before, or is not complete.
    public init?(parsing bytes: [UInt8]) {
        guard let inode = TimeIndex.inode(inHeader: bytes) else { return nil }
        self.inode = inode
        records = []
        records.reserveCapacity(bytes.count / TimeIndex.recordLength)
        var start = TimeIndex.recordLength
        while start + TimeIndex.recordLength <= bytes.count {
            let record = Record(bytes[start..<start + TimeIndex.recordLength])
            if let last = records.last, record.time < last.time || record.offset < last.offset { return }
            records.append(record)
            start += TimeIndex.recordLength
        }
    }

    /// The file's name, beside the log's. Rotated logs keep the name of their index when they are compressed.
    public static func name(ofLog name: String) -> String { ".\(name).times" }

    /// The path of the index of the log at this path.
    public static func path(ofLog path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return name(ofLog: path) }
        return "\(path[...slash])\(name(ofLog: String(path[path.index(after: slash)...])))"
    }

    public static func header(inode: UInt64) -> [UInt8] { magic + bytes(inode) }

    public static func inode(inHeader bytes: [UInt8]) -> UInt64? {
        guard bytes.count >= recordLength, bytes.starts(with: magic) else { return nil }
        return number(bytes[8..<16])
    }
}

// MARK: - Looking up

extension TimeIndex {
    /// When the byte at this place was written, or a little earlier; nil: before anybody took note.
    public func time(at offset: Int64) -> Int64? {
        let next = partition { $0.offset <= offset }
        return next == 0 ? nil : records[next - 1].time
    }

    /// A place before which everything is older than this time; what is as old or younger is behind it.
    public func offset(at time: Int64) -> Int64 {
        let next = partition { $0.time <= time }
        return next == 0 ? 0 : records[next - 1].offset
    }

    /// How many of the first records this is true of.
    private func partition(_ isBefore: (Record) -> Bool) -> Int {
        var (low, high) = (0, records.count)
        while low < high {
            let middle = (low + high) / 2
            if isBefore(records[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

// MARK: - Numbers

extension TimeIndex {
    private static func bytes(_ numbers: UInt64...) -> [UInt8] {
        numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
