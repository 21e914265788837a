internal import Linux
internal import Supervision

// How ports stand, for whoever asks.

extension Ports {
    /// What costs nothing: how many connections each instance that drains still has, and shared queues that nobody
    /// makes shorter.
    func fill(_ snapshot: inout Snapshot) {
        let stuck = listeners.values.filter { $0.isShared && $0.stuckSince != nil }
        guard !drains.isEmpty || !stuck.isEmpty else { return }
        snapshot.eachInstance { instance in
            instance.drain?.connections = drains[instance.id]?.connections?.count
            let queues = stuck.filter { $0.isServed(by: instance.id) }
            instance.queueStuckSince = queues.compactMap(\.stuckSince).min()
        }
    }

    /// How the held ports of an instance stand, without its connections.
    func standing(of instance: InstanceID) -> PortsSnapshot? {
        standing(of: instance, with: holdings(of: instance))
    }

    private func standing(of instance: InstanceID, with holdings: [HeldListener]) -> PortsSnapshot? {
        guard let tenant = tenants[instance] else { return nil }
        let tier: PortsSnapshot.Tier =
            switch tenant.tier {
            case .hold: holdings.contains(where: \.isShared) ? .shared : .steered
            case .inject: .substituted
            case .sockets: .declared
            // Another instance's reload may have made us hold it after all.
            case .plain: holdings.isEmpty ? .plain : .steered
            }
        let listeners = holdings.map { listener in
            let queue = listener.socket.acceptQueue
            return PortsSnapshot.Listener(
                address: listener.group.address.listenAddress, waiting: Int(queue?.length ?? 0),
                limit: Int(queue?.limit ?? 0), isShared: listener.isShared, isStuck: listener.judge.isStuck)
        }
        return PortsSnapshot(
            tier: tier, obstacle: tier == .steered ? nil : obstacle(of: tenant), listeners: listeners)
    }

    private func obstacle(of tenant: Tenant) -> PortsSnapshot.Obstacle? {
        if let refusal = tenant.refusal { return .refused(refusal) }
        switch tenant.tier {
        case .hold: return nil
        case .inject, .sockets: return abilities.filterRefusal.map { .refused($0) }
        case .plain:
            if tenant.spec.zeroDowntime == false { return .switchedOff }
            if let refusal = abilities.filterRefusal { return .refused(refusal) }
            return abilities.isPrivileged ? nil : .single
        }
    }
}

// MARK: - Counting

extension Ports {
    /// A count younger than this answers again.
    static let countFreshness = Duration.milliseconds(500)

    /// Fills in how the ports of all these instances stand.
    ///
    /// Which connection is whose follows from the programs' descriptors; that and one walk over the machine's
    /// connections cost milliseconds, so it is done only for those who ask.
    func count(_ snapshot: inout Snapshot, at now: Instant) {
        var asked: [InstanceID] = []
        snapshot.eachInstance { asked.append($0.id) }
        let isFresh = counted.map { now - $0.at < Ports.countFreshness } ?? false
        if !isFresh || asked.contains(where: { counted?.standings[$0] == nil }) {
            counted = (census(of: asked), now)
        }
        snapshot.eachInstance { $0.ports = counted?.standings[$0.id] }
    }

    private func census(of asked: [InstanceID]) -> [InstanceID: PortsSnapshot] {
        var standings: [InstanceID: PortsSnapshot] = [:]
        var owners: [UInt64: InstanceID] = [:]
        let family = families()
        var holdings: [InstanceID: [HeldListener]] = [:]
        for listener in listeners.values.sorted(by: { $0.serial < $1.serial }) {
            for holder in listener.holders.keys { holdings[holder, default: []].append(listener) }
        }
        for instance in asked {
            guard var standing = standing(of: instance, with: holdings[instance] ?? []) else { continue }
            let processes = family(instance)
            let sockets = processes.map(ProcFS.sockets)
            for socket in sockets.joined() { owners[socket.inode] = instance }
            // Of one that does not show its descriptors nothing is known; one that has ended has none.
            let hidden = zip(processes, sockets).contains { process, sockets in
                sockets.isEmpty && !ProcFS.showsDescriptors(of: process)
                    && ProcFS.status(of: process) != nil
            }
            standing.connections = hidden ? nil : 0
            standings[instance] = standing
        }
        do throws(SystemError) {
            try addOthers(to: &standings, owners)
            try countConnections(&standings, owners)
        } catch {
            complain("\(error): connections are not counted")
            for instance in standings.keys { standings[instance]?.connections = nil }
        }
        return standings
    }

    /// Listeners that are not held.
    private func addOthers(
        to standings: inout [InstanceID: PortsSnapshot], _ owners: [UInt64: InstanceID]
    ) throws(SystemError) {
        let others = try diagnostics.listeners(onPort: 0) { inode in
            owners[inode] != nil && listener(withInode: inode) == nil
        }
        for other in others {
            guard let owner = owners[other.inode] else { continue }
            standings[owner]?.listeners.append(
                PortsSnapshot.Listener(
                    address: BoundAddress(other.local).listenAddress, waiting: Int(other.receiveQueue),
                    limit: Int(other.sendQueue)))
        }
    }

    private func countConnections(
        _ standings: inout [InstanceID: PortsSnapshot], _ owners: [UInt64: InstanceID]
    ) throws(SystemError) {
        let ports = standings.mapValues { Set($0.listeners.map(\.address.port)) }
        let all = ports.values.joined()
        guard let first = all.min(), let last = all.max() else { return }
        var counts: [InstanceID: Int] = [:]
        // A walk each, so only those that somebody listens in.
        let hosts = standings.values.flatMap { $0.listeners.map(\.address.host) }
        let areNew = Set(hosts.map { $0.utf8.contains(UInt8(ascii: ":")) })
        for family in areNew.map({ $0 ? SocketAddress.Family.v6 : .v4 }) {
            try diagnostics.eachConnection(onPorts: first...last, of: family) { inode, port in
                guard let owner = owners[inode], ports[owner]?.contains(port) == true else { return }
                counts[owner, default: 0] += 1
            }
        }
        for (instance, count) in counts where standings[instance]?.connections != nil {
            standings[instance]?.connections = count
        }
    }
}

extension Snapshot {
    mutating func eachInstance(_ change: (inout InstanceSnapshot) -> Void) {
        for app in apps.indices {
            for slot in apps[app].slots.indices {
                if var current = apps[app].slots[slot].current {
                    change(&current)
                    apps[app].slots[slot].current = current
                }
                for other in apps[app].slots[slot].others.indices {
                    change(&apps[app].slots[slot].others[other])
                }
            }
        }
    }
}
