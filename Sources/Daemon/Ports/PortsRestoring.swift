internal import Linux
internal import Supervision

/// An instance that a previous daemon started.
struct RestoredTenant {
    var instance: InstanceID
    var slot: SlotIndex
    /// Nil: it has none, or has none any more.
    var process: ProcessID?
    var spec: AppSpec
    var generation: Generation
    var hasEnded = false
    /// Whose listeners it was to have, as far as it was told.
    var heirOf: InstanceID?
}

extension Ports {
    /// What a daemon must know of the listeners when the keeper was killed, too: each line begins with the kernel's
    /// number for the socket.
    var survivors: [String] {
        groups.sorted { $0.value.order.first ?? 0 < $1.value.order.first ?? 0 }.flatMap { _, group in
            group.order.compactMap { serial in
                guard let listener = listeners[serial] else { return nil }
                let line = String(decoding: listener.line(user: group.user).dropLast(), as: UTF8.self)
                return "\(listener.inode)\t\(line)"
            }
        }
    }

    /// Fetches them from the programs that have them: the queue of one that is nobody's went with its holders.
    func recover(
        _ survivors: [String], from processes: (InstanceID) -> [Int32],
        into held: inout [String: SharedDescriptor]
    ) {
        var lines: [UInt8] = []
        var serial: UInt64 = 0
        for survivor in survivors {
            let parts = survivor.split(separator: "\t", maxSplits: 1)
            guard parts.count == 2, let inode = UInt64(parts[0]),
                let entry = PortsJournal.entry(String(parts[1]))
            else { continue }
            serial = max(serial, entry.serial)
            let family = entry.holders.keys.sorted().flatMap(processes)
            guard let descriptor = borrow(inode, from: family) else {
                tell("a listener of \(entry.group.app) on \(entry.group.address.listenAddress) is lost")
                continue
            }
            held[HeldListener.key(entry.serial)] = descriptor
            safe.deposit(HeldListener.key(entry.serial), descriptor)
            lines += entry.line
        }
        // It was made a moment ago, and nothing stands in it.
        do throws(SystemError) { try journal.write(lines, nextSerial: serial + 1) } catch { tell("\(error)") }
    }

    private func borrow(_ inode: UInt64, from family: [Int32]) -> SharedDescriptor? {
        for process in family {
            guard let socket = ProcFS.sockets(of: process).first(where: { $0.inode == inode }),
                let handle = try? Processes.open(process),
                let copy = try? Processes.borrow(socket.descriptor, through: handle.number)
            else { continue }
            return SharedDescriptor(copy)
        }
        return nil
    }

    /// Takes back what a previous daemon had, from what the keeper held meanwhile. Running programs noticed
    /// nothing; calls that nobody answered are answered now.
    func restore(_ running: [RestoredTenant], found: [String: SharedDescriptor]) {
        for tenant in running {
            tenants[tenant.instance] = Tenant(
                shared: shared(tenant.spec, tenant.generation), slot: tenant.slot, tier: .plain,
                generation: tenant.generation, process: tenant.process, hasEnded: tenant.hasEnded)
        }
        let heirs = Dictionary(
            running.compactMap { tenant in tenant.heirOf.map { ($0, tenant.instance) } },
            uniquingKeysWith: { first, _ in first })
        restoreListeners(found, heirs)
        let remains = inFlight.remains()
        for (instance, remain) in remains {
            restoreTrap(instance, remain.slot, remain.call, found)
        }
        for tenant in running where tenants[tenant.instance]?.tier == .plain {
            if !holdings(of: tenant.instance).isEmpty { tenants[tenant.instance]?.tier = .sockets }
        }
    }

    private func restoreListeners(
        _ found: [String: SharedDescriptor], _ heirs: [InstanceID: InstanceID]
    ) {
        do throws(SystemError) {
            guard let (entries, serial, lines) = try journal.read() else { return }
            nextSerial = serial
            for entry in entries {
                guard let descriptor = found[HeldListener.key(entry.serial)] else { continue }
                restore(entry, descriptor, heirs)
            }
            // Of somebody who ended, and whose place nobody takes.
            for listener in listeners.values.sorted(by: { $0.serial < $1.serial })
            where !listener.holders.keys.contains(where: { tenants[$0] != nil }) { close(listener) }
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

    private func restore(
        _ entry: PortsJournal.Entry, _ descriptor: SharedDescriptor, _ heirs: [InstanceID: InstanceID]
    ) {
        var holders: [InstanceID: Bool] = [:]
        for (holder, served) in entry.holders {
            // The daemon before died between the order to inherit and the deed.
            let heir = tenants[holder] == nil ? heirs[holder] : nil
            let isAlive = heir == nil && served && tenants[holder]?.hasEnded == false
            holders[heir ?? holder] = isAlive
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
