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
        var start = end
        var missing = lines
        var bytes: [UInt8] = []
        while start > 0, bytes.count < limit, lines > 0 {
            let length = min(65536, Int(start), limit - bytes.count)
            let chunk = try read(at: start - Int64(length), atMost: length)
            guard chunk.count == length else { break }
            // The newline at the very end ends the last line; it does not begin another.
            let searched = start == end && chunk.last == 0x0a ? length - 1 : length
            let cut = chunk.withUnsafeBytes { buffer in
                clinux_last_lines(buffer.baseAddress, searched, &missing)
            }
            if cut >= 0 { return FileTail(end: end, bytes: Array(chunk[cut...]) + bytes) }
            bytes = chunk + bytes
            start -= Int64(length)
        }
        return FileTail(end: end, bytes: bytes)
    }
}

extension File {
    public static func tail(
        _ path: String, lines: Int, atMost limit: Int = 1 << 20
    ) throws(SystemError) -> FileTail {
        try open(path).tail(lines: lines, atMost: limit)
    }
}
