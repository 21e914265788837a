internal import CLinux
internal import Glibc

/// What the kernel tells of all TCP sockets, whoever owns them (sock_diag(7)).
///
/// A class, because several looks share one descriptor.
public final class SocketDiagnostics: Sendable {
    private let descriptor: Descriptor

    public init() throws(SystemError) {
        descriptor = Descriptor(owning: try check(clinux_diagnostics_open(), "ask about sockets"))
    }

    /// The sockets that listen on a port (0: on any), of both families, as far as the caller wants to know of them.
    public func listeners(
        onPort port: UInt16, where isWanted: (_ inode: UInt64) -> Bool = { _ in true }
    ) throws(SystemError) -> [TCPConnection] {
        try list([.listening], port, of: [.v4, .v6], where: isWanted)
    }

    /// The connections whose local end has this port, in any of the states.
    ///
    /// Those of an IPv6 listener are of its family, whoever the client is. Walks the machine's whole table:
    /// milliseconds.
    public func connections(
        onPort port: UInt16, of family: SocketAddress.Family,
        in states: Set<TCPConnection.State> = [.established, .closeWait]
    ) throws(SystemError) -> [TCPConnection] {
        try list(states, port, of: [family])
    }

    /// Every connection whose local end has one of these ports: the kernel's number for its socket (0: not accepted yet,
    /// or closed already), and the port. As `connections`, at a fraction of the cost for each that is found.
    public func eachConnection(
        onPorts ports: ClosedRange<UInt16>, of family: SocketAddress.Family,
        _ visit: (_ inode: UInt64, _ port: UInt16) -> Void
    ) throws(SystemError) {
        let living: Set<TCPConnection.State> = [.established, .closeWait]
        let question = Question(states: living, ports: ports, family: family, isBrief: true)
        try ask(question) { visit(UInt64($0.inode), $0.local_port) }
    }

    /// The same connection as it is now; nil: it is gone. Microseconds.
    public func refreshed(_ connection: TCPConnection) throws(SystemError) -> TCPConnection? {
        var raw = connection.raw
        let result = clinux_diagnostics_find(descriptor.number, &raw)
        if result == -ENOENT || result == -ESTALE { return nil }
        try check(result, "ask about a connection")
        return TCPConnection(raw)
    }

    /// The connection between two addresses, seen from `local`; nil: there is none. Microseconds.
    public func connection(
        from local: SocketAddress, to remote: SocketAddress
    ) throws(SystemError) -> TCPConnection? {
        var raw = clinux_connection()
        raw.family = UInt8(local.family == .v4 ? AF_INET : AF_INET6)
        raw.local_port = local.port
        raw.remote_port = remote.port
        withUnsafeMutableBytes(of: &raw.local) { $0.copyBytes(from: local.host) }
        withUnsafeMutableBytes(of: &raw.remote) { $0.copyBytes(from: remote.host) }
        // INET_DIAG_NOCOOKIE
        raw.cookie = (.max, .max)
        let result = clinux_diagnostics_find(descriptor.number, &raw)
        if result == -ENOENT || result == -ESTALE { return nil }
        try check(result, "ask about a connection")
        return TCPConnection(raw)
    }

    private func list(
        _ states: Set<TCPConnection.State>, _ port: UInt16, of families: [SocketAddress.Family],
        where isWanted: (_ inode: UInt64) -> Bool = { _ in true }
    ) throws(SystemError) -> [TCPConnection] {
        var found: [TCPConnection] = []
        for family in families {
            let question = Question(states: states, ports: port...port, family: family)
            try ask(question) { if isWanted(UInt64($0.inode)) { found.append(TCPConnection($0)) } }
        }
        return found
    }

    private struct Question {
        var states: Set<TCPConnection.State>
        /// 0...0: any.
        var ports: ClosedRange<UInt16>
        var family: SocketAddress.Family
        /// Without clocks and counters.
        var isBrief = false
    }

