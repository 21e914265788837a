internal import Glibc

/// A TCP port that nobody used a moment ago, on any address.
///
/// Two tests never get the same one: the kernel's ephemeral choice is remembered for the life of the process.
public func freePort() -> UInt16 {
    while true {
        let descriptor = socket(AF_INET6, Int32(SOCK_STREAM.rawValue), 0)
        precondition(descriptor >= 0, "cannot create a socket: \(reason())")
        defer { close(descriptor) }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let code = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 ? getsockname(descriptor, address, &length) : -1
            }
        }
        precondition(code == 0, "cannot find a free port: \(reason())")
        let port = UInt16(bigEndian: address.sin6_port)
        if given.claim(port) { return port }
    }
}

/// Which ports were given away already.
private final class Given: @unchecked Sendable {
    private var ports: Set<UInt16> = []
    private var lock = pthread_mutex_t()

    init() { pthread_mutex_init(&lock, nil) }

    func claim(_ port: UInt16) -> Bool {
        pthread_mutex_lock(&lock)
        defer { pthread_mutex_unlock(&lock) }
        return ports.insert(port).inserted
    }
}

private let given = Given()
