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
            instances: try fields.read("instances"), note: try Note(&fields),
            toll: try fields.optional("killed"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            app.write(to: &writer)
            writer.field("change", change)
            writer.field("instances", instances)
            note?.write(to: &writer)
            if let toll { writer.field("killed", toll) }
        }
    }
}

/// At most one member: `canary`, `promoted` or `reverted`.
extension Outcome.Note {
    init?(_ fields: inout JSONFields) throws(JSONMismatch) {
        if let canary: AppSnapshot.Canary = try fields.optional("canary") {
            self = .canary(canary.generation, percent: canary.percent)
        } else if let promoted: Int = try fields.optional("promoted") {
            self = .promoted(Generation(promoted))
        } else if let place: Place = try fields.optional("reverted") {
            self = .wentBack(to: place.generation, directory: place.directory)
        } else {
            return nil
        }
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .canary(let generation, let percent):
            writer.field("canary", AppSnapshot.Canary(generation, percent: percent))
        case .promoted(let generation): writer.field("promoted", generation.number)
        case .wentBack(let generation, let directory):
            writer.field("reverted", Place(generation: generation, directory: directory))
        }
    }

    private struct Place: JSONReadable, JSONWritable {
        var generation: Generation
        var directory: String?

        init(generation: Generation, directory: String?) {
            self.generation = generation
            self.directory = directory
        }

        init(json: JSON, clock: WallClock) throws(JSONMismatch) {
            var fields = try JSONFields(json, clock: clock)
            generation = Generation(try fields.read("generation"))
            directory = try fields.optional("cwd")
        }

        func write(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.field("generation", generation.number)
                if let directory { writer.field("cwd", directory) }
            }
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
