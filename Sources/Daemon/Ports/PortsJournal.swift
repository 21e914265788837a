internal import Linux
internal import Supervision

/// What of the ports only the daemon knows, in memory that outlives it: whose each listener is, and their order.
///
/// There are two pages, and a number that says which one is true; the other is written in full first. So a daemon
/// that dies while it writes leaves the page before.
final class PortsJournal {
    static let key = "ports/journal"
    private static let pageSize: Int64 = 4 << 20
    private static let headerSize: Int64 = 4096

    private let file: SharedDescriptor
    private var page: Int64 = 0

    struct Entry: Equatable {
        var serial: UInt64
        var instance: InstanceID
        var group: ListenerGroup.Key
        var user: UInt32
        var hasProgram: Bool

        var line: [UInt8] {
            let words = [
                "\(serial)", "\(instance.number)", group.app.namespace, group.app.name,
                group.address.socket.hostText, "\(group.address.socket.port)",
                "\(group.address.socket.scope)",
                group.address.onlyV6 ? "6" : "*", "\(user)", hasProgram ? "lives" : "dead",
            ]
            return Array(words.joined(separator: "\t").utf8) + [UInt8(ascii: "\n")]
        }
    }

    init(_ file: SharedDescriptor) {
        self.file = file
    }

    static func create() throws(SystemError) -> Descriptor { try MemoryFile.create("swpm-ports") }

    /// Each line as `Entry.line` makes it; listeners of a group stand in the kernel's order.
    func write(_ lines: [UInt8], nextSerial: UInt64) throws(SystemError) {
        let bytes = Array("\(nextSerial)\n".utf8) + lines
        guard bytes.count < Self.pageSize else {
            throw SystemError("note the order of listeners", code: SystemError.noSpace)
        }
        let next = 1 - page
        try file.descriptor.write(bytes, at: Self.headerSize + next * Self.pageSize)
        // One small write of two numbers: the moment at which the new page is true.
        try file.descriptor.write(Self.number(UInt64(next)) + Self.number(UInt64(bytes.count)), at: 0)
        page = next
    }

    /// Nil: nothing was ever written.
    func read() throws(SystemError) -> (entries: [Entry], nextSerial: UInt64)? {
        let header = try file.descriptor.read(at: 0, atMost: 16)
        guard header.count == 16 else { return nil }
        page = Int64(Self.number(header[..<8]))
        let length = Int(Self.number(header[8...]))
        let bytes = try file.descriptor.read(at: Self.headerSize + page * Self.pageSize, atMost: length)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard let first = lines.first, let nextSerial = UInt64(first) else { return nil }
        return (lines.dropFirst().compactMap { Self.entry(String($0)) }, nextSerial)
    }

    static func entry(_ line: String) -> Entry? {
        let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 10, let serial = UInt64(words[0]), let instance = UInt64(words[1]),
            let port = UInt16(words[5]), var address = SocketAddress(text: words[4], port: port),
            let scope = UInt32(words[6]), let user = UInt32(words[8])
        else { return nil }
        address.scope = scope
        let key = ListenerGroup.Key(
            app: AppName(words[3], in: words[2]), address: BoundAddress(address, onlyV6: words[7] == "6"))
        return Entry(
            serial: serial, instance: InstanceID(instance), group: key, user: user,
            hasProgram: words[9] == "lives")
    }

    private static func number(_ value: UInt64) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    }
    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}
