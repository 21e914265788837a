internal import Supervision

/// Connections by paths, of which the kernel tells nothing: only a program's preload knows when they are done.
extension Ports {
    /// How long such a connection may be idle while the instance drains; nil: it has none, or they are not waited for.
    func patienceApart(of instance: InstanceID) -> Duration? {
        guard let tenant = tenants[instance], !tenant.hasEnded else { return nil }
        guard sockets.values.contains(where: { !$0.path.isEmpty && $0.holders.contains(instance) }) else {
            return nil
        }
        let isFinal = (rotations[tenant.app] ?? [:]).keys.allSatisfy { $0 == instance }
        switch tenant.spec.drain {
        case .off: return nil
        case .connections: return isFinal ? .zero : tenant.spec.drainGrace
        case .wait: return tenant.spec.drainTimeout
        }
    }

    /// The program was asked, and will say when they are done.
    func awaitWord(of instance: InstanceID) { apart[instance] = .awaited }

    /// The program has none of them left, or nobody waits for them any more.
    func finishApart(_ instance: InstanceID) {
        guard let state = apart.removeValue(forKey: instance) else { return }
        if state == .last { report(.drained(instance)) }
    }

    /// Everything else of it is done.
    func finishRest(_ instance: InstanceID) {
        if apart[instance] != nil { apart[instance] = .last } else { report(.drained(instance)) }
    }

    enum Apart {
        case awaited
        /// Nothing else is waited for.
        case last
    }
}
