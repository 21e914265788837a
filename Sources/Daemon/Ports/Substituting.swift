internal import Linux
internal import Supervision

// A socket of ours takes the place of the program's.
extension Ports {
    /// Where a container forbids borrowing (pidfd_getfd(2)). What the program had set up before it bound is lost.
    func substitute(
        _ call: PendingCall, _ process: Int32, _ address: SocketAddress, because reason: SystemError
    ) {
        let theirs = ForeignDescriptor(process: process, number: call.number)
        guard let family = theirs.family, let app = tenants[call.trap.instance]?.app else {
            return proceed(call)
        }
        tenants[call.trap.instance]?.tier = .inject
        tenants[call.trap.instance]?.refusal = "\(reason)"
        complain("sockets of \(app) are replaced, because they cannot be borrowed: \(reason)")
        let created = theirs.inode.flatMap { call.trap.created[$0] }
        // A signal made the call come again.
        if let created, TCPSocket(created.number).localAddress == address { return succeed(call) }
        guard !theirs.isPolled else {
            complain(
                "a listener of \(app) is not held: it cannot be replaced, because the program polls it already"
            )
            return proceed(call)
        }
        let user = ProcFS.user(of: process)
        admit(call, BoundAddress(address)) { [unowned self] wanted in
            guard let own = make(family, for: user, like: nil, at: wanted, call) else { return }
            call.trap.created = call.trap.created.filter { isOpen(inode: $0.key, in: call.trap.instance) }
            call.trap.created[TCPSocket(own.number).identity.inode] = own
            replace(call, theirs, by: own, at: wanted, nonBlocking: theirs.isNonBlocking)
        }
    }

    /// Multipath listeners cannot be steered, and newer Go programs ask for them unasked: a plain one, which every
    /// client can talk to, takes its place, with all that the program has set up.
    func simplify(_ call: PendingCall, _ process: Int32, _ socket: TCPSocket, _ address: SocketAddress) {
        let theirs = ForeignDescriptor(process: process, number: call.number)
        guard let family = socket.family, !theirs.isPolled else { return proceed(call) }
        admit(call, BoundAddress(address, onlyV6: socket.isOnlyV6)) { [unowned self] wanted in
            let user = socket.identity.user
            guard let own = make(family, for: user, like: socket, at: wanted, call) else { return }
            replace(call, theirs, by: own, at: wanted, nonBlocking: false)
        }
    }

    /// A bound socket that can share its address; nil: the call is answered.
    private func make(
        _ family: SocketAddress.Family, for user: UInt32?, like original: TCPSocket?, at wanted: BoundAddress,
        _ call: PendingCall
    ) -> SharedDescriptor? {
        guard let app = tenants[call.trap.instance]?.app else {
            proceed(call)
            return nil
        }
        do throws(SystemError) {
            let own = SharedDescriptor(try TCPSocket.open(family))
            let socket = TCPSocket(own.number)
            if let user, user != socket.identity.user { try socket.give(toUser: user) }
            original?.copyOptions(to: socket)
            try join(socket, app, wanted)
            try socket.bind(wanted.socket)
            return own
        } catch {
            error.code == SystemError.accessDenied ? proceed(call) : refuse(call, error.code)
            return nil
        }
    }

    private func replace(
        _ call: PendingCall, _ theirs: ForeignDescriptor, by own: SharedDescriptor, at wanted: BoundAddress,
        nonBlocking: Bool
    ) {
        guard let seccomp = call.trap.seccomp else { return proceed(call) }
        let socket = TCPSocket(own.number)
        if nonBlocking { socket.makeNonBlocking() }
        do throws(SystemError) {
            _ = try seccomp.inject(
                call.notification.id, own.number, at: theirs.number, closeOnExec: theirs.isClosedByExec)
        } catch {
            complain("\(error): a listener is not held")
            return proceed(call)
        }
        remember(call.trap, socket.identity.inode, wanted)
        succeed(call)
    }

    /// Whether some process of the instance still has the socket, or may have it where nobody can look.
    func isOpen(inode: UInt64, in instance: InstanceID) -> Bool {
        family(instance).contains { process in
            ProcFS.sockets(of: process).contains { $0.inode == inode }
                || (!ProcFS.showsDescriptors(of: process)
                    && ProcFS.status(of: process).map { !$0.isZombie } ?? false)
        }
    }
}
