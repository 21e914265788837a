internal import Linux
internal import Supervision

extension Ports {
    /// Many programs ask for a handful, and lose connections for a second when a burst comes.
    static let smallestBacklog: Int32 = 1024

    /// listen(2): the moment every program is ready, in every language.
    func listen(_ call: PendingCall) {
        guard let process = call.borrowed.process else { return proceed(call) }
        let theirs = ForeignDescriptor(process: process, number: call.number)
        guard let descriptor = socket(of: call, theirs) else {
            let isTCP = theirs.family != nil
            proceed(call)
            return isTCP ? report(.listened(call.trap.instance, nil)) : ()
        }
        let socket = TCPSocket(descriptor.number)
        guard socket.isTCP else { return proceed(call) }
        let inode = socket.identity.inode
        if let held = listener(withInode: inode) {
            // A signal made the call come again, or the program wants another backlog, which may only grow.
            if socket.isListening { return succeed(call) }
            // It had shut it down.
            remember(call.trap, inode, held.group.address)
            forget(held)
        }
        guard let address = call.trap.bound[inode] ?? restoredAddress(call.trap, socket) else {
            proceed(call)
            return report(.listened(call.trap.instance, nil))
        }
        dropClosed(of: call.trap.instance, at: address)
        if !adopt(call, theirs, socket, address) { begin(call, descriptor, address) }
    }

    private func socket(of call: PendingCall, _ theirs: ForeignDescriptor) -> SharedDescriptor? {
        switch call.borrowed.descriptor {
        case .success(let descriptor): descriptor
        case .failure: theirs.inode.flatMap { call.trap.created[$0] }
        }
    }

    /// A previous daemon bound it.
    private func restoredAddress(_ trap: Trap, _ socket: TCPSocket) -> BoundAddress? {
        guard trap.wasRestored, socket.reusesPort, let address = socket.localAddress, address.port != 0 else {
            return nil
        }
        return BoundAddress(address, onlyV6: socket.isOnlyV6)
    }

    /// The program gets the listener its predecessor left, with everybody who waits there; false: there is none.
    private func adopt(
        _ call: PendingCall, _ theirs: ForeignDescriptor, _ socket: TCPSocket, _ address: BoundAddress
    ) -> Bool {
        let orphans = holdings(of: call.trap.instance).filter {
            !$0.hasProgram && $0.origin == nil && $0.group.address == address
        }
        guard let orphan = orphans.first(where: { $0.socket.isListening }), let seccomp = call.trap.seccomp
        else {
            return false
        }
        // An epoll set would go on watching the program's own socket: that one has to do.
        guard !theirs.isPolled else { return false }
        do throws(SystemError) {
            socket.copyOptions(to: orphan.socket)
            let isThere = try seccomp.inject(
                call.notification.id, orphan.descriptor.number, at: theirs.number,
                closeOnExec: theirs.isClosedByExec)
            guard isThere else {
                succeed(call)
                return true
            }
        } catch {
            complain("\(error): the queue of an instance of \(orphan.group.app) is lost")
            return false
        }
        orphan.serve(by: call.trap.instance)
        call.trap.bound[socket.identity.inode] = nil
        note()
        succeed(call)
        report(.listened(call.trap.instance, address.listenAddress))
        return true
    }

    private func begin(_ call: PendingCall, _ descriptor: SharedDescriptor, _ address: BoundAddress) {
        guard let app = tenants[call.trap.instance]?.app else { return proceed(call) }
        let wanted = Int32(truncatingIfNeeded: call.notification.arguments[1])
        let socket = TCPSocket(descriptor.number)
        do throws(SystemError) {
            try socket.listen(backlog: max(wanted, Ports.smallestBacklog))
        } catch {
            return refuse(call, error.code)
        }
        call.trap.bound[socket.identity.inode] = nil
        call.trap.created[socket.identity.inode] = nil
        hold(descriptor, in: ListenerGroup.Key(app: app, address: address), for: call.trap.instance)
        // What could not be adopted goes only now, so that there is no moment without a listener.
        for orphan in holdings(of: call.trap.instance)
        where !orphan.hasProgram && !orphan.isShared && orphan.group.address == address {
            close(orphan)
        }
        succeed(call)
        report(.listened(call.trap.instance, address.listenAddress))
    }
}

// MARK: - Holding

extension Ports {
    /// Keeps a socket that has just begun to listen.
    func hold(
        _ descriptor: SharedDescriptor, in key: ListenerGroup.Key, for instance: InstanceID,
        origin: HeldListener.Origin? = nil
    ) {
        let listener = HeldListener(
            serial: nextSerial, descriptor: descriptor, group: key, holders: [instance: origin == nil],
            origin: origin)
        nextSerial += 1
        listeners[listener.serial] = listener
        serials[listener.inode] = listener.serial
        let user = listener.socket.identity.user
        groups[key, default: ListenerGroup(key, user: user)].append(listener.serial)
        safe.deposit(listener.key, descriptor)
        note()
        // The program that is attached names positions, and the new one is behind them all.
        if steered.contains(key) { joined.insert(key) } else { attach(key) }
        watch(listener)
    }

    func watch(_ listener: HeldListener) {
        do throws(SystemError) {
            listener.watch = try watches.watch(listener.descriptor.number, for: [.readable, .oneShot]) {
                [unowned self] what in stirred(listener, what)
            }
        } catch {
            complain("\(error): a stuck instance of \(listener.group.app) would not be noticed")
        }
    }

    /// Ends a listener for good. Its position and the last one change, so nobody is steered there meanwhile.
    func close(_ listener: HeldListener) {
        let key = listener.group
        if let group = groups[key] { attach(key, except: group.unsettled(by: listener.serial)) }
        if let watch = listener.watch { watches.remove(watch) }
        listener.watch = nil
        // At once and whoever else has a copy: the keeper closes its own later.
        listener.socket.stopListening()
        forget(listener)
    }

    /// A listener that has ended already.
    func forget(_ listener: HeldListener) {
        if let watch = listener.watch { watches.remove(watch) }
        listener.watch = nil
        listeners[listener.serial] = nil
        serials[listener.inode] = nil
        groups[listener.group]?.remove(listener.serial)
        if groups[listener.group]?.order.isEmpty == true {
            groups[listener.group] = nil
            steered.remove(listener.group)
            unaddressed.remove(listener.group)
            lastReceivers[listener.group] = nil
        }
        safe.withdraw(listener.key)
        note()
        attach(listener.group)
    }

    /// Earlier listeners on this address that the program has closed: our copies would be in its way, and a black
    /// hole for connections.
    func dropClosed(of instance: InstanceID, at address: BoundAddress) {
        let earlier = holdings(of: instance).filter {
            $0.hasProgram && !$0.isShared && $0.group.address.overlaps(address)
        }
        for listener in earlier where !isOpen(inode: listener.inode, in: instance) { close(listener) }
    }
}
