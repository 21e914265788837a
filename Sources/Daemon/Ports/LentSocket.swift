internal import Linux
internal import Supervision
internal import Wire

/// A Unix socket or a UDP socket that was made for Node workers, and that all workers of the app share, whatever
/// their generation: a path and a datagram can only be had once.
final class LentSocket {
    let serial: UInt64
    let app: AppName
    /// What the workers call it.
    let name: String
    let descriptor: SharedDescriptor
    /// Where it stands in the file system; empty: nowhere.
    let path: String
    var holders: Set<InstanceID>

    var key: String { LentSocket.key(serial) }
    static func key(_ serial: UInt64) -> String { "socket/\(serial)" }

    init(
        serial: UInt64, app: AppName, name: String, descriptor: SharedDescriptor, path: String,
        holders: Set<InstanceID>
    ) {
        self.serial = serial
        self.app = app
        self.name = name
        self.descriptor = descriptor
        self.path = path
        self.holders = holders
    }

    /// For the journal, among the lines of listeners.
    var line: [UInt8] {
        let words = [
            "@", "\(serial)", app.namespace, app.name, name, path,
            holders.sorted().map { "\($0.number)" }.joined(separator: ","),
        ]
        return Array(words.joined(separator: "\t").utf8) + [UInt8(ascii: "\n")]
    }

    /// Nil: it is the line of something else.
    init?(line: String, found: [String: SharedDescriptor]) {
        let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        guard words.count == 7, words[0] == "@", let serial = UInt64(words[1]),
            let descriptor = found[LentSocket.key(serial)]
        else { return nil }
        self.serial = serial
        self.descriptor = descriptor
        app = AppName(words[3], in: words[2])
        name = words[4]
        path = words[5]
        holders = Set(words[6].split(separator: ",").compactMap { UInt64($0).map(InstanceID.init) })
    }
}

extension Ports {
    func datagram(
        _ query: ClusterQuery, _ host: String, _ port: UInt16, _ flags: ClusterQuery.DatagramFlags,
        for instance: InstanceID, _ process: Int32
    ) throws(SystemError) -> SharedDescriptor {
        if let kept = keptSocket(query.key, for: instance) { return kept }
        guard let tenant = tenants[instance], let address = SocketAddress(text: host, port: port) else {
            throw SystemError("bind \(host)", code: SystemError.invalid)
        }
        guard port == 0 || mayBind(port, tenant.spec, process) else {
            throw SystemError("bind \(address)", code: SystemError.accessDenied)
        }
        let made = try UDPSocket.open(
            at: address, onlyV6: flags.onlyV6, reusesAddress: flags.reusesAddress)
        return keep(SharedDescriptor(made), query.key, path: "", for: instance, tenant.app)
    }

    /// A path is made with the rights of the program, not with the daemon's.
    func pipe(
        _ query: ClusterQuery, _ path: String, _ mode: UInt32, for instance: InstanceID, _ process: Int32
    ) throws(SystemError) -> SharedDescriptor {
        if let kept = keptSocket(query.key, for: instance) { return kept }
        guard let tenant = tenants[instance] else {
            throw SystemError("listen on \(path)", code: SystemError.invalid)
        }
        let absolute = path.hasPrefix("/") ? path : "\(tenant.spec.workingDirectory)/\(path)"
        let mask = tenant.spec.umask ?? ThisProcess.fileMask
        let made = try FileIdentity.act(as: process) { () throws(SystemError) -> SharedDescriptor in
            SharedDescriptor(
                try UnixSocket.listen(absolute, mode: 0o777 & ~mask | mode, backlog: Ports.smallestBacklog))
        }
        return keep(made, query.key, path: absolute, for: instance, tenant.app)
    }

    private func keptSocket(_ name: String, for instance: InstanceID) -> SharedDescriptor? {
        guard let app = tenants[instance]?.app,
            let kept = sockets.values.first(where: { $0.app == app && $0.name == name })
        else { return nil }
        kept.holders.insert(instance)
        note()
        return kept.descriptor
    }

    private func keep(
        _ descriptor: SharedDescriptor, _ name: String, path: String, for instance: InstanceID, _ app: AppName
    ) -> SharedDescriptor {
        let socket = LentSocket(
            serial: nextSerial, app: app, name: name, descriptor: descriptor, path: path, holders: [instance])
        nextSerial += 1
        sockets[socket.serial] = socket
        safe.deposit(socket.key, descriptor)
        note()
        return descriptor
    }

    func socket(_ name: String, of instance: InstanceID) -> LentSocket? {
        sockets.values.first { $0.name == name && $0.holders.contains(instance) }
    }

    func leaveSocket(_ name: String, _ instance: InstanceID) {
        if let socket = socket(name, of: instance) { leave(socket, instance) }
    }

    func leaveSockets(_ instance: InstanceID) {
        for socket in sockets.values where socket.holders.contains(instance) { leave(socket, instance) }
    }

    /// With the last of its holders it ends, and its path goes.
    private func leave(_ socket: LentSocket, _ instance: InstanceID) {
        socket.holders.remove(instance)
        if socket.holders.isEmpty {
            // Only a socket that nobody answers on any more, so that a successor's is left alone.
            let listening = TCPSocket(socket.descriptor.number)
            listening.stopListening()
            // It was made with the worker's rights, and so belongs to it.
            if !socket.path.isEmpty {
                UnixSocket.removeStale(socket.path, of: listening.identity.user)
            }
            sockets[socket.serial] = nil
            safe.withdraw(socket.key)
        }
        note()
    }
}
