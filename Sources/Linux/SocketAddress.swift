internal import Glibc

/// Where a TCP socket is: an IPv4 or IPv6 address and a port (ip(7), ipv6(7)).
public struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    public var family: Family
    /// In network order: 4 or 16.
    public var host: [UInt8]
    public var port: UInt16
    /// The interface of a link-local address; 0 otherwise.
    public var scope: UInt32

    public enum Family: Sendable {
        case v4, v6
    }

    public init(_ family: Family, host: [UInt8], port: UInt16, scope: UInt32 = 0) {
        precondition(host.count == (family == .v4 ? 4 : 16), "an address has 4 or 16 bytes")
        self.family = family
        self.host = host
        self.port = port
        self.scope = scope
    }

    /// Reads what bind(2) is given; nil: not an internet address, or too short.
    public init?(raw bytes: [UInt8]) {
        guard bytes.count >= 16 else { return nil }
        let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
        let family = Int32(bytes[0]) | Int32(bytes[1]) << 8
        if family == AF_INET {
            self.init(.v4, host: Array(bytes[4..<8]), port: port)
        } else if family == AF_INET6, bytes.count >= 24 {
            let scope = bytes.count >= 28 ? bytes[24..<28].reversed().reduce(0) { $0 << 8 | UInt32($1) } : 0
            self.init(.v6, host: Array(bytes[8..<24]), port: port, scope: scope)
        } else {
            return nil
        }
    }

    /// Reads a numeric address: "127.0.0.1", "::1". Nil: it is none.
    public init?(text: String, port: UInt16) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(.v4, host: Array(bytes.prefix(4)), port: port)
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(.v6, host: bytes, port: port)
        } else {
            return nil
        }
    }

    /// A `sockaddr_in` or `sockaddr_in6`.
    public var raw: [UInt8] {
        let number = UInt16(family == .v4 ? AF_INET : AF_INET6)
        let head = [UInt8(number & 0xff), UInt8(number >> 8), UInt8(port >> 8), UInt8(port & 0xff)]
        switch family {
        case .v4: return head + host + [UInt8](repeating: 0, count: 8)
        case .v6:
            return head + [0, 0, 0, 0] + host + (0..<4).map { UInt8(truncatingIfNeeded: scope >> ($0 * 8)) }
        }
    }

    /// "127.0.0.1" or "::1".
    public var hostText: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        _ = inet_ntop(family == .v4 ? AF_INET : AF_INET6, host, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    public var description: String {
        family == .v4 ? "\(hostText):\(port)" : "[\(hostText)]:\(port)"
    }

    /// Whether it stands for every address of the machine.
    public var isAny: Bool { host.allSatisfy { $0 == 0 } }

    public var isLoopback: Bool {
        switch family {
        case .v4: host[0] == 127
        case .v6: host == [UInt8](repeating: 0, count: 15) + [1] || mapped?[0] == 127
        }
    }

    /// The same in IPv6, where it is an IPv4 one (::ffff:a.b.c.d).
    public var asV6: SocketAddress {
        guard family == .v4 else { return self }
        return SocketAddress(.v6, host: [UInt8](repeating: 0, count: 10) + [255, 255] + host, port: port)
    }

    /// The IPv4 address that an IPv6 one stands for (::ffff:a.b.c.d).
    public var mapped: [UInt8]? {
        guard family == .v6, host[..<10].allSatisfy({ $0 == 0 }), host[10] == 255, host[11] == 255 else {
            return nil
        }
        return Array(host[12...])
    }
}
