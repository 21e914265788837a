internal import Linux
internal import Supervision
internal import Wire

/// Listeners that the daemon makes, because Node workers ask for them instead of making their own.
///
/// All workers of a generation share one, whose single queue goes to whoever is free; where connections are to be
/// spread otherwise each has one of its own. Either way they stand in the group of their address beside all others
/// of the app, so that generations are steered between like programs that listen themselves.
extension Ports {
    typealias Lending = (Result<SharedDescriptor, SystemError>) -> Void

    /// The listener, or other socket, that a worker asked for; later, if somebody must be asked first.
    func lend(_ query: ClusterQuery, to instance: InstanceID, _ then: @escaping Lending) {
        guard let tenant = tenants[instance], let process = tenant.process?.number else {
            return then(.failure(SystemError("listen for a program that is gone", code: SystemError.invalid)))
        }
        do throws(SystemError) {
            switch query.place {
            case .stream(let host, let port, let onlyV6):
                if let kept = kept(query, for: instance, tenant) { return then(.success(kept)) }
                let port = port == 0 ? chosenPort(of: query, tenant.app) : port
                let loan = Loan(query: query, instance: instance, process: process, onlyV6: onlyV6)
                try lend(loan, try Self.addresses(host, port), tenant, then)
            case .datagram(let host, let port, let flags):
                then(.success(try datagram(query, host, port, flags, for: instance, process)))
            case .path(let path, let mode):
                then(.success(try pipe(query, path, mode, for: instance, process)))
            case .none:
                then(.failure(SystemError("listen on \(query.key)", code: SystemError.invalid)))
            }
        } catch {
            then(.failure(error))
        }
    }

    /// One worker's question for a TCP listener.
    private struct Loan {
        var query: ClusterQuery
        var instance: InstanceID
        var process: Int32
        var onlyV6: Bool
    }

    /// What is there already: its generation's, or what its predecessor left.
    private func kept(
        _ query: ClusterQuery, for instance: InstanceID, _ tenant: Tenant
    ) -> SharedDescriptor? {
        let origin = origin(of: query, tenant)
        let kept = listeners.values.first { listener in
            listener.group.app == tenant.app && listener.origin == origin && listener.socket.isListening
                && (listener.isShared || listener.isHeld(by: instance))
        }
        guard let kept else { return nil }
        kept.expect(instance)
        note()
        return kept.descriptor
    }

    private func origin(of query: ClusterQuery, _ tenant: Tenant) -> HeldListener.Origin {
        HeldListener.Origin(
            key: query.key, generation: tenant.spec.sharesListeners ? tenant.generation : nil)
    }

    /// Port 0 means the same port for all workers, and after a reload too.
    private func chosenPort(of query: ClusterQuery, _ app: AppName) -> UInt16 {
        listeners.values.first { $0.group.app == app && $0.origin?.key == query.key }?.group.address.socket
            .port
            ?? 0
    }

    /// In the order in which they are tried: no host means both families, and IPv4 where there is no other.
    private static func addresses(_ host: String?, _ port: UInt16) throws(SystemError) -> [SocketAddress] {
        let texts = host.map { [$0] } ?? ["::", "0.0.0.0"]
        let addresses = texts.compactMap { SocketAddress(text: $0, port: port) }
        guard !addresses.isEmpty else {
            throw SystemError("listen on \(host ?? "")", code: SystemError.invalid)
        }
        return addresses
    }

    private func lend(
        _ loan: Loan, _ addresses: [SocketAddress], _ tenant: Tenant, _ then: @escaping Lending
    ) throws(SystemError) {
        let wanted = BoundAddress(addresses[0], onlyV6: loan.onlyV6)
        let port = wanted.socket.port
        guard port == 0 || mayBind(port, tenant.spec, loan.process) else {
            throw SystemError("bind \(wanted.socket)", code: SystemError.accessDenied)
        }
        dropClosed(of: loan.instance, at: wanted)
        let inUse = SystemError("bind \(wanted.socket)", code: SystemError.addressInUse)
        let hasIt = holdings(of: loan.instance).contains {
            $0.isServed(by: loan.instance) && $0.group.address.overlaps(wanted)
        }
        if hasIt { throw inUse }
        clear(wanted, for: loan.instance, tenant) { [weak self] isFree in
            guard let self, isFree else { return then(.failure(inUse)) }
            do throws(SystemError) {
                then(.success(try make(loan, addresses)))
            } catch {
                then(.failure(error))
            }
        }
    }

