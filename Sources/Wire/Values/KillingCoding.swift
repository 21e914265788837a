internal import Supervision

/// With the members of the victims in it: `pid` is the main process.
extension Killing: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            generation: Generation(try fields.read("generation")), at: try fields.read("at"),
            patience: try fields.read("after"),
            victims: Victims(
                main: try fields.optional("pid").map(ProcessID.init), others: try fields.read("others"),
                more: try fields.optional("more") ?? 0))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("generation", generation.number)
            writer.field("at", at)
            writer.field("after", patience)
            if let main = victims.main { writer.field("pid", main.number) }
            writer.field("others", victims.others)
            if victims.more > 0 { writer.field("more", victims.more) }
        }
    }
}

extension KilledProcess: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(ProcessID(try fields.read("pid")), command: try fields.read("command"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("pid", process.number)
            writer.field("command", command)
        }
    }
}

extension Toll: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(count: try fields.read("instances"), told: try fields.read("first"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("instances", count)
            writer.field("first", told)
        }
    }
}

extension Toll.Entry: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(SlotIndex(try fields.read("slot")), try fields.read("killing"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("slot", slot.number)
            writer.field("killing", killing)
        }
    }
}
