internal import Linux
internal import Supervision

extension Ports {
    /// Watches an instance that was taken out of rotation until it has nothing left to do.
    func drain(_ instance: InstanceID) {
        guard tenants[instance]?.hasEnded == false else { return }
        let held = holdings(of: instance)
        guard !held.isEmpty else { return report(.drained(instance)) }
        attachJoined()
        beginning.append(instance)
    }

    /// All that began in this turn of the loop look at the kernel's table once, after the switch.
    private func beginDrains(at now: Instant) {
        var survey = Survey(diagnostics)
        for instance in beginning {
            let found = survey.connections(
                of: holdings(of: instance), in: [.established, .closeWait, .synReceived])
            drains[instance] = Drain(found, at: now)
        }
        beginning.removeAll()
        tellFailure(of: survey)
    }

    private func continueDrains(at now: Instant) {
        let due = drains.filter { $0.value.nextLook <= now }.keys.sorted()
        guard !due.isEmpty else { return }
        // Queues first, and the table after: what is taken from a queue between the two is in the table.
        var settling = Survey(diagnostics)
        for instance in due { settle(instance, &settling, at: now) }
        var finishing = Survey(diagnostics)
        for instance in due where look(instance, &finishing, at: now) {
            drains[instance] = nil
            report(.drained(instance))
        }
        tellFailure(of: finishing)
    }

    private func settle(_ instance: InstanceID, _ survey: inout Survey, at now: Instant) {
        guard var drain = drains[instance], drain.connections == nil else { return }
        let held = holdings(of: instance)
        let queued = held.reduce(0) { $0 + ($1.socket.acceptQueue?.length ?? 0) }
        if queued == 0, !drain.halfOpen.isEmpty {
            drain.keepHalfOpen(survey.connections(of: held, in: [.synReceived]))
        }
        drain.hasSettled = drain.hasSettled(queued: queued, at: now)
        drains[instance] = drain
    }

    /// Whether it is done.
    private func look(_ instance: InstanceID, _ survey: inout Survey, at now: Instant) -> Bool {
        guard var drain = drains[instance] else { return false }
        drain.nextLook = now + Drain.interval
        defer { drains[instance] = drain }
        guard drain.hasSettled else { return false }
        if let known = drain.connections {
            // Far cheaper than the whole table again. One that cannot be found again is gone.
            drain.connections = known.compactMap { connection in
                do throws(SystemError) { return try diagnostics.refreshed(connection) } catch { return nil }
            }
        } else {
            let own = sockets(of: instance)
            drain.connections = survey.connections(
                of: holdings(of: instance), in: [.established, .closeWait]
            )
            .filter { own.contains($0.inode) }
        }
        return !(drain.connections ?? []).contains { drain.isBusy($0, at: now) }
    }

    private func tellFailure(of survey: Survey) {
        if let failure = survey.failure { complain("\(failure): requests in work are not waited for") }
    }

    private func sockets(of instance: InstanceID) -> Set<UInt64> {
        Set(family(instance).flatMap { process in ProcFS.sockets(of: process).map(\.inode) })
    }
}

// MARK: - Time

extension Ports {
    var nextDeadline: Instant? {
        let samples = listeners.values.compactMap(\.sampleAt).min()
        let looks = drains.values.map(\.nextLook).min()
        let atOnce = beginning.isEmpty && joined.isEmpty ? nil : Instant.now
        return [samples, looks, atOnce].compactMap { $0 }.min()
    }

    func deadlinePassed(at now: Instant) {
        attachJoined()
        for listener in listeners.values where listener.sampleAt.map({ $0 <= now }) ?? false {
            sample(listener, at: now)
        }
        continueDrains(at: now)
        if !beginning.isEmpty { beginDrains(at: now) }
    }
}
