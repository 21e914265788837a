internal import Linux
internal import Supervision

extension Ports {
    /// Exactly these instances get new connections from now on.
    func steer(_ app: AppName, to shares: [Share]) {
        let weights = Dictionary(uniqueKeysWithValues: shares.map { ($0.instance, $0.weight) })
        let onlyMore = rotations[app]?.allSatisfy { weights[$0.key] == $0.value } ?? false
        rotations[app] = weights
        for key in groups.keys where key.app == app {
            // Who is taken out gets nothing from now on; who comes in can wait for others who do.
            if onlyMore, steered.contains(key) { joined.insert(key) } else { attach(key) }
        }
    }

    func attachJoined() {
        for key in joined { attach(key) }
    }

    /// Attaches the program that the rotation asks for; one system call, and all new connections obey.
    func attach(_ key: ListenerGroup.Key, except: Set<UInt64> = []) {
        joined.remove(key)
        guard let group = groups[key], let first = group.order.first.flatMap({ listeners[$0] }) else {
            return
        }
        let receivers = receiversOrStandIns(of: group).filter { !except.contains($0.key) }
        guard !receivers.isEmpty else { return }
        let (balance, places) = (balance(of: group), places(of: group))
        // Older kernels have less room for programs (net.core.optmem_max): slots can do without addresses of their
        // own, and even health checks.
        let ways = [sources(of: group, withSlots: true), sources(of: group, withSlots: false), [:]]
        let programs = ways.map {
            group.program(weights: receivers, sources: $0, places: places, by: balance)
        }
        let failure = attach(programs, to: first.socket, key)
        if failure == nil {
            steered.insert(key)
            lastReceivers[key] = receivers
        } else if group.order.count > 1 {
            let reason = failure?.description ?? ""
            complain("\(reason): connections of \(key.app) on \(key.address.listenAddress) are not steered")
        }
        // A listener that was retrofitted has no group as long as it is alone.
    }

    /// Where nobody is in rotation connections wait for a successor of whoever was last; where nobody ever was, they
    /// go to those that live. Health checks need a program all the same.
    private func receiversOrStandIns(of group: ListenerGroup) -> [UInt64: Int] {
        let receivers = receivers(of: group)
        guard receivers.isEmpty else { return receivers }
        let last = (lastReceivers[group.key] ?? [:]).filter { group.order.contains($0.key) }
        guard last.isEmpty else { return last }
        let alive = group.order.filter { listeners[$0]?.hasProgram ?? false }
        return Dictionary(uniqueKeysWithValues: alive.map { ($0, 1) })
    }

    /// The first that the kernel takes; nil: it took one.
    private func attach(
        _ programs: [SteeringProgram?], to socket: TCPSocket, _ key: ListenerGroup.Key
    ) -> SystemError? {
        var failure: SystemError? = SystemError("name so many listeners", code: SystemError.tooLong)
        for (index, program) in programs.enumerated() {
            guard let program else { continue }
            do throws(SystemError) {
                try socket.attach(program)
                if index == programs.count - 1 { unaddressed.insert(key) } else { unaddressed.remove(key) }
                return nil
            } catch {
                failure = error
            }
        }
        return failure
    }

    /// Those in rotation, without the dead; but if there is nobody else, with them.
    private func receivers(of group: ListenerGroup) -> [UInt64: Int] {
        let wanted = rotations[group.key.app] ?? [:]
        let chosen = group.order.compactMap { listeners[$0] }.filter { weight(of: $0, wanted) > 0 }
        let alive = chosen.filter { listener in wanted.keys.contains { listener.isServed(by: $0) } }
        let receivers = alive.isEmpty ? chosen : alive
        return Dictionary(uniqueKeysWithValues: receivers.map { ($0.serial, weight(of: $0, wanted)) })
    }

    /// What all who share it have together; the dead count only where nobody lives.
    private func weight(of listener: HeldListener, _ wanted: [InstanceID: Int]) -> Int {
        let holders = listener.holders.filter { wanted[$0.key] != nil }
        let alive = holders.filter(\.value)
        return (alive.isEmpty ? holders : alive).keys.reduce(0) { $0 + (wanted[$1] ?? 0) }
    }

    private func balance(of group: ListenerGroup) -> AppSpec.Balance {
        let instances = group.order.compactMap { listeners[$0]?.instance }
        return instances.compactMap { tenants[$0]?.spec.balance }.last ?? .random
    }

