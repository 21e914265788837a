/// What an instance writes.
public enum LogStream: String, CaseIterable, Sendable {
    case out, error
}

/// How the file of one stream of one slot is called, as PM2 does it: `web-error-0.log`.
public struct LogFileName: Hashable, Sendable {
    /// The app as file names say it: what is not a letter or a digit has become a dash.
    public var app: String
    public var stream: LogStream
    public var slot: SlotIndex

    public init(_ app: AppName, _ slot: SlotIndex, _ stream: LogStream) {
        let shown = app.namespace == AppName.defaultNamespace ? app.name : "\(app.namespace)-\(app.name)"
        self.app = String(shown.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "-" })
        self.stream = stream
        self.slot = slot
    }
}

extension LogFileName: LosslessStringConvertible {
    public init?(_ text: String) {
        guard text.hasSuffix(".log") else { return nil }
        let parts = text.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count >= 3, let slot = Int(parts[parts.count - 1]),
            let stream = LogStream(rawValue: String(parts[parts.count - 2]))
        else { return nil }
        app = parts.dropLast(2).joined(separator: "-")
        self.stream = stream
        self.slot = SlotIndex(slot)
    }

    public var description: String { "\(app)-\(stream.rawValue)-\(slot.number).log" }
}
