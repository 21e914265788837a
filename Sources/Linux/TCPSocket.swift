internal import CLinux
internal import Glibc

/// A socket that may be another program's as well as ours (socket(7), tcp(7)).
///
/// Does not own its descriptor: it is a way of asking.
public struct TCPSocket: Sendable {
    public let number: Int32

    public init(_ number: Int32) { self.number = number }

    /// A new one of ours, closed by execve.
    public static func open(_ family: SocketAddress.Family) throws(SystemError) -> Descriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let number = socket(family == .v4 ? AF_INET : AF_INET6, type, 0)
        guard number >= 0 else { throw SystemError("open a socket", code: errno) }
        return Descriptor(owning: number)
    }

    /// A new one that is being connected, from a particular address; never waits. Writable when it is, or cannot be.
    public static func connecting(
        to target: SocketAddress, from source: SocketAddress? = nil
    ) throws(SystemError) -> Descriptor {
        let descriptor = try open(target.family)
        let socket = TCPSocket(descriptor.number)
        socket.makeNonBlocking()
        if let source {
            // IP_BIND_ADDRESS_NO_PORT: the port is chosen with the target, and so seldom runs out.
            _ = clinux_set_option(socket.number, Int32(IPPROTO_IP), 24, 1)
            try socket.bind(source)
        }
        let result = target.raw.withUnsafeBytes { raw in
            connect(
                socket.number, raw.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        if result < 0, errno != EINPROGRESS { throw SystemError("connect to \(target)", code: errno) }
        return descriptor
    }

    /// What went wrong since the last time this was asked (SO_ERROR).
    public var failure: SystemError? {
        guard let code = option(Self.error), code != 0 else { return nil }
        return SystemError("connect", code: code)
    }

    /// SOCK_STREAM over TCP itself: not UDP, not a Unix socket, not MPTCP; not a file either.
    public var isTCP: Bool {
        option(Self.type) == Int32(SOCK_STREAM.rawValue) && option(Self.`protocol`) == Int32(IPPROTO_TCP)
    }

    /// A stream over several paths at once (IPPROTO_MPTCP), which is TCP to every client that does not ask for more.
    public var isMultipathTCP: Bool {
        option(Self.type) == Int32(SOCK_STREAM.rawValue) && option(Self.`protocol`) == 262
    }

    /// Nil: neither IPv4 nor IPv6.
    public var family: SocketAddress.Family? {
        switch option(Self.domain) {
        case AF_INET: .v4
        case AF_INET6: .v6
        default: nil
        }
    }

    public var isListening: Bool { option(Self.acceptsConnections) == 1 }
    public var reusesPort: Bool { option(Self.reusePort) == 1 }
    /// Whether an IPv6 socket refuses IPv4.
    public var isOnlyV6: Bool { option(Self.onlyV6) == 1 }

    /// Of an IPv6 socket: IPv4 is for others.
    public func refuseV4() throws(SystemError) { try set(Self.onlyV6, 1) }

    public func setReusePort() throws(SystemError) { try set(Self.reusePort, 1) }

    /// Connections of earlier sockets that asked for this too are in nobody's way.
    public func reuseAddress() { _ = clinux_set_option(number, SOL_SOCKET, SO_REUSEADDR, 1) }

    public func bind(_ address: SocketAddress) throws(SystemError) {
        let bytes = address.raw
        let result = bytes.withUnsafeBytes { raw in
            Glibc.bind(number, raw.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        if result < 0 { throw SystemError("bind \(address)", code: errno) }
    }

    public func listen(backlog: Int32) throws(SystemError) {
        if Glibc.listen(number, backlog) < 0 { throw SystemError("listen", code: errno) }
    }

    /// For everybody who holds the socket: O_NONBLOCK belongs to the open file.
    public func makeNonBlocking() {
        let flags = fcntl(number, F_GETFL)
        if flags >= 0 { _ = fcntl(number, F_SETFL, flags | O_NONBLOCK) }
    }

    /// Ends listening at once, for every process that holds the socket (shutdown(2)); connections that wait are reset.
    public func stopListening() { _ = shutdown(number, Int32(SHUT_RDWR)) }

    /// Its program reads what has arrived, and then an end, as if the peer had closed its side (shutdown(2)).
    public func endReceiving() { _ = shutdown(number, Int32(SHUT_RD)) }

    /// Whether data that the peer sends may arrive; what may not is lost, as on a bad line, and sent again by the peer
    /// until it may (socket(7), SO_ATTACH_FILTER). False: the kernel does not let us.
    @discardableResult
    public func refuseData(_ refuses: Bool) -> Bool { clinux_refuse_data(number, refuses ? 1 : 0) == 0 }

    /// getsockname(2); nil: it is none of IPv4 or IPv6.
    public var localAddress: SocketAddress? {
        var bytes = [UInt8](repeating: 0, count: 128)
        var length = socklen_t(bytes.count)
        let result = bytes.withUnsafeMutableBytes { raw in
            getsockname(number, raw.baseAddress!.assumingMemoryBound(to: sockaddr.self), &length)
        }
        return result < 0 ? nil : SocketAddress(raw: Array(bytes.prefix(Int(length))))
    }

    /// Sockets share a port only with those of the same owner (fchown(2)).
    public func give(toUser user: UInt32) throws(SystemError) {
        if fchown(number, user, gid_t.max) < 0 {
            throw SystemError("give a socket to user \(user)", code: errno)
        }
    }

    /// Who owns it, and its number among the machine's sockets (fstat(2)).
    public var identity: (user: UInt32, inode: UInt64) {
        var status = stat()
        guard fstat(number, &status) == 0 else { return (0, 0) }
        return (status.st_uid, UInt64(status.st_ino))
    }

    /// Connections that wait to be accepted, and how many may; nil: it does not listen.
    public var acceptQueue: (length: UInt32, limit: UInt32)? {
        var (length, limit) = (UInt32(0), UInt32(0))
        return clinux_accept_queue(number, &length, &limit) < 0 ? nil : (length, limit)
    }
}

// MARK: - Options

extension TCPSocket {
    struct Option: Sendable {
        var level: Int32
        var name: Int32
    }

    private static let type = Option(level: SOL_SOCKET, name: SO_TYPE)
    private static let `protocol` = Option(level: SOL_SOCKET, name: SO_PROTOCOL)
    private static let error = Option(level: SOL_SOCKET, name: SO_ERROR)
    private static let domain = Option(level: SOL_SOCKET, name: SO_DOMAIN)
    private static let acceptsConnections = Option(level: SOL_SOCKET, name: SO_ACCEPTCONN)
    private static let reusePort = Option(level: SOL_SOCKET, name: SO_REUSEPORT)
    private static let onlyV6 = Option(level: Int32(IPPROTO_IPV6), name: 26)
    private static let receiveBuffer = Option(level: SOL_SOCKET, name: SO_RCVBUF)
    private static let sendBuffer = Option(level: SOL_SOCKET, name: SO_SNDBUF)

    /// What a program may set before it listens, and its connections inherit: by number, as tcp(7) and ip(7) say.
    private static let inherited =
        [SO_REUSEADDR, SO_KEEPALIVE, SO_PRIORITY, SO_MARK].map { Option(level: SOL_SOCKET, name: $0) }
        // TCP_NODELAY, KEEPIDLE, KEEPINTVL, KEEPCNT, DEFER_ACCEPT, USER_TIMEOUT, FASTOPEN
        + [1, 4, 5, 6, 9, 18, 23].map { Option(level: Int32(IPPROTO_TCP), name: $0) }
        // IP_TOS
        + [Option(level: Int32(IPPROTO_IP), name: 1)]

    /// Gives `target` what this socket's program has set up before it listened, with O_NONBLOCK, which belongs to
    /// the open file and not to a descriptor. What is not allowed is left as it was.
    public func copyOptions(to target: TCPSocket) {
        for option in Self.inherited {
            guard let value = self.option(option), value != target.option(option) else { continue }
            _ = clinux_set_option(target.number, option.level, option.name, value)
        }
        if isOnlyV6 != target.isOnlyV6 {
            _ = clinux_set_option(target.number, Self.onlyV6.level, Self.onlyV6.name, isOnlyV6 ? 1 : 0)
        }
        // The kernel doubles what it is given.
        for option in [Self.receiveBuffer, Self.sendBuffer] {
            guard let value = self.option(option), value != target.option(option) else { continue }
            _ = clinux_set_option(target.number, option.level, option.name, value / 2)
        }
        let flags = fcntl(number, F_GETFL)
        if flags >= 0 { _ = fcntl(target.number, F_SETFL, flags) }
    }

    /// Nil: not a socket, or no such option.
    private func option(_ option: Option) -> Int32? {
        var value: Int32 = 0
        return clinux_get_option(number, option.level, option.name, &value) < 0 ? nil : value
    }

    private func set(_ option: Option, _ value: Int32) throws(SystemError) {
        try check(
            clinux_set_option(number, option.level, option.name, value), "set socket option \(option.name)")
    }
}

// MARK: - Steering

extension TCPSocket {
    /// Lets a program choose among all sockets that share this one's address (socket(7),
    /// SO_ATTACH_REUSEPORT_CBPF); at once and for all of them.
    public func attach(_ program: SteeringProgram) throws(SystemError) {
        let raw = program.instructions.map(\.raw)
        try check(clinux_attach_steering(number, raw, UInt16(raw.count)), "steer connections")
    }

    /// Back to the kernel's own choice, by a hash of the addresses.
    public func detachSteering() throws(SystemError) {
        let result = clinux_detach_steering(number)
        // ENOENT: there was none.
        if result != -ENOENT { try check(result, "stop steering connections") }
    }
}