    /// Whether nobody else is on the address; a listener of the app that is not held yet is held first.
    private func clear(
        _ wanted: BoundAddress, for instance: InstanceID, _ tenant: Tenant, _ then: @escaping (Bool) -> Void
    ) {
        if wanted.socket.port == 0 { return then(true) }
        switch obstacle(to: wanted, of: tenant.app) {
        case nil: then(true)
        case .stranger(let owner?, let inode, let address)?:
            if let neighbour = unheldTenant(of: owner), tenants[neighbour]?.app == tenant.app {
                return retrofit(neighbour, owner, inode, address, then)
            }
            meet(.stranger(owner, inode: inode, address), instance, wanted)
            then(false)
        case let obstacle?:
            meet(obstacle, instance, wanted)
            then(false)
        }
    }

    private func make(_ loan: Loan, _ addresses: [SocketAddress]) throws(SystemError) -> SharedDescriptor {
        do throws(SystemError) {
            return try make(loan, addresses[0])
        } catch {
            guard addresses.count > 1, error.isAboutFamily else { throw error }
            return try make(loan, addresses[1])
        }
    }

    private func make(_ loan: Loan, _ address: SocketAddress) throws(SystemError) -> SharedDescriptor {
        guard let tenant = tenants[loan.instance], !tenant.hasEnded else {
            throw SystemError("listen for a program that is gone", code: SystemError.invalid)
        }
        let descriptor = SharedDescriptor(try TCPSocket.open(address.family))
        let socket = TCPSocket(descriptor.number)
        // Who receives it believes that it never waits.
        socket.makeNonBlocking()
        socket.reuseAddress()
        if loan.onlyV6 { try socket.refuseV4() }
        // As if the program had made it: sockets share an address only with those of the same owner.
        if let user = ProcFS.user(of: loan.process), user != socket.identity.user, abilities.changesOwners {
            try socket.give(toUser: user)
        }
        try join(socket, tenant.app, BoundAddress(address, onlyV6: loan.onlyV6))
        try socket.bind(address)
        try socket.listen(backlog: max(Int32(clamping: loan.query.backlog), Ports.smallestBacklog))
        let bound = BoundAddress(socket.localAddress ?? address, onlyV6: loan.onlyV6)
        hold(
            descriptor, in: ListenerGroup.Key(app: tenant.app, address: bound), for: loan.instance,
            origin: origin(of: loan.query, tenant))
        return descriptor
    }
}

// MARK: - Hearing of workers

extension Ports {
    /// A worker takes connections from what it was lent.
    func serves(_ instance: InstanceID, _ key: String) {
        guard let listener = lent(key, to: instance) else {
            // A pipe, or datagrams: nothing that could be steered, but it is ready.
            return report(.listened(instance, nil))
        }
        listener.serve(by: instance)
        note()
        joined.insert(listener.group)
        report(.listened(instance, listener.group.address.listenAddress))
    }

    /// A worker has closed what it was lent. Of one that is on its way out, what waits stays for its heir.
    func rests(_ instance: InstanceID, _ key: String, isLeaving: Bool) {
        leaveSocket(key, instance)
        guard let listener = lent(key, to: instance) else { return }
        if isLeaving {
            // It stays a holder, without serving, until its release: its connections are found by the listener.
            listener.rest(of: instance)
            note()
            if listener.isShared { joined.insert(listener.group) }
        } else if listener.isShared, listener.leave(instance) {
            note()
            joined.insert(listener.group)
        } else {
            close(listener)
        }
        if !isLeaving { report(.unlistened(instance, listener.group.address.listenAddress)) }
    }

    private func lent(_ key: String, to instance: InstanceID) -> HeldListener? {
        listeners.values.first { $0.origin?.key == key && $0.isHeld(by: instance) }
    }

    /// What stands behind the key, to be sent again.
    func descriptor(_ key: String, of instance: InstanceID) -> SharedDescriptor? {
        lent(key, to: instance)?.descriptor ?? socket(key, of: instance)?.descriptor
    }
}

extension SystemError {
    /// The machine has no IPv6.
    fileprivate var isAboutFamily: Bool { code == Self.noSuchFamily || code == Self.noSuchAddress }
}
