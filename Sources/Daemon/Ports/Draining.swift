internal import Linux
internal import Supervision

extension Ports {
    /// Watches an instance that was taken out of rotation until it has nothing left to do.
    func drain(_ instance: InstanceID) {
        guard tenants[instance]?.hasEnded == false else { return }
        let held = holdings(of: instance)
        guard !held.isEmpty else { return report(.drained(instance)) }
        let found = connections(of: held, in: [.established, .closeWait, .synReceived])
        drains[instance] = Drain(found, at: .now)
    }

    func continueDrain(_ instance: InstanceID, at now: Instant) {
        guard var drain = drains[instance] else { return }
        drain.nextLook = now + Drain.interval
        let isDone = look(instance, &drain, at: now)
        drains[instance] = isDone ? nil : drain
        if isDone { report(.drained(instance)) }
    }

    private func look(_ instance: InstanceID, _ drain: inout Drain, at now: Instant) -> Bool {
        let held = holdings(of: instance)
        if drain.connections == nil {
            let queued = held.reduce(0) { $0 + ($1.socket.acceptQueue?.length ?? 0) }
            if queued == 0, !drain.halfOpen.isEmpty {
                drain.keepHalfOpen(connections(of: held, in: [.synReceived]))
            }
            guard drain.hasSettled(queued: queued, at: now) else { return false }
            let own = sockets(of: instance)
            drain.connections = connections(of: held, in: [.established, .closeWait])
                .filter { own.contains($0.inode) }
        } else {
            // Far cheaper than the whole table again.
            drain.connections = drain.connections?.compactMap { connection in
                do throws(SystemError) { return try diagnostics.refreshed(connection) } catch { return nil }
            }
        }
        return !(drain.connections ?? []).contains { drain.isBusy($0, at: now) }
    }

    private func sockets(of instance: InstanceID) -> Set<UInt64> {
        Set(family(instance).flatMap { process in ProcFS.sockets(of: process).map(\.inode) })
    }

    private struct Place: Hashable {
        var port: UInt16
        var family: SocketAddress.Family
    }

    private func connections(
        of held: [HeldListener], in states: Set<TCPConnection.State>
    ) -> [TCPConnection] {
        Set(held.map { Place(port: $0.group.address.socket.port, family: $0.group.address.socket.family) })
            .flatMap { place in
                do throws(SystemError) {
                    return try diagnostics.connections(onPort: place.port, of: place.family, in: states)
                } catch {
                    complain("\(error): requests in work will not be waited for")
                    return []
                }
            }
    }
}

// MARK: - Time

extension Ports {
    var nextDeadline: Instant? {
        let samples = listeners.values.compactMap(\.sampleAt).min()
        let looks = drains.values.map(\.nextLook).min()
        return [samples, looks].compactMap { $0 }.min()
    }

    func deadlinePassed(at now: Instant) {
        for listener in listeners.values where listener.sampleAt.map({ $0 <= now }) ?? false {
            sample(listener, at: now)
        }
        for (instance, drain) in drains where drain.nextLook <= now { continueDrain(instance, at: now) }
    }
}
