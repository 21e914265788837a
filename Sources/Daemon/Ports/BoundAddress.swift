internal import Linux
internal import Supervision

/// An address as sockets are bound to it: what may share it, and what is in its way.
struct BoundAddress: Hashable {
    var socket: SocketAddress
    /// An IPv6 socket that refuses IPv4.
    var onlyV6 = false

    init(_ socket: SocketAddress, onlyV6: Bool = false) {
        self.socket = socket
        self.onlyV6 = socket.family == .v6 && onlyV6
    }

    var listenAddress: ListenAddress { ListenAddress(host: socket.hostText, port: socket.port) }

    /// Whether a connection could mean either, so that two strangers may not have both.
    func overlaps(_ other: BoundAddress) -> Bool {
        guard socket.port == other.socket.port else { return false }
        switch (socket.family, other.socket.family) {
        case (.v4, .v4), (.v6, .v6):
            return socket.host == other.socket.host || socket.isAny || other.socket.isAny
        case (.v6, .v4): return meetsV4(other)
        case (.v4, .v6): return other.meetsV4(self)
        }
    }

    private func meetsV4(_ other: BoundAddress) -> Bool {
        if onlyV6 { return false }
        if socket.isAny { return true }
        guard let mapped = socket.mapped else { return false }
        return mapped == other.socket.host || other.socket.isAny || mapped == [0, 0, 0, 0]
    }
}
