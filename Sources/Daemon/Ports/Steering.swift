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
        let receivers = receivers(of: group).filter { !except.contains($0.key) }
        // Nobody: then let the last program stand, so that connections wait for a successor.
        guard !receivers.isEmpty else { return }
        let probes = Dictionary(
            uniqueKeysWithValues: group.order.compactMap { serial in
                listeners[serial].map { (serial, Ports.probe(of: $0.instance)) }
            })
        let balance = balance(of: group)
        // Older kernels have less room for programs (net.core.optmem_max): probes can be done without.
        let programs = [probes, [:]].compactMap {
            group.program(weights: receivers, probes: $0, by: balance)
        }
        let failure = attach(programs, to: first.socket)
        if failure == nil {
            steered.insert(key)
        } else if group.order.count > 1 {
            let reason = failure?.description ?? ""
            complain("\(reason): connections of \(key.app) on \(key.address.listenAddress) are not steered")
        }
        // A listener that was retrofitted has no group as long as it is alone.
    }

    /// The first that the kernel takes; nil: it took one.
    private func attach(_ programs: [SteeringProgram], to socket: TCPSocket) -> SystemError? {
        var failure: SystemError? = SystemError("name so many listeners", code: SystemError.tooLong)
        for program in programs {
            do throws(SystemError) {
                try socket.attach(program)
                return nil
            } catch {
                failure = error
            }
        }
        return failure
    }

    /// Those in rotation, without the dead and the stuck; but if there is nobody else, with them.
    private func receivers(of group: ListenerGroup) -> [UInt64: Int] {
        let wanted = rotations[group.key.app] ?? [:]
        let chosen = group.order.compactMap { listeners[$0] }.filter { wanted[$0.instance] != nil }
        let alive = chosen.filter(\.hasProgram)
        let well = alive.filter { !$0.judge.isStuck }
        // Overload looks like being stuck: never take more than half of the instances away for it.
        let isEnough = !well.isEmpty && well.count * 2 >= alive.count
        let receivers = isEnough ? well : alive.isEmpty ? chosen : alive
        return Dictionary(uniqueKeysWithValues: receivers.map { ($0.serial, wanted[$0.instance] ?? 1) })
    }

    private func balance(of group: ListenerGroup) -> AppSpec.Balance {
        let instances = group.order.compactMap { listeners[$0]?.instance }
        return instances.compactMap { tenants[$0]?.spec.balance }.last ?? .random
    }

    /// The last two bytes of the address from which a connection reaches this instance: 127.77.x.y.
    static func probe(of instance: InstanceID) -> UInt16 { UInt16(truncatingIfNeeded: instance.number) }
}

// MARK: - Queues

extension Ports {
    /// A connection waits where none did, or the program has ended its listener.
    func stirred(_ listener: HeldListener, _ what: Poller.Interest) {
        guard listeners[listener.serial] != nil else { return }
        guard listener.socket.isListening else { return lose(listener) }
        listener.sampleAt = .now + StuckJudge.interval
    }

    /// Nothing of the kernel's tells whether a queue is worked on: look again a little later, and only while there
    /// is a queue.
    func sample(_ listener: HeldListener, at now: Instant) {
        guard let queue = listener.socket.acceptQueue else { return lose(listener) }
        let wasStuck = listener.judge.isStuck
        if listener.judge.sample(queue.length, at: now) {
            listener.sampleAt = now + StuckJudge.interval
            if hasClosed(listener) { return lose(listener) }
        } else {
            listener.sampleAt = nil
            if let watch = listener.watch { watches.change(watch, for: [.readable, .oneShot]) }
        }
        guard listener.judge.isStuck != wasStuck else { return }
        attach(listener.group)
        let what =
            wasStuck ? "accepts connections again" : "accepts no connections, \(queue.length) are waiting"
        tell("instance \(listener.instance.number) of \(listener.group.app) \(what)")
    }

    /// The program lives on without the listener: whoever waits there waits in vain.
    private func hasClosed(_ listener: HeldListener) -> Bool {
        guard listener.hasProgram, !family(listener.instance).isEmpty else { return false }
        return !isOpen(inode: listener.inode, in: listener.instance)
    }

    private func lose(_ listener: HeldListener) {
        let (instance, address) = (listener.instance, listener.group.address.listenAddress)
        let hadProgram = listener.hasProgram
        if listener.socket.isListening {
            close(listener)
        } else {
            // It may listen on the very same socket again.
            if let trap = traps[instance] { remember(trap, listener.inode, listener.group.address) }
            forget(listener)
        }
        guard hadProgram, tenants[instance]?.hasEnded == false else { return }
        report(.unlistened(instance, address))
    }
}
