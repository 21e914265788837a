internal import Linux
internal import Supervision

// How a connection reaches one particular instance of those that share an address: by where it comes from.
//
// From 127.77.x.y it reaches whoever serves in slot x * 256 + y of the app; this is for people. From 127.78.x.y it
// reaches the instance whose number ends in x.y, also one that is not in rotation, and it never means another one:
// this is for health checks.

extension Ports {
    static func source(of instance: InstanceID) -> SteeringProgram.Source {
        .second(UInt16(truncatingIfNeeded: instance.number))
    }

    static func source(of slot: SlotIndex) -> SteeringProgram.Source {
        .first(UInt16(truncatingIfNeeded: slot.number))
    }

    /// By serial number, which addresses lead to a listener.
    func sources(of group: ListenerGroup, withSlots: Bool) -> [UInt64: [SteeringProgram.Source]] {
        // A queue that workers share reaches whoever is free, not one of them.
        let members = group.order.compactMap { listeners[$0] }.filter { !$0.isShared }
        var sources: [UInt64: [SteeringProgram.Source]] = [:]
        for member in members { sources[member.serial] = [Ports.source(of: member.instance)] }
        guard withSlots else { return sources }
        for (slot, serial) in masters(among: members, of: group.key.app) {
            sources[serial, default: []].append(Ports.source(of: slot))
        }
        return sources
    }

    /// Who has a slot's address: who serves there, else the youngest that lives.
    private func masters(among members: [HeldListener], of app: AppName) -> [SlotIndex: UInt64] {
        var masters: [SlotIndex: HeldListener] = [:]
        let rotation = rotations[app] ?? [:]
        func rank(_ listener: HeldListener) -> (Int, Int, UInt64) {
            let serves = rotation[listener.instance] != nil
            return (listener.hasProgram ? 1 : 0, serves ? 1 : 0, listener.instance.number)
        }
        for member in members {
            guard let slot = tenants[member.instance]?.slot else { continue }
            if let other = masters[slot], rank(other) > rank(member) { continue }
            masters[slot] = member
        }
        return masters.mapValues(\.serial)
    }
}

/// How an instance can be asked, all by itself.
enum CheckRoute: Equatable {
    /// It does not listen (yet).
    case none
    /// It listens, and cannot be told from others: why.
    case ambiguous(String)
    /// Nil: from anywhere.
    case open(to: SocketAddress, from: SteeringProgram.Source?)
}

extension Ports {
    /// `port`: nil for the first that it listens on.
    func route(to instance: InstanceID, port: UInt16?) -> CheckRoute {
        let held = holdings(of: instance).filter { listener in
            listener.hasProgram && (port == nil || listener.group.address.socket.port == port)
        }
        guard let listener = held.min(by: { rank($0) < rank($1) }) else {
            return unheldRoute(to: instance, port: port)
        }
        // Who joined in this turn is not known to the kernel's program yet.
        if joined.contains(listener.group) { attach(listener.group) }
        let isAlone = groups[listener.group]?.order.count == 1
        guard let target = Ports.target(listener.group.address) else {
            let target = listener.group.address.socket
            let own = target.isAny ? SocketAddress(.v6, host: Ports.loopbackV6, port: target.port) : target
            return isAlone ? .open(to: own, from: nil) : .ambiguous("shares an IPv6 address: \(target)")
        }
        if unaddressed.contains(listener.group), !isAlone {
            return .ambiguous("shares \(listener.group.address.listenAddress) with too many others")
        }
        return .open(to: target, from: Ports.source(of: instance))
    }

    /// IPv4 first; then in the order in which it began to listen.
    private func rank(_ listener: HeldListener) -> (Int, UInt64) {
        (Ports.target(listener.group.address) == nil ? 1 : 0, listener.serial)
    }

    private static let loopbackV6 = [UInt8](repeating: 0, count: 15) + [1]

    /// Where an IPv4 client connects to; nil: it cannot.
    private static func target(_ address: BoundAddress) -> SocketAddress? {
        let socket = address.socket
        let loopback = SocketAddress(.v4, host: [127, 0, 0, 1], port: socket.port)
        switch socket.family {
        case .v4: return socket.isAny ? loopback : socket
        case .v6:
            if socket.isAny { return address.onlyV6 ? nil : loopback }
            guard let mapped = socket.mapped else { return nil }
            return mapped == [0, 0, 0, 0] ? loopback : SocketAddress(.v4, host: mapped, port: socket.port)
        }
    }

    /// A listener of its own that nobody holds, found among all that listen.
    private func unheldRoute(to instance: InstanceID, port: UInt16?) -> CheckRoute {
        let own = Set(family(instance).flatMap { process in ProcFS.sockets(of: process).map(\.inode) })
        do throws(SystemError) {
            let found = try diagnostics.listeners(onPort: port ?? 0) { own.contains($0) }
            guard let listener = found.min(by: { $0.local.port < $1.local.port }) else { return .none }
            let bound = BoundAddress(listener.local, onlyV6: listener.isOnlyV6)
            let own =
                listener.local.isAny
                ? SocketAddress(.v6, host: Ports.loopbackV6, port: listener.local.port) : listener.local
            return .open(to: Ports.target(bound) ?? own, from: nil)
        } catch {
            return .ambiguous("\(error)")
        }
    }
}
