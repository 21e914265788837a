internal import CLinux

/// The end of a file: its last lines, and where they begin.
public struct FileTail: Equatable, Sendable {
    /// The file's size when it was read: a follower goes on from here.
    public var end: Int64
    /// Whole lines, except for the last one when it has no end yet, and for the first when the limit cut it.
    public var bytes: [UInt8]

    public var start: Int64 { end - Int64(bytes.count) }
}

extension Descriptor {
    /// The last lines, found from the end, so that a huge file costs no more than a small one.
    public borrowing func tail(lines: Int, atMost limit: Int = 1 << 20) throws(SystemError) -> FileTail {
        let end = try size()
        guard lines > 0 else { return FileTail(end: end, bytes: []) }
        var missing = lines
        let start =
            try start(ofLast: &missing, before: end, atMost: Int64(limit)) ?? max(0, end - Int64(limit))
        return FileTail(end: end, bytes: try read(at: start, atMost: Int(end - start)))
    }

    /// Where the last lines before a place begin, found backwards; nil: earlier than the file or the limit, and
    /// `missing` is what lacks. A newline just before that place ends the last line; it does not begin another.
    public borrowing func start(
        ofLast missing: inout Int, before end: Int64, atMost limit: Int64 = .max
    ) throws(SystemError) -> Int64? {
        var start = end
        while start > 0, end - start < limit {
            let length = Int(min(65536, start, limit - (end - start)))
            let chunk = try read(at: start - Int64(length), atMost: length)
            // It became shorter meanwhile.
            guard chunk.count == length else { return nil }
            let searched = start == end && chunk.last == 0x0a ? length - 1 : length
            let cut = chunk.withUnsafeBytes { buffer in
                clinux_last_lines(buffer.baseAddress, searched, &missing)
            }
            start -= Int64(length)
            if cut >= 0 { return start + Int64(cut) }
        }
        return nil
    }
}

extension File {
    public static func tail(
        _ path: String, lines: Int, atMost limit: Int = 1 << 20
    ) throws(SystemError) -> FileTail {
        try open(path).tail(lines: lines, atMost: limit)
    }
}
