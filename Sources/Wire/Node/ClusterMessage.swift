/// What a Node program says that its `process.on('message')` would never see: Node's own cluster protocol.
///
/// The same on Node 18 to 24, and with Deno's node:cluster.
public enum ClusterMessage: Equatable, Sendable {
    /// It runs.
    case online
    /// `query` is nil when it is not understood; `data` are the keys of its TLS tickets.
    case asked(ClusterQuery?, data: JSON, sequence: Int64)
    case listening(ClusterQuery)
    case closed(key: String)
    /// It ends because the program said so, and waits to be told that this is known.
    case leaving(sequence: Int64)
    /// A descriptor that was sent has arrived, or got lost because it has too many.
    case handleArrived, handleLost
    /// It sends a descriptor itself (`process.send(message, socket)`), and says nothing more until that is confirmed.
    case handleSent
    /// Of Node's, and not for us.
    case other

    /// Nil: it is the program's own message.
    public init?(_ json: JSON) {
        guard case .string(let command)? = json["cmd"], command.hasPrefix("NODE_"), command.utf8.count > 5
        else { return nil }
        switch command {
        case "NODE_HANDLE": self = .handleSent
        case "NODE_HANDLE_ACK": self = .handleArrived
        case "NODE_HANDLE_NACK": self = .handleLost
        case "NODE_CLUSTER": self = Self.act(json)
        default: self = .other
        }
    }

    private static func act(_ json: JSON) -> ClusterMessage {
        guard case .string(let act)? = json["act"] else { return .other }
        let sequence = json["seq"]?.whole
        switch act {
        case "online": return .online
        case "queryServer":
            guard let sequence else { return .other }
            return .asked(ClusterQuery(json), data: json["data"] ?? .null, sequence: sequence)
        case "listening": return ClusterQuery(json).map { .listening($0) } ?? .other
        case "close":
            guard case .string(let key)? = json["key"] else { return .other }
            return .closed(key: key)
        case "exitedAfterDisconnect": return sequence.map { .leaving(sequence: $0) } ?? .other
        default: return .other
        }
    }
}

/// What a primary tells a Node worker.
public enum ClusterOrder: Equatable, Sendable {
    /// The answer to `asked`: the listener comes along.
    case share(key: String, data: JSON, kind: ClusterQuery.Kind, answering: Int64)
    /// The answer to `asked`: an errno. The program sees the error that its own bind(2) would have had.
    case refuse(key: String, code: Int32, answering: Int64)
    /// The answer to `leaving`.
    case acknowledge(Int64)
    /// Close all servers; end when the last connection has.
    case disconnect
    /// The descriptor it sent has arrived.
    case handleArrived

    /// One line, with its end.
    public func line(sequence: Int64) -> [UInt8] {
        var writer = JSONWriter()
        switch self {
        case .share(let key, let data, let kind, let answering):
            writer.handle(kind) { writer in
                writer.answer(key, errno: 0, data, answering, sequence)
            }
        case .refuse(let key, let code, let answering):
            writer.answer(key, errno: -Int64(code), .null, answering, sequence)
        case .acknowledge(let answering):
            writer.cluster(sequence) { $0.field("ack", answering) }
        case .disconnect: writer.cluster(sequence) { $0.field("act", "disconnect") }
        case .handleArrived: writer.object { $0.field("cmd", "NODE_HANDLE_ACK") }
        }
        writer.newline()
        return writer.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func cluster(_ sequence: Int64, _ members: (inout JSONWriter) -> Void) {
        object { writer in
            writer.field("cmd", "NODE_CLUSTER")
            members(&writer)
            writer.field("seq", sequence)
        }
    }

    fileprivate mutating func answer(
        _ key: String, errno: Int64, _ data: JSON, _ answering: Int64, _ sequence: Int64
    ) {
        cluster(sequence) { writer in
            writer.field("errno", errno)
            writer.field("key", key)
            writer.field("ack", answering)
            writer.key("data")
            writer.value(data)
        }
    }

    /// The envelope of a message with a descriptor. Deno needs to be told what it is; Node looks for itself.
    fileprivate mutating func handle(
        _ kind: ClusterQuery.Kind, _ message: (inout JSONWriter) -> Void
    ) {
        object { writer in
            writer.field("cmd", "NODE_HANDLE")
            switch kind {
            case .udp4, .udp6: writer.field("type", "dgram.Native")
            case .tcp4, .tcp6, .descriptor, .pipe:
                writer.field("type", "net.Native")
                writer.field("socketType", 1)
                writer.field("nativeKind", kind == .pipe ? "pipe" : "tcp")
            }
            writer.key("msg")
            message(&writer)
        }
    }
}
