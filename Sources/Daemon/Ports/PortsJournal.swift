internal import Linux
internal import Supervision

/// What of the ports only the daemon knows, in memory that outlives it: whose each listener is, and their order.
final class PortsJournal {
    static let key = "ports/journal"

    private let pages: TwoPages

    struct Entry: Equatable {
        var serial: UInt64
        /// True: its program lives.
        var holders: [InstanceID: Bool]
        var group: ListenerGroup.Key
        var user: UInt32
        var origin: HeldListener.Origin?

        var line: [UInt8] {
            let holders = holders.sorted { $0.key < $1.key }
            var words = [
                "\(serial)", holders.map { "\($0.key.number)" }.joined(separator: ","), group.app.namespace,
                group.app.name,
                group.address.socket.hostText, "\(group.address.socket.port)",
                "\(group.address.socket.scope)",
                group.address.onlyV6 ? "6" : "*", "\(user)",
                holders.map { $0.value ? "lives" : "dead" }.joined(separator: ","),
            ]
            if let origin {
                words += [origin.key, origin.generation.map { "\($0.number)" } ?? "*"]
            }
            return Array(words.joined(separator: "\t").utf8) + [UInt8(ascii: "\n")]
        }
    }

    init(_ file: SharedDescriptor) {
        pages = TwoPages(file)
    }

    static func create() throws(SystemError) -> Descriptor { try MemoryFile.create("swpm-ports") }

    /// Each line as `Entry.line` or `LentSocket.line` makes it; listeners of a group stand in the kernel's order.
    func write(_ lines: [UInt8], nextSerial: UInt64) throws(SystemError) {
        try pages.write(Array("\(nextSerial)\n".utf8) + lines)
    }

    /// Nil: nothing was ever written.
    func read() throws(SystemError) -> (entries: [Entry], nextSerial: UInt64, lines: [String])? {
        guard let bytes = try pages.read() else { return nil }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        guard let first = lines.first, let nextSerial = UInt64(first) else { return nil }
        let rest = Array(lines.dropFirst())
        return (rest.compactMap { Self.entry($0) }, nextSerial, rest)
    }

    static func entry(_ line: String) -> Entry? {
        let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 10 || words.count == 12, let serial = UInt64(words[0]),
            let holders = holders(words[1], words[9]), let port = UInt16(words[5]),
            var address = SocketAddress(text: words[4], port: port),
            let scope = UInt32(words[6]), let user = UInt32(words[8])
        else { return nil }
        address.scope = scope
        let key = ListenerGroup.Key(
            app: AppName(words[3], in: words[2]), address: BoundAddress(address, onlyV6: words[7] == "6"))
        return Entry(
            serial: serial, holders: holders, group: key, user: user,
            origin: words.count == 12
                ? HeldListener.Origin(key: words[10], generation: Int(words[11]).map(Generation.init)) : nil)
    }

    private static func holders(_ numbers: String, _ states: String) -> [InstanceID: Bool]? {
        let instances = numbers.split(separator: ",").map { UInt64($0) }
        let states = states.split(separator: ",")
        guard !instances.isEmpty, instances.count == states.count else { return nil }
        var holders: [InstanceID: Bool] = [:]
        for (number, state) in zip(instances, states) {
            guard let number else { return nil }
            holders[InstanceID(number)] = state == "lives"
        }
        return holders
    }
}