    /// As many as the newest instance of the app was told there are: after a scaling down the places of those who went
    /// stay open, so that only their clients move.
    private func places(of group: ListenerGroup) -> ListenerGroup.Places {
        var places = ListenerGroup.Places()
        for serial in group.order {
            guard let instance = listeners[serial]?.instance, let tenant = tenants[instance] else { continue }
            places.bySerial[serial] = tenant.slot.number
            places.count = max(places.count, tenant.slot.number + 1)
        }
        let newest = tenants.filter { $0.value.app == group.key.app }.max { $0.key < $1.key }
        places.count = max(places.count, newest?.value.spec.instances ?? 0)
        return places
    }
}

// MARK: - Queues

extension Ports {
    /// A connection waits where none did, or the program has ended its listener.
    func stirred(_ listener: HeldListener, _ what: Poller.Interest) {
        guard listeners[listener.serial] != nil else { return }
        guard listener.socket.isListening else { return lose(listener) }
        listener.judge.stir(listener.socket.acceptQueue?.length ?? 0, at: .now)
        listener.sampleAt = .now + min(StuckJudge.interval, patience(with: listener) / 4)
    }

    /// Nothing of the kernel's tells whether a queue is worked on: look again a little later, and only while there
    /// is a queue.
    func sample(_ listener: HeldListener, at now: Instant) {
        guard let queue = listener.socket.acceptQueue else { return lose(listener) }
        // Whoever waits for an heir is in nobody's rotation.
        guard listener.hasProgram else {
            listener.judge = StuckJudge()
            listener.sampleAt = queue.length == 0 ? nil : now + StuckJudge.interval
            if queue.length == 0 { rearm(listener) }
            return
        }
        let stuckBefore = listener.stuckSince
        listener.sampleAt = listener.judge.sample(queue.length, at: now, patience: patience(with: listener))
        if listener.sampleAt == nil {
            rearm(listener)
        } else if now - listener.lookedAt >= StuckJudge.interval {
            listener.lookedAt = now
            if hasClosed(listener) { return lose(listener) }
        }
        guard listener.judge.isStuck != (stuckBefore != nil) else { return }
        if listener.isShared {
            tellOfSharedQueue(listener, waiting: queue.length, since: stuckBefore)
        } else {
            tellOfStuck(listener.instance, waiting: queue.length)
        }
    }

    private func rearm(_ listener: HeldListener) {
        if let watch = listener.watch { watches.change(watch, for: [.readable, .oneShot]) }
    }

    private func patience(with listener: HeldListener) -> Duration {
        tenants[listener.instance]?.spec.stuckTimeout ?? .zero
    }

    /// An instance is stuck if any of its queues is; one that it shares says nothing of it alone.
    func tellOfStuck(_ instance: InstanceID, waiting: UInt32) {
        guard let tenant = tenants[instance], !tenant.hasEnded else { return }
        let isStuck = holdings(of: instance).contains {
            $0.hasProgram && !$0.isShared && $0.judge.isStuck
        }
        guard isStuck != tenant.isStuck else { return }
        tenants[instance]?.isStuck = isStuck
        report(isStuck ? .stuck(instance, waiting: Int(waiting)) : .unstuck(instance))
    }

    /// Nobody can be spared for it: whoever is free takes from it, so it is all of them or none.
    private func tellOfSharedQueue(_ listener: HeldListener, waiting: UInt32, since: Instant?) {
        let place =
            "the queue that the instances of \(listener.group.app) share on "
            + "\(listener.group.address.listenAddress)"
        if let since {
            tell("\(place) is taken from again, after \((Instant.now - since).milliseconds) ms")
        } else {
            tell("warning: \(place) does not become shorter, and \(waiting) wait (stuck_timeout)")
        }
    }

    /// The program lives on without the listener: whoever waits there waits in vain.
    private func hasClosed(_ listener: HeldListener) -> Bool {
        // Workers say so themselves.
        guard listener.hasProgram, !listener.isShared, !family(listener.instance).isEmpty else {
            return false
        }
        return !isOpen(inode: listener.inode, in: listener.instance)
    }

    private func lose(_ listener: HeldListener) {
        let served = listener.holders.filter(\.value).keys.filter { tenants[$0]?.hasEnded == false }.sorted()
        let address = listener.group.address.listenAddress
        if listener.socket.isListening {
            close(listener)
        } else {
            // It may listen on the very same socket again.
            if listener.origin == nil, let trap = traps[listener.instance] {
                remember(trap, listener.inode, listener.group.address)
            }
            forget(listener)
        }
        for instance in served {
            tellOfStuck(instance, waiting: 0)
            report(.unlistened(instance, address))
        }
    }
}
