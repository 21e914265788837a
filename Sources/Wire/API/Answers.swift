public import Supervision

/// Who answers.
public struct DaemonFacts: Equatable, Sendable {
    public var version: String
    /// What the linker derived from the program; empty where it did not.
    public var build: String
    public var process: ProcessID
    public var since: Instant

    public var program: ProgramName { ProgramName(version: version, build: build) }

    public init(version: String, build: String = "", process: ProcessID, since: Instant) {
        self.version = version
        self.build = build
        self.process = process
        self.since = since
    }
}

/// One line of an operation's stream.
public enum OperationLine: Equatable, Sendable {
    case progress(Progress)
    /// The last line.
    case reply(Reply)
}

/// A body as the daemon writes it and the client reads it.
///
/// What cannot be read is a `JSONError`: the other side is not ours, or from another time.
public enum Answer {
    // MARK: - Write

    public static func bytes(_ snapshot: Snapshot, clock: WallClock) -> [UInt8] {
        text(clock: clock, reserving: 64 << 10) { snapshot.write(to: &$0) }
    }

    public static func bytes(_ facts: DaemonFacts, clock: WallClock) -> [UInt8] {
        text(clock: clock) { writer in
            writer.object { writer in
                writer.field("version", facts.version)
                writer.field("build", facts.build)
                writer.field("api", "v1")
                writer.field("pid", facts.process.number)
                writer.field("since", facts.since)
            }
        }
    }

    public static let pong = Array("{\"ping\":\"pong\"}\n".utf8)

    /// So many log files were meant.
    public static func bytes(logFiles count: Int) -> [UInt8] {
        text { writer in writer.object { $0.field("files", count) } }
    }

    /// A refusal before anything began. The daemon answers with its `status`.
    public static func bytes(_ refusal: Refusal) -> [UInt8] {
        text { writer in writer.object { $0.field("error", refusal) } }
    }

    public static func bytes(_ refusal: APIRefusal) -> [UInt8] {
        text { writer in
            writer.object { writer in
                writer.key("error")
                writer.object { writer in
                    writer.field("code", refusal.code)
                    writer.field("message", refusal.message)
                }
            }
        }
    }

    /// One line of a stream, with its end.
    public static func bytes(_ line: OperationLine, clock: WallClock) -> [UInt8] {
        text(clock: clock) { writer in
            writer.object { writer in
                switch line {
                case .progress(let progress): writer.field("progress", progress)
                case .reply(let reply): writer.field("reply", reply)
                }
            }
        }
    }

    private static func text(
        clock: WallClock = WallClock(), reserving capacity: Int = 512, _ write: (inout JSONWriter) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter(clock: clock, reserving: capacity)
        write(&writer)
        writer.newline()
        return writer.bytes
    }

    // MARK: - Read

    public static func snapshot(_ bytes: [UInt8], clock: WallClock) throws(JSONError) -> Snapshot {
        try read(bytes) { json throws(JSONMismatch) in try Snapshot(json: json, clock: clock) }
    }

    public static func facts(_ bytes: [UInt8], clock: WallClock) throws(JSONError) -> DaemonFacts {
        try read(bytes) { json throws(JSONMismatch) in
            var fields = try JSONFields(json, clock: clock)
            return DaemonFacts(
                version: try fields.read("version"), build: try fields.optional("build") ?? "",
                process: ProcessID(try fields.read("pid")), since: try fields.read("since"))
        }
    }

    public static func line(_ bytes: [UInt8], clock: WallClock) throws(JSONError) -> OperationLine {
        try read(bytes) { json throws(JSONMismatch) in
            var fields = try JSONFields(json, clock: clock)
            if let progress: Progress = try fields.optional("progress") { return .progress(progress) }
            return .reply(try fields.read("reply"))
        }
    }

    /// The error of an answer whose status is not 200: the core's own refusal where it is one.
    public static func refusal(_ bytes: [UInt8], status: Int) -> APIError {
        guard let json = try? JSON(parsing: bytes, options: .answer), let error = json["error"],
            case .string(let code)? = error["code"], case .string(let message)? = error["message"]
        else {
            // Not ours: a proxy's page, or nothing at all.
            return .http(APIRefusal(status: status, code: "unknown", message: HTTPStatus.reason(status)))
        }
        // A code of HTTP's own layer is not one of the core's.
        if let refusal = try? Refusal(json: error, clock: WallClock()), refusal.status == status {
            return .refused(refusal)
        }
        return .http(APIRefusal(status: status, code: code, message: message))
    }

    static func read<Value>(
        _ bytes: [UInt8], _ decode: (JSON) throws(JSONMismatch) -> Value
    ) throws(JSONError) -> Value {
        let json = try JSON(parsing: bytes, options: .answer)
        do {
            return try decode(json)
        } catch {
            throw JSONError(error, in: bytes, options: .answer)
        }
    }
}

/// An answer that says no.
public enum APIError: Error, Equatable, Sendable {
    /// The supervisor refused, as it would in a stream.
    case refused(Refusal)
    /// The request was not understood.
    case http(APIRefusal)
}
