/// What a Node worker wants to listen on (`queryServer`), or says it listens on (`listening`).
///
/// Sent by net.Server.listen and dgram.bind of every Node from 18 to 24, in this form; names of hosts are resolved
/// by the worker.
public struct ClusterQuery: Equatable, Sendable {
    public var kind: Kind
    /// Nil: every address of the machine, IPv6 and IPv4. For a pipe: its path.
    public var address: String?
    public var port: Int64
    /// A descriptor of the primary's, by number.
    public var descriptor: Int64
    /// Tells apart the servers of one program that ask for port 0.
    public var index: Int64
    public var flags: Int64
    public var backlog: Int64
    public var isReadableByAll: Bool
    public var isWritableByAll: Bool

    /// `addressType`: 4, 6, -1, "udp4" or "udp6"; null comes with a descriptor.
    public enum Kind: String, Sendable {
        case tcp4 = "4"
        case tcp6 = "6"
        case pipe = "-1"
        case udp4, udp6
        case descriptor = "null"
    }

    /// Paths and host names are shorter; what is longer is nobody's address.
    public static let addressLimit = 4096

    public init(
        _ kind: Kind, address: String? = nil, port: Int64, descriptor: Int64 = -1, index: Int64 = 0,
        flags: Int64 = 0, backlog: Int64 = 0, isReadableByAll: Bool = false, isWritableByAll: Bool = false
    ) {
        self.kind = kind
        self.address = address
        self.port = port
        self.descriptor = descriptor
        self.index = index
        self.flags = flags
        self.backlog = backlog
        self.isReadableByAll = isReadableByAll
        self.isWritableByAll = isWritableByAll
    }

    /// Nil: it is not understood, so nothing can be bound for it.
    init?(_ json: JSON) {
        guard let kind = Kind(json["addressType"]) else { return nil }
        switch json["address"] {
        case .string(let text)? where text.utf8.count <= Self.addressLimit: address = text
        case .null?, nil: address = nil
        default: return nil
        }
        self.kind = kind
        port = json["port"]?.whole ?? -1
        descriptor = json["fd"]?.whole ?? -1
        index = json["index"]?.whole ?? 0
        flags = json["flags"]?.whole ?? 0
        backlog = json["backlog"]?.whole ?? 0
        isReadableByAll = json["readableAll"] == .bool(true)
        isWritableByAll = json["writableAll"] == .bool(true)
    }

    /// What the worker will name the server by. Equal ones share a listener; the index counts only where the
    /// kernel chooses the port, as in Node 24.
    public var key: String {
        "\(address ?? "null"):\(port):\(kind.rawValue):\(descriptor)" + (port == 0 ? ":\(index)" : "")
    }

    /// Whether this is what `other` has become, a port that the kernel chose included.
    func isOutcome(of other: ClusterQuery) -> Bool {
        guard kind == other.kind, address == other.address, descriptor == other.descriptor else {
            return false
        }
        return port == other.port || other.port == 0 && index == other.index
    }
}

// MARK: - Where

extension ClusterQuery {
    /// What is to be bound.
    public enum Place: Equatable, Sendable {
        /// No host: `::` for both families, and 0.0.0.0 where there is no IPv6.
        case stream(host: String?, port: UInt16, onlyV6: Bool)
        case datagram(host: String, port: UInt16, DatagramFlags)
        /// With what others may do with it beyond what the file mode creation mask leaves.
        case path(String, mode: UInt32)
        /// No such thing is here.
        case none
    }

    public struct DatagramFlags: Equatable, Sendable {
        public var onlyV6 = false
        public var reusesAddress = false
        public init() {}
    }

    public var place: Place {
        switch kind {
        case .tcp4, .tcp6: port16.map { .stream(host: address, port: $0, onlyV6: flags & 1 != 0) } ?? .none
        case .udp4: datagram(anywhere: "0.0.0.0")
        case .udp6: datagram(anywhere: "::")
        case .pipe: pipe
        // A number in a process that is not its own means nothing to it.
        case .descriptor: .none
        }
    }

    private var port16: UInt16? { UInt16(exactly: port) }

    private func datagram(anywhere: String) -> Place {
        guard let port16 else { return .none }
        var options = DatagramFlags()
        options.onlyV6 = flags & 1 != 0
        options.reusesAddress = flags & 4 != 0
        return .datagram(host: address ?? anywhere, port: port16, options)
    }

    private var pipe: Place {
        guard let address, !address.isEmpty, !address.utf8.contains(where: { $0 < 0x20 }) else {
            return .none
        }
        return .path(address, mode: (isReadableByAll ? 0o444 : 0) | (isWritableByAll ? 0o222 : 0))
    }
}

extension ClusterQuery.Kind {
    fileprivate init?(_ json: JSON?) {
        switch json {
        case .integer(let number)?: self.init(rawValue: "\(number)")
        case .string(let text)? where text.hasPrefix("udp"): self.init(rawValue: text)
        case .null?, nil: self = .descriptor
        default: return nil
        }
    }
}

extension JSON {
    /// A whole number, if it is one.
    var whole: Int64? {
        guard case .integer(let number) = self else { return nil }
        return number
    }
}
