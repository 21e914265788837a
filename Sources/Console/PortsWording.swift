internal import Supervision

/// How the ports of an instance stand, for `describe`.
enum PortsWording {
    static func pairs(_ ports: PortsSnapshot?) -> [(String, String)] {
        guard let ports else { return [] }
        let way = [tier(ports.tier), ports.obstacle.map(obstacle)].compactMap { $0 }.joined(separator: "; ")
        let connections = ports.connections.map { "\($0)" } ?? "not known: its descriptors may not be seen"
        let queues = ports.listeners.map(queue).joined(separator: ", ")
        return [("ports", way), ("connections", connections), ("waiting", queues)]
    }

    private static func tier(_ tier: PortsSnapshot.Tier) -> String {
        switch tier {
        case .steered: "held, one queue for each instance, new connections are steered"
        case .shared: "held, one queue for all instances of its version"
        case .substituted: "held by sockets put in place of its own, new connections are steered"
        case .declared: "given to it at its start (LISTEN_FDS)"
        case .plain: "not held: a reload loses connections"
        }
    }

    private static func obstacle(_ obstacle: PortsSnapshot.Obstacle) -> String {
        switch obstacle {
        case .single: "a single instance, and \"zero_downtime\" was not asked for"
        case .switchedOff: "\"zero_downtime\" is off"
        case .refused(let reason): Text.sanitised(reason)
        }
    }

    /// "3 of 1024 on :3000".
    private static func queue(_ listener: PortsSnapshot.Listener) -> String {
        let whose = listener.isShared ? ", for all of them" : ""
        let state = listener.isStuck ? ", not becoming fewer" : ""
        return
            "\(listener.waiting) of \(listener.limit) on \(Quantities.address(listener.address))\(whose)\(state)"
    }
}
