internal import Supervision

/// One stream of one instance.
struct StreamID: Hashable, Sendable {
    var instance: InstanceID
    var stream: LogStream
}

extension StreamID {
    private static let prefix = "log"

    /// What the keeper holds the pipe's reading end under.
    ///
    /// It ends with the file's path, so that what a helper still says after its instance was forgotten finds its way
    /// also when the daemon has died. A path that makes the key too long stays away.
    func key(path: String, limit: Int) -> String {
        let key = "\(StreamID.prefix)/\(instance.number)/\(stream.rawValue)"
        let complete = key + path
        return path.hasPrefix("/") && complete.utf8.count <= limit ? complete : key
    }

    /// The stream, and the path if there is one; nil: the key means something else.
    static func parse(key: String) -> (id: StreamID, path: String?)? {
        let parts = key.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
        guard parts.count >= 3, parts[0] == prefix, let number = UInt64(parts[1]),
            let stream = LogStream(rawValue: String(parts[2]))
        else { return nil }
        let id = StreamID(instance: InstanceID(number), stream: stream)
        return (id, parts.count == 4 ? "/" + parts[3] : nil)
    }
}