    private func ask(_ question: Question, _ take: (clinux_connection) -> Void) throws(SystemError) {
        let bits = question.states.reduce(0) { $0 | UInt32(1) << UInt32($1.rawValue) }
        var query = clinux_diagnostics_query(
            family: question.family == .v4 ? AF_INET : AF_INET6, states: bits,
            first_port: question.ports.lowerBound, last_port: question.ports.upperBound,
            brief: question.isBrief ? 1 : 0)
        var items: UnsafeMutablePointer<clinux_connection>?
        let count = clinux_diagnostics_list(descriptor.number, &query, &items)
        // A kernel without IPv6 has no table of it.
        if question.family == .v6, count == -ENOENT { return }
        try check(count, "list the sockets on port \(question.ports.lowerBound)")
        defer { free(items) }
        for raw in UnsafeBufferPointer(start: items, count: Int(count)) { take(raw) }
    }
}

/// One TCP socket, listening or connected, as the kernel tells of it.
public struct TCPConnection: Sendable {
    public var local: SocketAddress
    public var remote: SocketAddress
    public var state: State
    /// Bytes not yet read by the program; for a listener: connections not yet accepted.
    public var receiveQueue: UInt32
    /// Bytes not yet acknowledged by the peer.
    public var sendQueue: UInt32
    public var user: UInt32
    /// 0: no program has it (not yet accepted, or closed already).
    public var inode: UInt64
    /// An IPv6 listener that refuses IPv4.
    public var isOnlyV6: Bool
    /// How long ago the program's side sent, and received, data; nil: not told.
    public var sinceSent: Duration?
    public var sinceReceived: Duration?
    /// How long ago the peer acknowledged something.
    public var sinceAcknowledgement: Duration?
    public var bytesReceived: UInt64
    public var bytesAcknowledged: UInt64
    /// How many segments with data have come.
    public var segmentsReceived: UInt32
    fileprivate var interface: UInt32
    fileprivate var cookie: Cookie

    /// The kernel's numbers (TCP_ESTABLISHED ...).
    public enum State: UInt8, Sendable {
        case established = 1
        case synSent, synReceived, finWait1, finWait2, timeWait, closed, closeWait, lastAck, listening,
            closing
    }

    /// Never means another socket.
    public struct Cookie: Hashable, Sendable {
        var first: UInt32
        var second: UInt32
    }

    public var identity: Cookie { cookie }

    init(_ raw: clinux_connection) {
        local = SocketAddress(raw.family, raw.local, port: raw.local_port)
        remote = SocketAddress(raw.family, raw.remote, port: raw.remote_port)
        state = State(rawValue: raw.state) ?? .synReceived
        receiveQueue = raw.receive_queue
        sendQueue = raw.send_queue
        user = raw.user
        inode = UInt64(raw.inode)
        isOnlyV6 = raw.only_v6 != 0
        sinceSent = raw.last_sent == .max ? nil : .milliseconds(raw.last_sent)
        sinceReceived = raw.last_received == .max ? nil : .milliseconds(raw.last_received)
        sinceAcknowledgement =
            raw.last_acknowledgement == .max ? nil : .milliseconds(raw.last_acknowledgement)
        bytesReceived = raw.bytes_received
        bytesAcknowledged = raw.bytes_acked
        segmentsReceived = raw.segments_received
        interface = raw.interface
        cookie = Cookie(first: raw.cookie.0, second: raw.cookie.1)
    }

    fileprivate var raw: clinux_connection {
        var raw = clinux_connection()
        raw.family = UInt8(local.family == .v4 ? AF_INET : AF_INET6)
        raw.local_port = local.port
        raw.remote_port = remote.port
        withUnsafeMutableBytes(of: &raw.local) { $0.copyBytes(from: local.host) }
        withUnsafeMutableBytes(of: &raw.remote) { $0.copyBytes(from: remote.host) }
        raw.interface = interface
        raw.cookie = (cookie.first, cookie.second)
        return raw
    }
}

extension SocketAddress {
    fileprivate init<Bytes>(_ family: UInt8, _ bytes: Bytes, port: UInt16) {
        let all = withUnsafeBytes(of: bytes) { Array($0) }
        if Int32(family) == AF_INET {
            self.init(.v4, host: Array(all.prefix(4)), port: port)
        } else {
            self.init(.v6, host: all, port: port)
        }
    }
}
