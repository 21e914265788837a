public import Supervision

/// What a program said by `process.send`, as followers of `/v1/events` hear it.
public struct ProgramMessage: Equatable, Sendable {
    public var app: AppName
    public var slot: SlotIndex
    public var id: SlotID
    /// The program's own word for it, or `usual`.
    public var type: String
    public var data: JSON

    /// PM2's word for what has none.
    static let usual = "process:msg"

    /// `{type, data}` is taken apart; anything else is data.
    public init(_ message: JSON, from app: AppName, _ slot: SlotIndex, _ id: SlotID) {
        self.app = app
        self.slot = slot
        self.id = id
        if case .string(let type)? = message["type"], let data = message["data"] {
            (self.type, self.data) = (type, data)
        } else {
            (type, data) = (ProgramMessage.usual, message)
        }
    }
}

extension ProgramMessage: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        app = try AppName(&fields)
        slot = SlotIndex(try fields.read("slot"))
        id = SlotID(try fields.read("id"))
        type = try fields.read("type")
        data = json["data"] ?? .null
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            app.write(to: &writer)
            writer.field("slot", slot.number)
            writer.field("id", id.number)
            writer.field("type", type)
            writer.key("data")
            writer.value(data)
        }
    }
}

extension Answer {
    /// The first line: from now on nothing is missed.
    public static let following = Array("{\"following\":true}\n".utf8)

    public static func bytes(_ message: ProgramMessage) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { $0.field("message", message) }
        writer.newline()
        return writer.bytes
    }

    /// Nil for a line that is no message.
    public static func message(_ bytes: [UInt8]) throws(JSONError) -> ProgramMessage? {
        try read(bytes) { json throws(JSONMismatch) in
            try json["message"].map { json throws(JSONMismatch) in
                try ProgramMessage(json: json, clock: WallClock())
            }
        }
    }
}
