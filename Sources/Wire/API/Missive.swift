public import Supervision

/// Something to be passed on to running programs at once; what is wanted does not change by it.
public enum Missive: Equatable, Sendable {
    case signal(Signal)
    /// Over the message channel of Node programs: what `process.on('message')` is given.
    case message(JSON)

    /// The last word of its path.
    var word: String {
        switch self {
        case .signal: "signal"
        case .message: "send"
        }
    }
}

/// What became of a missive at one instance.
public struct Receipt: Equatable, Sendable {
    public enum Outcome: String, Sendable {
        case delivered
        case notRunning = "not_running"
        /// It is no Node program, or has closed its channel.
        case noChannel = "no_channel"
        /// It has not read its messages for so long that there is no room for another.
        case full
        case tooLong = "too_long"
    }

    public var app: AppName
    public var slot: SlotIndex
    public var id: SlotID
    public var outcome: Outcome

    public init(app: AppName, slot: SlotIndex, id: SlotID, outcome: Outcome) {
        self.app = app
        self.slot = slot
        self.id = id
        self.outcome = outcome
    }
}

extension Receipt: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            app: try AppName(&fields), slot: SlotIndex(try fields.read("slot")),
            id: SlotID(try fields.read("id")), outcome: try fields.read("outcome"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            app.write(to: &writer)
            writer.field("slot", slot.number)
            writer.field("id", id.number)
            writer.field("outcome", outcome)
        }
    }
}

extension Receipt.Outcome: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        self = try word(Receipt.Outcome.self, from: json, expected: "an outcome")
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension Answer {
    public static func bytes(_ receipts: [Receipt]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { $0.field("instances", receipts) }
        writer.newline()
        return writer.bytes
    }

    public static func receipts(_ bytes: [UInt8]) throws(JSONError) -> [Receipt] {
        try read(bytes) { json throws(JSONMismatch) in
            var fields = try JSONFields(json, clock: WallClock())
            return try fields.read("instances")
        }
    }
}
