public import Supervision

/// The saved state as it stands on disk.
///
/// It is written by a version of swpm and read by another: a newer format is refused with a sentence, unknown
/// members of the same one are ignored.
public struct StateFile: Equatable, Sendable {
    public var state: SavedState
    /// What of each caller's environment may stand on disk: the shell's allow-list decides.
    public var environments: [EnvironmentID: [String: String]]
    /// The names of the other variables; only in an answer to `save`.
    public var lost: [EnvironmentID: [String]] = [:]
    /// The kernel's boot id: what ran before another boot does not run any more.
    public var boot: String?

    public init(
        state: SavedState, environments: [EnvironmentID: [String: String]] = [:], boot: String? = nil
    ) {
        self.state = state
        self.environments = environments
        self.boot = boot
    }
}

// MARK: - Write

extension StateFile {
    public var bytes: [UInt8] {
        var writer = JSONWriter(secrets: .shown, reserving: 16 << 10)
        writer.object { writer in
            writer.field("version", SavedState.version)
            if let boot { writer.field("boot", boot) }
            writer.field("next_instance", state.nextInstance)
            writer.field("apps", state.apps)
            writer.key("environments")
            writer.array(environments.sorted { $0.key < $1.key }) { writer, pair in
                writer.object { writer in
                    writer.field("id", pair.key.number)
                    writer.environment("variables", pair.value)
                    if let names = lost[pair.key] {
                        writer.key("lost")
                        writer.array(names) { $0.string($1) }
                    }
                }
            }
        }
        writer.newline()
        return writer.bytes
    }
}

// MARK: - Read

extension StateFile {
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        let json = try JSON(parsing: bytes)
        do {
            try self.init(json)
        } catch {
            throw JSONError(error, in: bytes, options: .strict)
        }
    }

    private init(_ json: JSON) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: WallClock())
        let version: Int = try fields.read("version")
        guard version == SavedState.version else {
            throw JSONMismatch(
                version > SavedState.version
                    ? "this state was written by a newer swpm (format \(version), this one reads \(SavedState.version))"
                    : "the format \(version) is not known")
        }
        boot = try fields.optional("boot")
        state = SavedState(nextInstance: try fields.read("next_instance"), apps: try fields.read("apps"))
        environments = [:]
        for saved in try fields.optional("environments") ?? [SavedEnvironment]() {
            environments[saved.id] = saved.variables
            if !saved.lost.isEmpty { lost[saved.id] = saved.lost }
        }
    }
}

private struct SavedEnvironment: JSONReadable {
    var id: EnvironmentID
    var variables: [String: String]
    var lost: [String]

    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        id = EnvironmentID(try fields.read("id"))
        variables = try AppReader.environment(fields.find("variables") ?? .null)
        lost = try fields.optional("lost") ?? []
    }
}

extension SavedState.App: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            spec: try fields.read("spec"), generation: Generation(try fields.read("generation")),
            slots: try fields.read("slots"), places: try fields.optional("places"),
            listened: try fields.optional("listened"), previous: try fields.optional("previous"),
            canary: try fields.optional("canary"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("spec", spec)
            writer.field("generation", generation.number)
            writer.field("slots", slots)
            if let places { writer.field("places", places) }
            if let listened { writer.field("listened", listened) }
            if let previous { writer.field("previous", previous) }
            if let canary { writer.field("canary", canary) }
        }
    }
}

extension SavedState.Slot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            index: SlotIndex(try fields.read("index")), id: SlotID(try fields.read("id")),
            wanted: try fields.read("wanted"), restarts: try fields.read("restarts"),
            instances: try fields.read("instances"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("index", index.number)
            writer.field("id", id.number)
            writer.field("wanted", wanted)
            writer.field("restarts", restarts)
            writer.field("instances", instances)
        }
    }
}

/// `since` is in nanoseconds since boot: it is read on the machine that wrote it, or not at all.
extension SavedState.Instance: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            id: InstanceID(try fields.read("id")), generation: Generation(try fields.read("generation")),
            process: ProcessID(try fields.read("pid")), since: Instant(nanoseconds: try fields.read("since")),
            listening: try fields.read("listening"),
            hasSaidReady: try fields.optional("said_ready") ?? false,
            isProven: try fields.optional("proven") ?? false)
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("id", id.number)
            writer.field("generation", generation.number)
            writer.field("pid", process.number)
            writer.field("since", since.nanoseconds)
            writer.field("listening", listening)
            if hasSaidReady { writer.field("said_ready", true) }
            if isProven { writer.field("proven", true) }
        }
    }
}
