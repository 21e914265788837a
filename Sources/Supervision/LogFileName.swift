/// What an instance writes.
public enum LogStream: String, CaseIterable, Sendable {
    case out, error
}

/// How a log file is called where nobody chose its name, as PM2 does it: `web-error-0.log`.
public struct LogFileName: Hashable, Sendable {
    /// The app as file names say it: what is not a letter or a digit has become a dash.
    public var app: String
    /// Nil: both, in one file.
    public var stream: LogStream?
    /// Nil: of all slots, in one file.
    public var slot: SlotIndex?

    public init(_ app: AppName, _ slot: SlotIndex?, _ stream: LogStream?) {
        let shown = app.namespace == AppName.defaultNamespace ? app.name : "\(app.namespace)-\(app.name)"
        self.app = String(shown.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "-" })
        self.stream = stream
        self.slot = slot
    }
}

extension LogFileName: LosslessStringConvertible {
    public init?(_ text: String) {
        guard text.hasSuffix(".log"), !text.hasPrefix(".") else { return nil }
        var parts = text.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
        if parts.count > 1, let number = parts.last.flatMap({ Int($0) }), number >= 0 {
            slot = SlotIndex(number)
            parts.removeLast()
        }
        if parts.count > 1, let found = parts.last.flatMap({ LogStream(rawValue: String($0)) }) {
            stream = found
            parts.removeLast()
        }
        app = parts.joined(separator: "-")
        guard !app.isEmpty else { return nil }
    }

    public var description: String {
        "\(app)\(stream.map { "-\($0.rawValue)" } ?? "")\(slot.map { "-\($0.number)" } ?? "").log"
    }
}
