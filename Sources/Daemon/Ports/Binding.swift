internal import Linux
internal import Supervision

extension Ports {
    /// bind(2), carried out here on the program's own socket, so that the address that is checked is the one that
    /// is bound.
    func bind(_ call: PendingCall) {
        guard let address = SocketAddress(raw: call.borrowed.bytes), address.port != 0,
            let process = call.borrowed.process,
            Processes.sharesNetwork(process)
        else { return proceed(call) }
        switch call.borrowed.descriptor {
        case .success(let descriptor):
            let socket = TCPSocket(descriptor.number)
            if socket.isMultipathTCP { return simplify(call, process, socket, address) }
            guard socket.isTCP, socket.family != nil else { return proceed(call) }
            // A signal made the call come again.
            if socket.localAddress == address { return succeed(call) }
            admit(call, BoundAddress(address, onlyV6: socket.isOnlyV6)) { [unowned self] wanted in
                bind(call, socket, to: wanted)
            }
        case .failure(let error):
            guard error.isRefusal else {
                // A descriptor that is none is the program's own mistake.
                if error.code != SystemError.badDescriptor { complain("\(error): a listener is not held") }
                return proceed(call)
            }
            substitute(call, process, address, because: error)
        }
    }

    private func bind(_ call: PendingCall, _ socket: TCPSocket, to wanted: BoundAddress) {
        guard let app = tenants[call.trap.instance]?.app else { return proceed(call) }
        do throws(SystemError) {
            try join(socket, app, wanted)
            try socket.bind(wanted.socket)
        } catch {
            // A port that the daemon may not bind either: the program's own rights count.
            return error.code == SystemError.accessDenied ? proceed(call) : refuse(call, error.code)
        }
        remember(call.trap, socket.identity.inode, wanted)
        succeed(call)
    }

    func remember(_ trap: Trap, _ inode: UInt64, _ address: BoundAddress) {
        if trap.bound.count >= Trap.boundLimit { trap.bound.removeAll() }
        trap.bound[inode] = address
    }

    /// Makes a socket such that it can share its address with the others of its app.
    func join(_ socket: TCPSocket, _ app: AppName, _ wanted: BoundAddress) throws(SystemError) {
        try socket.setReusePort()
        let neighbour = groups.values.first { group in
            group.key.app == app && !group.order.isEmpty && group.key.address.overlaps(wanted)
        }
        if let user = neighbour?.user, user != socket.identity.user { try socket.give(toUser: user) }
    }
}

// MARK: - Admitting

extension Ports {
    /// Goes on with `then` if the program may have the address; otherwise answers.
    func admit(_ call: PendingCall, _ wanted: BoundAddress, _ then: @escaping (BoundAddress) -> Void) {
        guard let tenant = tenants[call.trap.instance], let process = call.borrowed.process else {
            return proceed(call)
        }
        guard mayBind(wanted.socket.port, tenant.spec, process) else { return proceed(call) }
        dropClosed(of: call.trap.instance, at: wanted)
        switch obstacle(to: wanted, of: tenant.app) {
        case nil: then(wanted)
        case .stranger(let owner?, let inode, let address)?:
            guard let neighbour = unheldTenant(of: owner), tenants[neighbour]?.app == tenant.app else {
                meet(.stranger(owner, inode: inode, address), call.trap.instance, wanted)
                return refuse(call, SystemError.addressInUse)
            }
            retrofit(neighbour, owner, inode, address) { [weak self] held in
                guard let self, call.trap.isOpen else { return }
                guard held else { return refuse(call, SystemError.addressInUse) }
                // Connections from before it was held share nothing but what its program had asked for.
                if case .success(let descriptor) = call.borrowed.descriptor {
                    TCPSocket(descriptor.number).reuseAddress()
                }
                then(wanted)
            }
        case let obstacle?:
            meet(obstacle, call.trap.instance, wanted)
            refuse(call, SystemError.addressInUse)
        }
    }

    /// A low port is bound for a program without the right to it only where its spec says so.
    func mayBind(_ port: UInt16, _ spec: AppSpec, _ process: Int32) -> Bool {
        guard port < abilities.firstUnprivilegedPort else { return true }
        if Processes.has(.bindLowPorts, process: process) { return true }
        guard abilities.bindsLowPorts else { return false }
        if spec.ports.contains(port) { return true }
        complain(
            "\(spec.name) has no right to port \(port); \"ports\": [\(port)] in its specification would give it"
        )
        return false
    }

    /// Makes a listener held of a program that was started without a filter.
    func retrofit(
        _ instance: InstanceID, _ owner: SocketOwner, _ inode: UInt64, _ address: BoundAddress,
        _ then: @escaping (Bool) -> Void
    ) {
        let order = BorrowOrder(thread: owner.process, descriptor: owner.descriptor)
        safe.borrow(order) { [weak self] borrowed in
            guard let self, let app = tenants[instance]?.app else { return then(false) }
            do throws(SystemError) {
                let descriptor = try borrowed.descriptor.get()
                let socket = TCPSocket(descriptor.number)
                guard socket.identity.inode == inode, socket.isListening else { return then(false) }
                // Somebody who asked at the same moment was quicker.
                if listener(withInode: inode) != nil { return then(true) }
                try socket.setReusePort()
                hold(descriptor, in: ListenerGroup.Key(app: app, address: address), for: instance)
                report(.listened(instance, address.listenAddress))
                then(true)
            } catch {
                tell("\(error): the listener of \(app) on \(address.listenAddress) cannot be shared")
                then(false)
            }
        }
    }
}
