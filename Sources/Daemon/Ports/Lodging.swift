internal import Linux
internal import Supervision

// MARK: - Coming

extension Ports {
    /// Everything a new instance needs for its ports, deposited with the keeper before there is a process.
    func prepare(_ instance: InstanceID, _ launch: Launch) throws(SystemError) -> PortsProvision {
        let (tier, complaint) = abilities.tier(
            for: launch.spec, besideAnother: hasNeighbour(in: launch.spec.name))
        if let complaint { complain(complaint) }
        var tenant = Tenant(
            shared: shared(launch.spec, launch.generation), slot: launch.slot, tier: tier,
            generation: launch.generation)
        if let dead = launch.heir {
            tenant.hasEstate = true
            bequeath(from: dead, to: instance)
            // Nobody will name it again: an heir takes the place of a release.
            forget(dead)
        }
        tenants[instance] = tenant
        switch tier {
        case .plain: return PortsProvision()
        case .sockets: return try provideSockets(instance, launch.spec)
        case .hold, .inject: return try provideFilter(instance)
        }
    }

    /// A second instance beside a first one, as a reload has it: worth a filter.
    private func hasNeighbour(in app: AppName) -> Bool {
        tenants.values.contains { $0.app == app && !$0.hasEnded && $0.process != nil }
    }

    private func provideFilter(_ instance: InstanceID) throws(SystemError) -> PortsProvision {
        let pair = try UnixSocket.pair(.packets)
        guard let slot = inFlight.claim(for: instance) else {
            let refusal = "there are too many instances to hold the listeners of"
            complain(refusal)
            tenants[instance]?.tier = .plain
            tenants[instance]?.refusal = refusal
            return PortsProvision()
        }
        let trap = Trap(instance, slot: slot)
        let ours = SharedDescriptor(pair.first)
        let theirs = SharedDescriptor(pair.second)
        trap.channel = ours
        traps[instance] = trap
        safe.deposit(Trap.channelKey(instance), ours)
        trap.watch = try watches.watch(ours.number, for: [.readable, .readHungUp]) { [unowned self] _ in
            receiveListener(trap)
        }
        return PortsProvision(channel: theirs, forbidsNewPrivileges: !abilities.isPrivileged)
    }

    /// The process runs, and the supervisor has been told.
    func spawned(_ instance: InstanceID, _ process: ProcessID) {
        tenants[instance]?.process = process
        if let trap = traps[instance] {
            trap.isOpen = true
            rearm(trap)
        }
        for listener in holdings(of: instance) where listener.isServed(by: instance) {
            report(.listened(instance, listener.group.address.listenAddress))
        }
    }

    /// Nothing was started. What it inherited stays under its name, for its own heir or its release.
    func failed(_ instance: InstanceID) {
        guard tenants[instance]?.hasEstate == true else { return release(instance) }
        for listener in holdings(of: instance) where listener.isServed(by: instance) { close(listener) }
        tenants[instance]?.hasEnded = true
        if let trap = traps.removeValue(forKey: instance) { end(trap) }
    }

    private func bequeath(from old: InstanceID, to new: InstanceID) {
        let inheritance = holdings(of: old)
        for listener in inheritance { listener.pass(from: old, to: new) }
        for socket in sockets.values where socket.holders.remove(old) != nil { socket.holders.insert(new) }
        if !inheritance.isEmpty { note() }
    }
}

// MARK: - Going

extension Ports {
    /// The main process is gone: nobody is steered to it any more, as far as there is somebody else. What waits in
    /// its queues goes on waiting for its successor.
    func exited(_ instance: InstanceID) {
        endDrain(instance)
        guard tenants[instance]?.hasEnded == false else { return }
        tenants[instance]?.hasEnded = true
        let left = holdings(of: instance)
        for listener in left {
            listener.rest(of: instance)
            // Its successor is judged by what it does itself.
            if !listener.hasProgram { listener.judge = StuckJudge() }
        }
        for key in Set(left.map(\.group)) { attach(key) }
        if !left.isEmpty { note() }
    }

    /// Whose listener, and nobody else's, a process has that says of itself nothing any more.
    func holder(_ process: Int32) -> InstanceID? {
        guard process != ThisProcess.identifier else { return nil }
        for (_, inode) in ProcFS.sockets(of: process) {
            if let held = serials[inode].flatMap({ listeners[$0] }), held.holders.count == 1 {
                return held.instance
            }
        }
        return nil
    }

    /// Nothing of the instance runs, and nobody inherits: clients that still wait are told so.
    func release(_ instance: InstanceID) {
        endDrain(instance)
        for listener in holdings(of: instance) where !listener.leave(instance) { close(listener) }
        forget(instance)
    }

    private func forget(_ instance: InstanceID) {
        leaveSockets(instance)
        if let trap = traps.removeValue(forKey: instance) { end(trap) }
        tenants[instance] = nil
        for app in rotations.keys { rotations[app]?[instance] = nil }
    }

    func end(_ trap: Trap) {
        if let watch = trap.watch { watches.remove(watch) }
        trap.watch = nil
        if trap.channel != nil { safe.withdraw(Trap.channelKey(trap.instance)) }
        if trap.listener != nil { safe.withdraw(Trap.listenerKey(trap.instance)) }
        trap.channel = nil
        trap.listener = nil
        // A call that waits for the keeper must not come back to a trap that is no more.
        trap.isOpen = false
        inFlight.giveBack(trap.slot)
    }
}

// MARK: - Passing sockets

extension Ports {
    /// The second best way: the program is given what it would have made.
    private func provideSockets(_ instance: InstanceID, _ spec: AppSpec) throws(SystemError) -> PortsProvision
    {
        var provision = PortsProvision()
        for address in spec.sockets {
            guard let socketAddress = SocketAddress(text: address.host, port: address.port) else {
                throw SystemError(
                    "open a socket for \(address): it is no numeric address", code: SystemError.invalid)
            }
            let wanted = BoundAddress(socketAddress)
            if let obstacle = obstacle(to: wanted, of: spec.name) {
                complain(obstacle.sentence(spec.name, wanted))
                throw SystemError("listen on \(address)", code: SystemError.addressInUse)
            }
            let key = ListenerGroup.Key(app: spec.name, address: wanted)
            let descriptor = SharedDescriptor(try TCPSocket.open(socketAddress.family))
            let socket = TCPSocket(descriptor.number)
            try socket.setReusePort()
            try socket.bind(socketAddress)
            try socket.listen(backlog: Ports.smallestBacklog)
            hold(descriptor, in: key, for: instance)
            provision.sockets.append(descriptor)
            provision.socketNames.append("\(address.port)")
        }
        return provision
    }
}
