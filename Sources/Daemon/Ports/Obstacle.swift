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

// MARK: - Telling of it

extension Ports {
    /// A death so soon after a refused address has to do with it.
    static let obstacleMemory = Duration.seconds(10)

    func meet(_ obstacle: Obstacle, _ instance: InstanceID, _ wanted: BoundAddress) {
        guard let tenant = tenants[instance] else { return }
        let sentence = obstacle.sentence(tenant.app, wanted)
        complain(sentence)
        tenants[instance]?.obstacle = (sentence, .now)
    }

    /// What may explain an end: an address that it could not have. Where its calls are not seen, its last words must
    /// do.
    func remark(on instance: InstanceID, _ lastWords: [String], at end: Instant) -> String? {
        guard let tenant = tenants[instance] else { return nil }
        if let obstacle = tenant.obstacle {
            return end - obstacle.at <= Ports.obstacleMemory ? obstacle.sentence : nil
        }
        guard let port = BusyPort.find(in: lastWords),
            let found = try? diagnostics.listeners(onPort: port), let listener = found.first
        else { return nil }
        let address = BoundAddress(listener.local, onlyV6: listener.isOnlyV6)
        let owner = SocketOwner.find(inode: listener.inode)
        return Obstacle.stranger(owner, inode: listener.inode, address).sentence(tenant.app, address)
    }
}

/// The port that a program says it could not have.
enum BusyPort {
    /// "listen EADDRINUSE: address already in use :::3000", "listen tcp :3000: bind: address already in use", or below
    /// it, as Node shows the members of an error, "port: 3000".
    static func find(in lastWords: [String]) -> UInt16? {
        let lines = lastWords.map { $0.lowercased() }
        guard
            let first = lines.firstIndex(where: {
                $0.mentions("address already in use") || $0.mentions("eaddrinuse")
            })
        else { return nil }
        let members = lines[first...].filter { $0.drop { $0 == " " }.hasPrefix("port:") }
        return ([lines[first]] + members).lazy.compactMap(number).first
    }

    /// The last number that stands behind a colon.
    private static func number(in line: String) -> UInt16? {
        let parts = line.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
            .dropFirst()
        for part in parts.reversed() {
            let digits = part.drop { $0 == UInt8(ascii: " ") }.prefix {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
            }
            if let port = UInt16(String(Substring(digits))), port != 0 { return port }
        }
        return nil
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
