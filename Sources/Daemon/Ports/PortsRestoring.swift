internal import Linux
internal import Supervision

/// An instance that a previous daemon started.
struct RestoredTenant {
    var instance: InstanceID
    var slot: SlotIndex
    var process: ProcessID
    var spec: AppSpec
    var generation: Generation
    var hasEnded = false
}

extension Ports {
    /// Takes back what a previous daemon had, from what the keeper held meanwhile. Running programs noticed
    /// nothing; calls that nobody answered are answered now.
    func restore(_ running: [RestoredTenant], found: [String: SharedDescriptor]) {
        for tenant in running {
            tenants[tenant.instance] = Tenant(
                app: tenant.spec.name, slot: tenant.slot, spec: tenant.spec, tier: .plain,
                generation: tenant.generation, process: tenant.process, hasEnded: tenant.hasEnded)
        }
        restoreListeners(found)
        let remains = inFlight.remains()
        for (instance, remain) in remains {
            restoreTrap(instance, remain.slot, remain.call, found)
        }
        for tenant in running where tenants[tenant.instance]?.tier == .plain {
            if !holdings(of: tenant.instance).isEmpty { tenants[tenant.instance]?.tier = .sockets }
        }
    }

    private func restoreListeners(_ found: [String: SharedDescriptor]) {
        do throws(SystemError) {
            guard let (entries, serial, lines) = try journal.read() else { return }
            nextSerial = serial
            for entry in entries {
                guard let descriptor = found[HeldListener.key(entry.serial)] else { continue }
                restore(entry, descriptor)
            }
            for line in lines {
                if let socket = LentSocket(line: line, found: found) { sockets[socket.serial] = socket }
            }
            for key in found.keys
            where key.hasPrefix("socket/") && !sockets.values.contains(where: { $0.key == key }) {
                safe.withdraw(key)
            }
            // One that was held, and closed, while the journal was not written yet.
            let known = Set(entries.map { HeldListener.key($0.serial) })
            for key in found.keys where key.hasPrefix("listener/") && !known.contains(key) {
                safe.withdraw(key)
            }
        } catch {
            tell("\(error): which listener is whose is not known until the next reload")
        }
    }

    private func restore(_ entry: PortsJournal.Entry, _ descriptor: SharedDescriptor) {
        let holders = entry.holders.reduce(into: [:]) { holders, holder in
            holders[holder.key] = holder.value && tenants[holder.key]?.hasEnded == false
        }
        let listener = HeldListener(
            serial: entry.serial, descriptor: descriptor, group: entry.group, holders: holders,
            origin: entry.origin)
        // It ended while nobody looked, and the kernel has closed the gap.
        guard listener.socket.isListening else { return safe.withdraw(listener.key) }
        listeners[entry.serial] = listener
        serials[listener.inode] = entry.serial
        groups[entry.group, default: ListenerGroup(entry.group, user: entry.user)].append(entry.serial)
        watch(listener)
        // The daemon before may have died before it could say so. Node workers say so themselves.
        guard entry.origin == nil else { return }
        for (instance, isAlive) in holders where isAlive {
            report(.listened(instance, entry.group.address.listenAddress))
        }
    }

    private func restoreTrap(
        _ instance: InstanceID, _ slot: Int, _ call: SeccompListener.Notification?,
        _ found: [String: SharedDescriptor]
    ) {
        let trap = Trap(instance, slot: slot)
        guard tenants[instance] != nil else {
            inFlight.giveBack(slot)
            return [Trap.listenerKey(instance), Trap.channelKey(instance)].forEach(safe.withdraw)
        }
        trap.wasRestored = true
        trap.isOpen = true
        traps[instance] = trap
        tenants[instance]?.tier = .hold
        if let listener = found[Trap.listenerKey(instance)] {
            open(trap, listener)
        } else if let channel = found[Trap.channelKey(instance)] {
            trap.channel = channel
            receiveListener(trap)
        }
        if let call, let seccomp = trap.seccomp, seccomp.isValid(call.id) { take(call, trap) }
    }
}
