internal import Linux
internal import Supervision

/// Who is in the way of an address.
enum Obstacle: Equatable {
    /// Another app, whose listener we hold.
    case app(AppName, BoundAddress)
    /// A program we know nothing of; nil: not even who it is.
    case stranger(SocketOwner?, inode: UInt64, BoundAddress)

    func sentence(_ app: AppName, _ wanted: BoundAddress) -> String {
        switch self {
        case .app(let other, let address):
            return
                "\(app) cannot have \(wanted.listenAddress): app \(other) listens on \(address.listenAddress)"
        case .stranger(let owner, _, let address):
            guard let owner else {
                return "\(app) cannot have \(wanted.listenAddress): another user's program listens on "
                    + "\(address.listenAddress)"
            }
            return "\(app) cannot have \(wanted.listenAddress): process \(owner.process) of user "
                + "\(Users().name(of: owner.user)) listens on \(address.listenAddress): \(owner.command)"
        }
    }
}

extension Ports {
    /// Who listens where a program of this app wants to, from the kernel's own table: trying to bind would also
    /// meet what is left of old connections, and would join a stranger that shares its port.
    func obstacle(to wanted: BoundAddress, of app: AppName) -> Obstacle? {
        let others = groups.values.filter { $0.key.app != app && !$0.order.isEmpty }
        if let other = others.first(where: { $0.key.address.overlaps(wanted) }) {
            return .app(other.key.app, other.key.address)
        }
        let found: [TCPConnection]
        do throws(SystemError) {
            found = try diagnostics.listeners(onPort: wanted.socket.port) { serials[$0] == nil }
        } catch {
            complain("\(error): strangers on a port will not be noticed")
            return nil
        }
        let strange = found.first { listener in
            BoundAddress(listener.local, onlyV6: listener.isOnlyV6).overlaps(wanted)
        }
        return strange.map { listener in
            .stranger(
                SocketOwner.find(inode: listener.inode), inode: listener.inode,
                BoundAddress(listener.local, onlyV6: listener.isOnlyV6))
        }
    }

    /// A program's own listener that we know nothing of, because it was started without a filter.
    func unheldTenant(of owner: SocketOwner) -> InstanceID? {
        let session = ProcFS.status(of: owner.process)?.session
        return tenants.first { _, tenant in
            guard let process = tenant.process?.number, !tenant.hasEnded else { return false }
            return process == owner.process || process == session
        }?.key
    }
}
