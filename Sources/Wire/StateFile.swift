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
    /// When the kernel began each main process, in clock ticks since boot: with its number that names it.
    public var starts: [InstanceID: UInt64]
    /// Whose each listener is, and in which order they stand; a line for each, in the shell's words.
    public var listeners: [String]

    public init(
        state: SavedState, environments: [EnvironmentID: [String: String]] = [:], boot: String? = nil,
        starts: [InstanceID: UInt64] = [:], listeners: [String] = []
    ) {
        self.state = state
        self.environments = environments
        self.boot = boot
        self.starts = starts
        self.listeners = listeners
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
            let inquiries = state.inquiries.sorted { $0.key < $1.key }
            if !inquiries.isEmpty {
                writer.field("inquiries", inquiries.map { SavedInquiry($0.key, $0.value) })
            }
            if !state.answered.isEmpty { writer.field("answered", state.answered) }
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
            if !starts.isEmpty {
                writer.key("starts")
                writer.array(starts.sorted { $0.key < $1.key }) { writer, pair in
                    writer.array([pair.key.number, pair.value]) { $0.integer($1) }
                }
            }
            if !listeners.isEmpty { writer.field("listeners", listeners) }
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
        for saved in try fields.optional("inquiries") ?? [SavedInquiry]() {
            state.inquiries[saved.ticket] = saved.inquiry
        }
        state.answered = try fields.optional("answered") ?? []
        environments = [:]
        for saved in try fields.optional("environments") ?? [SavedEnvironment]() {
            environments[saved.id] = saved.variables
            if !saved.lost.isEmpty { lost[saved.id] = saved.lost }
        }
        starts = [:]
        for pair in try fields.optional("starts") ?? [[UInt64]]() where pair.count == 2 {
            starts[InstanceID(pair[0])] = pair[1]
        }
        listeners = try fields.optional("listeners") ?? []
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
            listened: try fields.optional("listened"),
            previous: try fields.optional("previous"), canary: try fields.optional("canary"),
            newest: try fields.optional("newest").map(Generation.init),
            versions: try fields.optional("versions") ?? [], work: try fields.optional("work"),
            queue: try fields.optional("queue") ?? [])
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
            if let newest { writer.field("newest", newest.number) }
            if !versions.isEmpty { writer.field("versions", versions) }
            if let work { writer.field("work", work) }
            if !queue.isEmpty { writer.field("queue", queue) }
        }
    }
}
