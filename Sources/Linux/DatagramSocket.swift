internal import CLinux
internal import Glibc

/// A socket for single messages, named in the abstract namespace (unix(7)): it has no file, and so needs no
/// permission to be reached and leaves nothing behind. Who sends is told by the kernel.
public enum DatagramSocket {
    /// Binds `@name`. Never waits.
    public static func bind(abstract name: String) throws(SystemError) -> Descriptor {
        let number = try check(clinux_datagram_socket(), "create a socket")
        let socket = Descriptor(owning: number)
        try check(clinux_datagram_bind(number, name, name.utf8.count), "bind @\(name)")
        return socket
    }
}

/// One message, and who sent it (SCM_CREDENTIALS); the process is 0 where it is none that we could see.
public struct Datagram: Sendable {
    public var bytes: [UInt8]
    public var process: Int32
    public var user: UInt32
    /// It was longer than there was room for.
    public var isTruncated: Bool
}

extension Descriptor {
    /// The next message; nil: none waits. Descriptors that come with it are closed.
    public borrowing func receiveDatagram(atMost capacity: Int) throws(SystemError) -> Datagram? {
        var received = clinux_datagram()
        var result: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
            result = clinux_datagram_receive(number, buffer.baseAddress, capacity, &received)
            if result == 0 { filled = min(received.bytes, capacity) }
        }
        if result == -EAGAIN { return nil }
        try check(result, "receive a message")
        return Datagram(
            bytes: bytes, process: received.process, user: received.user, isTruncated: received.truncated != 0
        )
    }
}
