internal import Supervision

extension Reply: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        let result: String = try fields.read("result")
        switch result {
        case "done": self = .done(try fields.read("outcomes"))
        case "refused": self = .refused(try fields.read("refusal"))
        case "failed": self = .failed(try fields.read("failure"), outcomes: try fields.read("outcomes"))
        case "rolled_back":
            self = .rolledBack(try fields.read("failure"), outcomes: try fields.read("outcomes"))
        default: throw JSONMismatch("a result that is not known here: \(result)")
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch self {
            case .done(let outcomes):
                writer.field("result", "done")
                writer.field("outcomes", outcomes)
            case .refused(let refusal):
                writer.field("result", "refused")
                writer.field("refusal", refusal)
            case .failed(let failure, let outcomes):
                writer.field("result", "failed")
                writer.field("failure", failure)
                writer.field("outcomes", outcomes)
            case .rolledBack(let failure, let outcomes):
                writer.field("result", "rolled_back")
                writer.field("failure", failure)
                writer.field("outcomes", outcomes)
            }
        }
    }
}

extension Outcome: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            app: try AppName(&fields), change: try fields.read("change"),
            instances: try fields.read("instances"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            app.write(to: &writer)
            writer.field("change", change)
            writer.field("instances", instances)
        }
    }
}

extension Outcome.Change: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        self = try word(Outcome.Change.self, from: json, expected: "a change")
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension Failure: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            app: try AppName(&fields), slot: SlotIndex(try fields.read("slot")),
            generation: Generation(try fields.read("generation")), death: try fields.read("death"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            app.write(to: &writer)
            writer.field("slot", slot.number)
            writer.field("generation", generation.number)
            writer.field("death", death)
        }
    }
}

extension AppName {
    /// From the members `app` and `namespace` of the object that speaks of it.
    init(_ fields: inout JSONFields) throws(JSONMismatch) {
        let name: String = try fields.read("app")
        self.init(name, in: try fields.optional("namespace") ?? AppName.defaultNamespace)
    }

    func write(to writer: inout JSONWriter) {
        writer.field("app", name)
        writer.field("namespace", namespace)
    }
}
