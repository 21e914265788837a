internal import Linux
internal import Supervision

extension Ports {
    /// Watches an instance that was taken out of rotation until it has nothing left to do.
    func drain(_ instance: InstanceID) {
        guard tenants[instance]?.hasEnded == false else { return }
        let held = holdings(of: instance)
        guard !held.isEmpty else { return finishRest(instance) }
        attachJoined()
        beginning.append(instance)
    }

    /// Only what has begun to connect is waited for from now on.
    func hurry(_ instance: InstanceID) {
        if beginning.contains(instance) { hurried.insert(instance) }
        drains[instance]?.isHurried = true
        drains[instance]?.nextLook = .now
        finishApart(instance)
    }

    /// It is over, however it ended.
    func endDrain(_ instance: InstanceID) {
        apart[instance] = nil
        drains[instance] = nil
        hurried.remove(instance)
        beginning.removeAll { $0 == instance }
    }

    /// All that began in this turn of the loop look at the kernel's table once, after the switch.
    private func beginDrains(at now: Instant) {
        var survey = Survey(diagnostics, lookCosts)
        for instance in beginning {
            let found = survey.connections(
                of: holdings(of: instance), in: [.established, .closeWait, .synReceived])
            guard let tenant = tenants[instance] else { continue }
            let others = (rotations[tenant.app] ?? [:]).keys.filter { $0 != instance }
            let policy = Drain.Policy(
                drain: tenant.spec.drain, grace: tenant.spec.drainGrace, timeout: tenant.spec.drainTimeout,
                isFinal: others.isEmpty)
            drains[instance] = Drain(found, policy, at: now)
            drains[instance]?.isHurried = hurried.contains(instance)
        }
        beginning.removeAll()
        hurried.removeAll()
        tellFailure(of: survey)
    }

    private func continueDrains(at now: Instant) {
        let due = drains.filter { $0.value.nextLook <= now }.keys.sorted()
        guard !due.isEmpty else { return }
        // Queues first, and the table after: what is taken from a queue between the two is in the table.
        var settling = Survey(diagnostics, lookCosts)
        for instance in due { settle(instance, &settling, at: now) }
        var finishing = Survey(diagnostics, lookCosts)
        for instance in due where look(instance, &finishing, at: now) {
            drains[instance] = nil
            finishRest(instance)
        }
        tellFailure(of: finishing)
    }

    private func settle(_ instance: InstanceID, _ survey: inout Survey, at now: Instant) {
        guard var drain = drains[instance], drain.connections == nil else { return }
        let held = holdings(of: instance).filter { !isServedByOthers($0, than: instance) }
        let queued = held.reduce(0) { $0 + ($1.socket.acceptQueue?.length ?? 0) }
        if queued == 0, !drain.halfOpen.isEmpty {
            drain.keepHalfOpen(survey.connections(of: held, in: [.synReceived]))
        }
        let hasArrived = held.isEmpty || drain.hasSettled(queued: queued, at: now)
        drain.hasSettled = hasArrived && hasLetGo(instance)
        drains[instance] = drain
    }

    /// Whether what waits there is somebody else's to take.
    private func isServedByOthers(_ listener: HeldListener, than instance: InstanceID) -> Bool {
        listener.isShared
            && listener.holders.contains { other, serves in
                serves && other != instance && rotations[listener.group.app]?[other] != nil
            }
    }

    /// Whether a Node worker has closed what it was lent: taking it out of rotation does not keep it from accepting.
    private func hasLetGo(_ instance: InstanceID) -> Bool {
        let lent = holdings(of: instance).filter { $0.origin != nil && $0.isServed(by: instance) }
        if !lent.isEmpty { recall(instance) }
        return lent.isEmpty
    }

    private func tellFailure(of survey: Survey) {
        if let failure = survey.failure { complain("\(failure): requests in work are not waited for") }
    }
}

// MARK: - Looking

