internal import Linux

/// How well an instance's listeners are looked after.
enum PortsTier: String, Sendable {
    /// Its own sockets are borrowed and held.
    case hold
    /// Sockets of ours are put in place of its own, which may not be borrowed.
    case inject
    /// It is given sockets at its start (sd_listen_fds(3)).
    case sockets
    /// It does as it likes.
    case plain
}

/// What a program is to be started with so that its ports can be looked after.
struct PortsProvision: Sendable {
    /// Where the child sends its notify descriptor.
    var channel: SharedDescriptor?
    var forbidsNewPrivileges = false
    /// Listening sockets for `LISTEN_FDS`.
    var sockets: [SharedDescriptor] = []
    var socketNames: [String] = []

    func complete(_ request: inout SpawnRequest) {
        if let channel {
            request.filters.append(.bindAndListen)
            request.filterChannel = channel.number
            request.forbidsNewPrivileges = request.forbidsNewPrivileges || forbidsNewPrivileges
        }
        guard !sockets.isEmpty else { return }
        for (index, socket) in sockets.enumerated() {
            request.descriptors.append(.init(socket.number, as: Int32(3 + index)))
        }
        request.environment += [
            "LISTEN_FDS=\(sockets.count)", "LISTEN_FDNAMES=\(socketNames.joined(separator: ":"))",
        ]
        request.namesListener = true
    }
}
