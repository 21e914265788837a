internal import Supervision

// What the saved state says of slots and of whoever stands in them. Points in time are in nanoseconds since boot: they are
// read on the machine that wrote them, or not at all.

/// Those that are not known to run stand apart: an older version, which knows none, passes them over.
extension SavedState.Slot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            index: SlotIndex(try fields.read("index")), id: SlotID(try fields.read("id")),
            wanted: try fields.read("wanted"), restarts: try fields.read("restarts"),
            instances: try fields.read("instances"),
            generation: try fields.optional("generation").map(Generation.init),
            rest: try SavedState.Pause(&fields), unstable: try fields.optional("unstable") ?? 0,
            estate: try fields.optional("estate").map(InstanceID.init),
            owed: try fields.optional("owed") ?? [])
        instances += try fields.optional("launching") ?? []
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("index", index.number)
            writer.field("id", id.number)
            writer.field("wanted", wanted)
            writer.field("restarts", restarts)
            writer.field("instances", instances.filter { $0.process != nil })
            if let generation { writer.field("generation", generation.number) }
            switch rest {
            case .idle: break
            case .waiting(let until): writer.field("waits_until", until.nanoseconds)
            case .failed: writer.field("given_up", true)
            }
            if unstable > 0 { writer.field("unstable", unstable) }
            if let estate { writer.field("estate", estate.number) }
            if !owed.isEmpty { writer.field("owed", owed) }
            let launching = instances.filter { $0.process == nil }
            if !launching.isEmpty { writer.field("launching", launching) }
        }
    }
}

extension SavedState.Pause {
    fileprivate init(_ fields: inout JSONFields) throws(JSONMismatch) {
        let until: Int64? = try fields.optional("waits_until")
        let isGivenUp = try fields.optional("given_up") ?? false
        self = until.map { .waiting(until: Instant(nanoseconds: $0)) } ?? (isGivenUp ? .failed : .idle)
    }
}

extension SavedState.Instance: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        let process: Int32? = try fields.optional("pid")
        self.init(
            id: InstanceID(try fields.read("id")), generation: Generation(try fields.read("generation")),
            process: process.map(ProcessID.init), since: Instant(nanoseconds: try fields.read("since")),
            listening: try fields.read("listening"),
            hasSaidReady: try fields.optional("said_ready") ?? false,
            isProven: try fields.optional("proven") ?? false, role: try SavedState.Role(&fields),
            expected: try fields.optional("expected") ?? [],
            isUnwanted: try fields.optional("unwanted") ?? false,
            heirOf: try fields.optional("heir_of").map(InstanceID.init))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id.number)
            writer.field("generation", generation.number)
            if let process { writer.field("pid", process.number) }
            writer.field("since", since.nanoseconds)
            writer.field("listening", listening)
            if hasSaidReady { writer.field("said_ready", true) }
            if isProven { writer.field("proven", true) }
            if let role { writer.field("role", role.rawValue) }
            if !expected.isEmpty { writer.field("expected", expected) }
            if isUnwanted { writer.field("unwanted", true) }
            if let heir { writer.field("heir_of", heir.number) }
        }
    }
}

extension SavedState.Role {
    fileprivate init?(_ fields: inout JSONFields) throws(JSONMismatch) {
        guard let word: String = try fields.optional("role") else { return nil }
        self.init(rawValue: word)
    }
}
