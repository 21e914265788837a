internal import CLinux
internal import Glibc

/// Bytes that came with descriptors (SCM_RIGHTS).
public struct SocketMessage: Sendable {
    /// Descriptors that one message can carry here.
    public static let descriptorLimit = Int(clinux_descriptors_most)

    public var bytes: [UInt8]
    public var descriptors: [SharedDescriptor]
    /// Part of it did not fit and is lost: bytes of a packet, or descriptors because this process has too many.
    public var isTruncated: Bool
}

/// What a socket that never waits had to say.
public enum Reception: Sendable {
    case message(SocketMessage)
    case wouldBlock
    case ended
}

extension Descriptor {
    /// Sends bytes and descriptors (sendmsg(2)); never raises SIGPIPE.
    ///
    /// The receiver gets copies. At least one byte must go along.
    public borrowing func sendMessage(
        _ bytes: [UInt8], descriptors: [Int32] = []
    ) throws(SystemError) -> Transfer {
        let sent = bytes.withUnsafeBytes { buffer in
            clinux_send(number, buffer.baseAddress, buffer.count, descriptors, Int32(descriptors.count))
        }
        if sent >= 0 { return .moved(sent) }
        switch Int32(-sent) {
        // Too many descriptors are under way: the receiver takes some out first.
        // There may be memory for it later, too.
        case EAGAIN, ENOBUFS, ENOMEM, ETOOMANYREFS: return .wouldBlock
        case EPIPE, ECONNRESET, ECONNREFUSED, ENOTCONN: return .ended
        case let code: throw SystemError("send a message", code: code)
        }
    }

    /// Receives one packet, or what is there of a stream, with the descriptors that came with it (recvmsg(2)). What is only
    /// peeked at comes again, with new copies of the descriptors, until it is discarded.
    public borrowing func receiveMessage(
        atMost capacity: Int, peeking: Bool = false
    ) throws(SystemError) -> Reception {
        var received = clinux_received()
        var result: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, filled in
            result = clinux_receive(number, buffer.baseAddress, capacity, peeking ? 1 : 0, &received)
            if result == -ECONNRESET {
                // The other side left something unread. The kernel says so once, before the packets that it had sent.
                result = clinux_receive(number, buffer.baseAddress, capacity, peeking ? 1 : 0, &received)
            }
            if result == 0 { filled = received.bytes }
        }
        if result < 0 {
            if result == -EAGAIN { return .wouldBlock }
            if result == -ECONNRESET { return .ended }
            try check(result, "receive a message")
        }
        let descriptors = withUnsafeBytes(of: &received.descriptors) { raw in
            raw.bindMemory(to: Int32.self).prefix(Int(received.descriptor_count)).map {
                SharedDescriptor(Descriptor(owning: $0))
            }
        }
        if bytes.isEmpty { return .ended }
        return .message(
            SocketMessage(bytes: bytes, descriptors: descriptors, isTruncated: received.truncated != 0))
    }

    /// Forgets so many bytes of a stream that were peeked at (recv(2)).
    public borrowing func discard(_ count: Int) throws(SystemError) {
        try check(clinux_discard(number, count), "receive a message")
    }
}
