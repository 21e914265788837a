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
