internal import Linux

/// Memory that outlives the daemon, and that is always whole.
///
/// There are two pages, and a number that says which one is true; the other is written in full first. So a daemon
/// that dies while it writes leaves the page before.
final class TwoPages {
    private static let pageSize: Int64 = 4 << 20
    private static let headerSize: Int64 = 4096

    private let file: SharedDescriptor
    private var page: Int64 = 0

    /// Goes on behind whoever wrote before.
    init(_ file: SharedDescriptor) {
        self.file = file
        // What was never written has no page that must not be touched.
        if let header = try? file.descriptor.read(at: 0, atMost: 16), header.count == 16 {
            page = Int64(Self.number(header[..<8]))
        }
    }

    /// Where that fails nothing is true any more, because what is true is elsewhere.
    func write(_ bytes: [UInt8]) throws(SystemError) {
        do throws(SystemError) {
            try turn(to: bytes)
        } catch {
            // It was written before: nothing more is needed for it.
            try? file.descriptor.write(Self.number(UInt64(page)) + Self.number(0), at: 0)
            throw error
        }
    }

    private func turn(to bytes: [UInt8]) throws(SystemError) {
        guard bytes.count < Self.pageSize else {
            throw SystemError("note \(bytes.count) bytes", code: SystemError.noSpace)
        }
        let next = 1 - page
        try file.descriptor.write(bytes, at: Self.headerSize + next * Self.pageSize)
        // One small write of two numbers: the moment at which the new page is true.
        try file.descriptor.write(Self.number(UInt64(next)) + Self.number(UInt64(bytes.count)), at: 0)
        page = next
    }

    /// Nil: nothing was ever written, or something else is true by now.
    func read() throws(SystemError) -> [UInt8]? {
        let header = try file.descriptor.read(at: 0, atMost: 16)
        guard header.count == 16 else { return nil }
        page = Int64(Self.number(header[..<8]))
        let length = Int(Self.number(header[8...]))
        guard length > 0 else { return nil }
        return try file.descriptor.read(at: Self.headerSize + page * Self.pageSize, atMost: length)
    }

    private static func number(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
