import Glibc
import Linux

/// The life of a puppet after its first moment: one thread, one listener, deadlines.
struct Stage: ~Copyable {
    private let orders: Orders
    private let born = ContinuousClock().now
    private var listener: Int32 = -1
    /// What the socket is watched by before it has an address, where that is ordered.
    private var early: Poller?
    private var isOver = false
    private var due: [(at: ContinuousClock.Instant, what: Cue)] = []

    private enum Cue { case ready, serve, closeListener, tick, exit }

    init(_ orders: Orders) {
        self.orders = orders
        plan(.ready, after: orders.readyAfter)
        plan(.exit, after: orders.exitAfter)
        plan(.closeListener, after: orders.closeListenerAfter)
        plan(.tick, after: orders.tick)
        if orders.port != nil { plan(.serve, after: orders.serveAfter ?? .zero) }
    }

    /// Plays until an order ends it, with this exit code.
    mutating func play() -> Int32 {
        while !isOver {
            let now = ContinuousClock().now
            while let next = due.first, next.at <= now {
                due.removeFirst()
                perform(next.what)
            }
            var interest = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            if !isOver, poll(&interest, 1, timeout(from: now)) > 0 { serveOne() }
        }
        return orders.code
    }

    private func timeout(from now: ContinuousClock.Instant) -> Int32 {
        guard let next = due.first else { return -1 }
        let wait = next.at - now
        let (seconds, attoseconds) = wait.components
        return max(0, Int32(seconds * 1000 + attoseconds / 1_000_000_000_000_000) + 1)
    }

    private mutating func plan(_ cue: Cue, after delay: Duration?) {
        guard let delay else { return }
        due.append((ContinuousClock().now.advanced(by: delay), cue))
        due.sort { $0.at < $1.at }
    }

    private mutating func perform(_ cue: Cue) {
        switch cue {
        case .ready: sayReady()
        case .serve: listener = open()
        case .tick:
            say("tick\n")
            plan(.tick, after: orders.tick)
        case .closeListener:
            close(listener)
            listener = orders.listenAgain ? open() : -1
        case .exit:
            if orders.abort { abort() }
            isOver = true
        }
    }
}

// MARK: - Serve

extension Stage {
    private mutating func open() -> Int32 {
        let v6 = orders.host.utf8.contains(UInt8(ascii: ":"))
        let descriptor = socket(v6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        if orders.epollBeforeBind { watchEarly(descriptor) }
        guard bindTo(descriptor, v6: v6) == 0 else { fail("bind") }
        if orders.bindOnly { return -1 }
        guard listen(descriptor, 16) == 0 else { fail("listen") }
        if orders.listenAgain, listen(descriptor, 128) != 0 { fail("listen again") }
        return descriptor
    }

    private func bindTo(_ descriptor: Int32, v6: Bool) -> Int32 {
        let port = (orders.port ?? 0).bigEndian
        guard v6 else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port
            guard inet_pton(AF_INET, orders.host, &address.sin_addr) == 1 else {
                refuse("no address: \(orders.host)")
            }
            return withSocketAddress(&address) { bind(descriptor, $0, $1) }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port
        guard inet_pton(AF_INET6, orders.host, &address.sin6_addr) == 1 else {
            refuse("no address: \(orders.host)")
        }
        return withSocketAddress(&address) { bind(descriptor, $0, $1) }
    }

    private func fail(_ call: String) -> Never {
        say("puppet: cannot \(call): \(String(cString: strerror(errno)))\n", to: 2)
        exit(1)
    }

    /// Naive on purpose: one connection at a time, no signal is handled, nothing is finished gracefully.
    private func serveOne() {
        let connection = accept(listener, nil, nil)
        guard connection >= 0 else { return }
        defer { close(connection) }
        guard readRequest(connection) else { return }
        if let think = orders.think { usleep(UInt32(think / .microseconds(1))) }
        let body = "\(getpid())\n"
        say(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(body.utf8.count)\r\n"
                + "Connection: close\r\n\r\n" + body, to: connection)
    }

    /// Reads until the empty line; false when the client went away first.
    private func readRequest(_ connection: Int32) -> Bool {
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(connection, &chunk, chunk.count)
            guard count > 0 else { return false }
            received += chunk[..<count]
            if received.suffix(4).elementsEqual("\r\n\r\n".utf8) { return true }
        }
    }

    /// Puts a socket without an address into an epoll set: what Go's runtime and others do.
    private mutating func watchEarly(_ descriptor: Int32) {
        do {
            let poller = try Poller()
            try poller.add(descriptor, token: 1, for: .readable)
            early = consume poller
        } catch {
            refuse(error.description)
        }
    }
}

func withSocketAddress<Address>(
    _ address: inout Address, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
    withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            body($0, socklen_t(MemoryLayout<Address>.size))
        }
    }
}

/// Says READY=1 to the socket of sd_notify(3), a path or (with @) an abstract name.
private func sayReady() {
    guard let name = variable("NOTIFY_SOCKET") else { return }
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = Array(name.utf8)
    if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes.prefix(107)) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + min(bytes.count, 107))
    let message = Array("READY=1".utf8)
    withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
            _ = sendto(descriptor, message, message.count, 0, address, length)
        }
    }
}
