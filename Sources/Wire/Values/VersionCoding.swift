internal import Supervision

// What the saved state says of versions that are not in force.

extension SavedState.Version: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            generation: Generation(try fields.read("generation")), spec: try fields.read("spec"),
            places: try fields.optional("places"), listened: try fields.optional("listened"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("generation", generation.number)
            writer.field("spec", spec)
            if let places { writer.field("places", places) }
            if let listened { writer.field("listened", listened) }
        }
    }
}

extension SavedState.Canary: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            version: try fields.read("version"), percent: try fields.read("percent"),
            instances: try fields.optional("instances"), places: try fields.optional("places"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("version", version)
            writer.field("percent", percent)
            if let instances { writer.field("instances", instances) }
            if let places { writer.field("places", places) }
        }
    }
}

extension Places: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(workingDirectory: try fields.read("cwd"), script: try fields.optional("script"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("cwd", workingDirectory)
            if let script { writer.field("script", script) }
        }
    }
}
