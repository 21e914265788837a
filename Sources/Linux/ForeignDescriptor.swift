internal import CLinux
internal import Glibc

/// Another process' descriptor, as /proc shows it (proc(5)).
public struct ForeignDescriptor: Equatable, Sendable {
    public var process: Int32
    public var number: Int32

    public init(process: Int32, number: Int32) {
        self.process = process
        self.number = number
    }

    /// The socket's number; nil: it is no socket, or gone.
    public var inode: UInt64? {
        // A descriptor that is gone has no link.
        guard let target = try? File.destination(ofLink: path), target.hasPrefix("socket:[") else {
            return nil
        }
        return UInt64(target.dropFirst(8).dropLast())
    }

    /// Of a TCP socket over IPv4 or IPv6; nil: of anything else.
    public var family: SocketAddress.Family? {
        var name = [CChar](repeating: 0, count: 32)
        guard clinux_socket_protocol(path, &name, name.count) > 0 else { return nil }
        switch String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) {
        case "TCP": return .v4
        case "TCPv6": return .v6
        default: return nil
        }
    }

    public var isNonBlocking: Bool { flags & UInt32(O_NONBLOCK) != 0 }
    public var isClosedByExec: Bool { flags & UInt32(O_CLOEXEC) != 0 }

    /// Whether the process waits for it in an epoll set, which would go on meaning the open file and not the number.
    public var isPolled: Bool {
        let directory = "/proc/\(process)/fd"
        let sets = names.filter { name in
            let target = try? File.destination(ofLink: "\(directory)/\(name)")
            return target == "anon_inode:[eventpoll]"
        }
        return sets.contains { set in
            let lines = (contents(of: "/proc/\(process)/fdinfo/\(set)") ?? "").split(separator: "\n")
            return lines.contains { line in
                let words = line.split(separator: " ", omittingEmptySubsequences: true)
                return words.count > 1 && words[0] == "tfd:" && Int32(words[1]) == number
            }
        }
    }

    private var names: [String] { (try? Directory.names(in: "/proc/\(process)/fd")) ?? [] }
    private var path: String { "/proc/\(process)/fd/\(number)" }

    /// As open(2) takes them.
    private var flags: UInt32 {
        let lines = (contents(of: "/proc/\(process)/fdinfo/\(number)") ?? "").split(separator: "\n")
        let line = lines.first { $0.hasPrefix("flags:") }
        return line.flatMap { UInt32($0.dropFirst(6).drop { $0 == "\t" || $0 == " " }, radix: 8) } ?? 0
    }
}

extension Processes {
    /// Whether a process is in the same network as this one (network_namespaces(7)).
    public static func sharesNetwork(_ process: Int32) -> Bool {
        // Two processes that cannot be looked at are not known to be apart: the kernel will tell.
        let (own, other) = (
            try? File.destination(ofLink: "/proc/self/ns/net"),
            try? File.destination(ofLink: "/proc/\(process)/ns/net")
        )
        return own == nil || other == nil || own == other
    }

    /// Whether another process has a capability in effect here: one that it has in a user namespace of its own does
    /// not count (user_namespaces(7)).
    public static func has(_ capability: Capability, process: Int32) -> Bool {
        guard let own = try? File.destination(ofLink: "/proc/self/ns/user"),
            let other = try? File.destination(ofLink: "/proc/\(process)/ns/user"), own == other
        else { return false }
        guard let status = contents(of: "/proc/\(process)/status") else { return false }
        let field = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        let bits = field.flatMap { UInt64($0.dropFirst(7).drop { $0 == "\t" || $0 == " " }, radix: 16) }
        return (bits ?? 0) & capability.bit != 0
    }
}
