internal import Glibc

/// Makes UDP sockets (udp(7)), which never wait and are closed by execve.
public enum UDPSocket {
    public static func open(
        at address: SocketAddress, onlyV6: Bool, reusesAddress: Bool
    ) throws(SystemError) -> Descriptor {
        let type =
            Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let number = socket(address.family == .v4 ? AF_INET : AF_INET6, type, 0)
        guard number >= 0 else { throw SystemError("open a socket", code: errno) }
        let descriptor = Descriptor(owning: number)
        let socket = TCPSocket(number)
        if reusesAddress { socket.reuseAddress() }
        if onlyV6 { try socket.refuseV4() }
        try socket.bind(address)
        return descriptor
    }
}
