internal import Linux
internal import Supervision

/// How the ports of one instance stand, for `describe`.
struct PortFacts: Equatable {
    struct Queue: Equatable {
        var address: ListenAddress
        var length: UInt32
        var limit: UInt32
        var isStuck: Bool
    }

    var tier: PortsTier
    var queues: [Queue]
}

extension Ports {
    /// Fills in how many connections each instance that drains still has.
    func fill(_ snapshot: inout Snapshot) {
        guard !drains.isEmpty else { return }
        func fill(_ instance: inout InstanceSnapshot) {
            instance.drain?.connections = drains[instance.id]?.connections?.count
        }
        for app in snapshot.apps.indices {
            for slot in snapshot.apps[app].slots.indices {
                if var current = snapshot.apps[app].slots[slot].current {
                    fill(&current)
                    snapshot.apps[app].slots[slot].current = current
                }
                for other in snapshot.apps[app].slots[slot].others.indices {
                    fill(&snapshot.apps[app].slots[slot].others[other])
                }
            }
        }
    }

    func facts(of instance: InstanceID) -> PortFacts? {
        guard let tenant = tenants[instance] else { return nil }
        let queues = holdings(of: instance).map { listener in
            let queue = listener.socket.acceptQueue
            return PortFacts.Queue(
                address: listener.group.address.listenAddress, length: queue?.length ?? 0,
                limit: queue?.limit ?? 0,
                isStuck: listener.judge.isStuck)
        }
        return PortFacts(tier: tenant.tier, queues: queues)
    }
}