extension Ports {
    /// Whether it is done.
    private func look(_ instance: InstanceID, _ survey: inout Survey, at now: Instant) -> Bool {
        guard var drain = drains[instance] else { return false }
        let began = Instant.now
        if drain.hasSettled, !drain.ignoresConnections {
            drain.connections = connections(of: instance, drain.connections, &survey, at: now)
        }
        let isOver = drain.isOver(at: now)
        if !isOver { bidFarewell(instance, &drain, at: now) }
        drain.nextLook = drain.next(after: .now - began, at: now)
        drains[instance] = drain
        return isOver
    }

    /// Those it had at the first look, as they are now. One that cannot be found again is gone.
    private func connections(
        of instance: InstanceID, _ known: [TCPConnection.Cookie: OpenConnection]?, _ survey: inout Survey,
        at now: Instant
    ) -> [TCPConnection.Cookie: OpenConnection] {
        let held = holdings(of: instance)
        guard let known else {
            let own = descriptors(of: instance)
            let found = survey.connections(of: held, in: [.established, .closeWait])
            return OpenConnection.each(of: found.filter { own[$0.inode] != nil }, at: now)
        }
        let table = survey.refreshed(known.values.map(\.seen), of: held)
        return known.filter { table[$0.key] != nil }.mapValues { connection in
            var connection = connection
            if let now = table[connection.seen.identity] { connection.look(now, at: .now) }
            return connection
        }
    }

    /// Where each of its sockets is, by the kernel's number for it.
    private func descriptors(of instance: InstanceID) -> [UInt64: ForeignDescriptor] {
        var places: [UInt64: ForeignDescriptor] = [:]
        for process in family(instance) {
            for (descriptor, inode) in ProcFS.sockets(of: process) {
                places[inode] = ForeignDescriptor(process: process, number: descriptor)
            }
        }
        return places
    }
}

// MARK: - Closing gently

extension Ports {
    /// Tells the program that nothing more comes on its idle connections: it closes them, as after any client's leave.
    private func bidFarewell(_ instance: InstanceID, _ drain: inout Drain, at now: Instant) {
        guard let connections = drain.connections else { return }
        let borrowing = connections.values.count { $0.farewell == .borrowing }
        let chosen = connections.filter { drain.isToClose($0.value, at: now) }
            .prefix(max(0, Drain.borrowings - borrowing))
        guard !chosen.isEmpty else { return }
        let places = descriptors(of: instance)
        for (identity, connection) in chosen {
            guard let place = places[connection.seen.inode] else {
                drain.connections?[identity]?.farewell = .impossible
                continue
            }
            drain.connections?[identity]?.farewell = .borrowing
            let order = BorrowOrder(thread: place.process, descriptor: place.number)
            safe.borrow(order) { [weak self] borrowed in
                guard let self, let known = drains[instance]?.connections?[identity] else { return }
                drains[instance]?.connections?[identity]?.farewell = sayFarewell(to: known, borrowed)
            }
        }
    }

    /// A request that crosses is never begun: from the moment of the last check on, the kernel lets none in. The client
    /// sees an idle connection closed.
    private func sayFarewell(to connection: OpenConnection, _ borrowed: Borrowed) -> OpenConnection.Farewell {
        switch borrowed.descriptor {
        case .failure(let error) where error.isRefusal:
            complain("\(error): idle connections are left to the programs when they are replaced")
            return .impossible
        // It is closed already, or the number means another one: the next look will tell.
        case .failure: return .none
        case .success(let descriptor):
            let socket = TCPSocket(descriptor.number)
            guard socket.identity.inode == connection.seen.inode else { return .none }
            socket.refuseData(true)
            guard let now = try? diagnostics.refreshed(connection.seen), connection.isUnchanged(in: now)
            else {
                socket.refuseData(false)
                return .none
            }
            socket.endReceiving()
            return .said(at: .now)
        }
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
