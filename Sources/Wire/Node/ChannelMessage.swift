/// What a Node program says over its message channel.
public enum ChannelMessage: Equatable, Sendable {
    /// What the program itself sent by `process.send`.
    case own(JSON)
    /// The same, with a descriptor, whose arrival must be confirmed.
    case withDescriptor(JSON)
    case cluster(ClusterMessage)
    case preload(PreloadMessage)
    /// Of Node's inner life, and nothing to us.
    case ignored

    public init(_ json: JSON) {
        switch ClusterMessage(json) {
        case nil: self = .own(json)
        case .handleSent: self = .withDescriptor(json["msg"] ?? .null)
        case .other: self = PreloadMessage(json).map { .preload($0) } ?? .ignored
        case let message?: self = .cluster(message)
        }
    }
}
