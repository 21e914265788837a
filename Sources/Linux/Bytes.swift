internal import CLinux
internal import Glibc

/// Looking through bytes as fast as the C library does (memchr(3), memrchr(3)).
public enum Bytes {
    /// The first newline from a place on.
    public static func newline(in bytes: [UInt8], from start: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            guard start < buffer.count, let base = buffer.baseAddress,
                let found = memchr(base + start, 0x0a, buffer.count - start)
            else { return nil }
            return UnsafeRawPointer(found) - UnsafeRawPointer(base)
        }
    }

    /// The last newline before a place.
    public static func lastNewline(in bytes: [UInt8], before end: Int) -> Int? {
        bytes.withUnsafeBytes { buffer in
            var missing = 1
            let behind = clinux_last_lines(buffer.baseAddress, min(end, buffer.count), &missing)
            return behind < 0 ? nil : Int(behind) - 1
        }
    }
}
