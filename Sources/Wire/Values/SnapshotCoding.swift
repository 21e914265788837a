internal import Supervision

extension Snapshot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(apps: try fields.read("apps"), daemonDeaths: try fields.optional("daemon_deaths"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("apps", apps)
            if let daemonDeaths { writer.field("daemon_deaths", daemonDeaths) }
        }
    }
}

extension Snapshot.DaemonDeaths: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(count: try fields.read("count"), last: try fields.read("last"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("count", count)
            writer.field("last", last)
        }
    }
}

extension AppSnapshot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            spec: try fields.read("spec"),
            generation: Generation(try fields.read("generation")),
            slots: try fields.read("slots"),
            operation: try fields.optional("operation"),
            lastFailure: try fields.optional("last_failure"),
            failures: try fields.optional("failures") ?? [],
            canary: try fields.optional("canary"),
            previous: try fields.optional("previous_generation").map(Generation.init))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            spec.name.write(to: &writer)
            writer.field("spec", spec)
            writer.field("generation", generation.number)
            writer.field("slots", slots)
            if let operation { writer.field("operation", operation) }
            if let lastFailure { writer.field("last_failure", lastFailure) }
            if !failures.isEmpty { writer.field("failures", failures) }
            if let canary { writer.field("canary", canary) }
            if let previous { writer.field("previous_generation", previous.number) }
        }
    }
}

extension AppSnapshot.Canary: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(Generation(try fields.read("generation")), percent: try fields.read("percent"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("generation", generation.number)
            writer.field("percent", percent)
        }
    }
}

extension AppSnapshot.Operation: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        self = try word(AppSnapshot.Operation.self, from: json, expected: "an operation")
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension SlotSnapshot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            index: SlotIndex(try fields.read("index")),
            id: SlotID(try fields.read("id")),
            status: try fields.read("status"),
            current: try fields.optional("current"),
            others: try fields.optional("others") ?? [],
            restarts: try fields.read("restarts"),
            unstableRestarts: try fields.read("unstable_restarts"),
            deaths: try fields.optional("deaths") ?? [],
            killings: try fields.optional("killings") ?? [],
            nextTry: try fields.optional("next_try"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("index", index.number)
            writer.field("id", id.number)
            writer.field("status", status)
            if let current { writer.field("current", current) }
            writer.field("others", others)
            writer.field("restarts", restarts)
            writer.field("unstable_restarts", unstableRestarts)
            writer.field("deaths", deaths)
            if !killings.isEmpty { writer.field("killings", killings) }
            if let nextTry { writer.field("next_try", nextTry) }
        }
    }
}

extension SlotSnapshot.Status: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        self = try word(SlotSnapshot.Status.self, from: json, expected: "a status")
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension InstanceSnapshot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            id: InstanceID(try fields.read("instance")),
            generation: Generation(try fields.read("generation")),
            phase: try fields.read("phase"),
            process: try fields.optional("pid").map(ProcessID.init),
            since: try fields.read("since"),
            listening: try fields.optional("listening") ?? [],
            inRotation: try fields.read("in_rotation"),
            usage: try fields.optional("usage"),
            drain: try fields.optional("drain"),
            status: try fields.optional("status"),
            lacks: try fields.optional("lacks"),
            health: try fields.optional("health"),
            stuckSince: try fields.optional("stuck_since"),
            queueStuckSince: try fields.optional("queue_stuck_since"),
            ports: try fields.optional("ports"))
        droppedLogBytes = try fields.optional("dropped_log_bytes") ?? 0
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("instance", id.number)
            writer.field("generation", generation.number)
            writer.field("phase", phase)
            if let process { writer.field("pid", process.number) }
            writer.field("since", since)
            writer.field("listening", listening)
            writer.field("in_rotation", inRotation)
            if let usage { writer.field("usage", usage) }
            if let drain { writer.field("drain", drain) }
            if let status { writer.field("status", status) }
            if let lacks { writer.field("lacks", lacks) }
            if let health { writer.field("health", health) }
            if let stuckSince { writer.field("stuck_since", stuckSince) }
            if droppedLogBytes > 0 { writer.field("dropped_log_bytes", droppedLogBytes) }
            if let queueStuckSince { writer.field("queue_stuck_since", queueStuckSince) }
            if let ports { writer.field("ports", ports) }
        }
    }
}

extension DrainSnapshot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(until: try fields.read("until"), connections: try fields.optional("connections"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("until", until)
            if let connections { writer.field("connections", connections) }
        }
    }
}

extension InstanceSnapshot.Lack: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        let text = try String(json: json, clock: clock)
        guard let known = InstanceSnapshot.Lack(rawValue: text) else {
            throw JSONMismatch(expected: "what is missing", found: json)
        }
        self = known
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension HealthSnapshot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        let state: String = try fields.read("state")
        guard let known = State(rawValue: state) else { throw JSONMismatch("no state of health: \(state)") }
        self.init(
            state: known, failures: try fields.read("failures"), reason: try fields.optional("reason"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("state", state.rawValue)
            writer.field("failures", failures)
            if let reason { writer.field("reason", reason) }
        }
    }
}

extension InstanceSnapshot.Phase: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        self = try word(InstanceSnapshot.Phase.self, from: json, expected: "a phase")
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

extension Usage: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(memory: try fields.read("memory"), processorTenths: try fields.read("cpu_tenths"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("memory", memory)
            writer.field("cpu_tenths", processorTenths)
        }
    }
}
