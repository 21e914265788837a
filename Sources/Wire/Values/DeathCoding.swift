internal import Supervision

extension Death: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            generation: Generation(try fields.read("generation")),
            cause: try fields.read("cause"),
            at: try fields.read("at"),
            uptime: try fields.read("uptime"),
            lastWords: try fields.optional("last_words") ?? [],
            peakMemory: try fields.optional("peak_memory") ?? 0,
            process: try fields.optional("pid").map(ProcessID.init),
            killer: try fields.optional("killer"),
            remark: try fields.optional("remark"),
            consequence: try fields.optional("consequence"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("generation", generation.number)
            writer.field("cause", cause)
            writer.field("at", at)
            writer.field("uptime", uptime)
            writer.field("last_words", lastWords)
            writer.field("peak_memory", peakMemory)
            if let process { writer.field("pid", process.number) }
            if let killer { writer.field("killer", killer) }
            if let remark { writer.field("remark", remark) }
            if let consequence { writer.field("consequence", consequence) }
        }
    }
}

/// Exactly one member says what happened: `exit_code`, `signal`, `unknown`, `not_started`, `never_ready`,
/// `never_said_ready`, `unhealthy`, `silent`, `stuck` or `faltered`; or `exceeded`, which older
/// versions do not know and take for `unknown`.
extension Death.Cause: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        if let code: Int32 = try fields.optional("exit_code") {
            self = .exited(.code(code))
        } else if let signal: Signal = try fields.optional("signal") {
            self = .exited(.signal(signal))
        } else if let reason: String = try fields.optional("not_started") {
            self = .notStarted(reason)
        } else if let late: Lateness = try fields.optional("never_ready") {
            self = .neverReady(after: late.after, missing: late.missing)
        } else if let after: Duration = try fields.optional("never_said_ready") {
            self = .neverSaidReady(after: after)
        } else if let illness: Illness = try fields.optional("unhealthy") {
            self = .unhealthy(illness.reason, failures: illness.failures)
        } else if let after: Duration = try fields.optional("silent") {
            self = .silent(after: after)
        } else if let stuck: Duration = try fields.optional("stuck") {
            self = .stuck(after: stuck)
        } else if let missing: [ListenAddress] = try fields.optional("faltered") {
            self = .faltered(missing: missing)
        } else if let excess: Excess = try fields.optional("exceeded") {
            self = .exceeded(excess)
        } else if fields.find("unknown") != nil {
            self = .exited(.unknown)
        } else {
            throw JSONMismatch("a cause of death that is not known here")
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch self {
            case .exited(.code(let code)): writer.field("exit_code", code)
            case .exited(.signal(let signal)): writer.field("signal", signal)
            case .exited(.unknown): writer.field("unknown", true)
            case .notStarted(let reason): writer.field("not_started", reason)
            case .neverReady(let after, let missing):
                writer.field("never_ready", Lateness(after: after, missing: missing))
            case .neverSaidReady(let after): writer.field("never_said_ready", after)
            case .unhealthy(let reason, let failures):
                writer.field("unhealthy", Illness(reason: reason, failures: failures))
            case .silent(let after): writer.field("silent", after)
            case .stuck(let after): writer.field("stuck", after)
            case .faltered(let missing): writer.field("faltered", missing)
            case .exceeded(let excess):
                writer.field("unknown", true)
                writer.field("exceeded", excess)
            }
        }
    }

    private struct Illness: JSONReadable, JSONWritable {
        var reason: String
        var failures: Int

        init(reason: String, failures: Int) {
            self.reason = reason
            self.failures = failures
        }

        init(json: JSON, clock: WallClock) throws(JSONMismatch) {
            var fields = try JSONFields(json, clock: clock)
            reason = try fields.read("reason")
            failures = try fields.read("failures")
        }

        func write(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.field("reason", reason)
                writer.field("failures", failures)
            }
        }
    }

    private struct Lateness: JSONReadable, JSONWritable {
        var after: Duration
        var missing: [ListenAddress]

        init(after: Duration, missing: [ListenAddress]) {
            self.after = after
            self.missing = missing
        }

        init(json: JSON, clock: WallClock) throws(JSONMismatch) {
            var fields = try JSONFields(json, clock: clock)
            after = try fields.read("after")
            missing = try fields.read("missing")
        }

        func write(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.field("after", after)
                writer.field("missing", missing)
            }
        }
    }
}

extension Excess: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(used: try fields.read("used"), limit: try fields.read("limit"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("used", used)
            writer.field("limit", limit)
        }
    }
}

extension Killer: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        self = try word(Killer.self, from: json, expected: "a killer")
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

/// `{"restarted_after": 800}`, or one of the words `rested`, `gave_up`, `refused`, `unwanted`.
extension Death.Consequence: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        switch json {
        case .string("rested"): self = .rested
        case .string("gave_up"): self = .gaveUp
        case .string("refused"): self = .refused
        case .string("unwanted"): self = .unwanted
        default:
            var fields = try JSONFields(json, clock: clock)
            self = .restarted(after: try fields.read("restarted_after"))
        }
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .restarted(let delay): writer.object { $0.field("restarted_after", delay) }
        case .rested: writer.string("rested")
        case .gaveUp: writer.string("gave_up")
        case .refused: writer.string("refused")
        case .unwanted: writer.string("unwanted")
        }
    }
}

extension FailedOperation: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            at: try fields.read("at"), goal: try fields.read("goal"), failure: try fields.read("failure"),
            isRolledBack: try fields.read("rolled_back"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("at", at)
            writer.field("goal", goal)
            writer.field("failure", failure)
            writer.field("rolled_back", isRolledBack)
        }
    }
}

/// By name, or by number where it has none.
extension Signal: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        let text: String? =
            switch json {
            case .string(let text): text
            case .integer(let number): String(number)
            case .null, .bool, .double, .array, .object: nil
            }
        guard let signal = text.flatMap(Signal.init) else {
            throw JSONMismatch(expected: "a signal like \"SIGTERM\" or 15", found: json)
        }
        self = signal
    }

    func write(to writer: inout JSONWriter) {
        description.hasPrefix("SIG") ? writer.string(description) : writer.integer(number)
    }
}
