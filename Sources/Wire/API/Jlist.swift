public import Supervision

/// What PM2's `jlist` tells and the core does not know.
public struct JlistFacts: Sendable {
    public var username: String
    public var home: String
    /// Of one slot: where its logs are, and what runs its script.
    public var slot: @Sendable (AppSpec, SlotIndex) -> Slot

    public struct Slot: Equatable, Sendable {
        public var logs: LogFiles
        public var interpreter: String

        public init(logs: LogFiles, interpreter: String) {
            self.logs = logs
            self.interpreter = interpreter
        }
    }

    public init(
        username: String, home: String, slot: @escaping @Sendable (AppSpec, SlotIndex) -> Slot
    ) {
        self.username = username
        self.home = home
        self.slot = slot
    }
}

/// The list in PM2's keys, for the scripts that read `pm2 jlist`.
///
/// Values of variables are masked, and the caller's environment is not in it, where PM2 shows both.
public enum Jlist {
    public static func bytes(_ snapshot: Snapshot, facts: JlistFacts, clock: WallClock) -> [UInt8] {
        var writer = JSONWriter(clock: clock, reserving: 64 << 10)
        let places = snapshot.apps.indices.flatMap { app in
            snapshot.apps[app].slots.indices.map { (id: snapshot.apps[app].slots[$0].id, app: app, slot: $0) }
        }
        writer.array(places.sorted { $0.id < $1.id }) { writer, place in
            let app = snapshot.apps[place.app]
            Entry(app: app, slot: app.slots[place.slot], facts: facts).write(to: &writer)
        }
        writer.newline()
        return writer.bytes
    }
}

/// One process of PM2's list.
private struct Entry: JSONWritable {
    let app: AppSnapshot
    let slot: SlotSnapshot
    let facts: JlistFacts

    private var spec: AppSpec { app.spec }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("pid", slot.current?.process?.number ?? 0)
            writer.field("name", spec.name.name)
            writer.key("pm2_env")
            writer.object { writer in
                writeSpec(to: &writer)
                writeState(to: &writer)
            }
            writer.field("pm_id", slot.id.number)
            writer.key("monit")
            writer.object { writer in
                writer.field("memory", slot.current?.usage?.memory ?? 0)
                writer.key("cpu")
                writer.double(Double(slot.current?.usage?.processorTenths ?? 0) / 10)
            }
        }
    }

    private func writeSpec(to writer: inout JSONWriter) {
        let place = facts.slot(spec, slot.index)
        writer.field("name", spec.name.name)
        writer.field("namespace", spec.name.namespace)
        writer.field("instances", spec.instances)
        writer.field("exec_mode", "\(spec.mode.rawValue)_mode")
        writer.field("pm_exec_path", FilePath.join(spec.workingDirectory, spec.script))
        writer.field("pm_cwd", spec.workingDirectory)
        writer.field("args", spec.arguments)
        writer.field("exec_interpreter", place.interpreter)
        writer.field("node_args", spec.interpreterArguments)
        writer.field("autorestart", spec.restart.automatic)
        writer.field("kill_timeout", spec.killTimeout)
        writer.field("listen_timeout", spec.listenTimeout)
        writer.field("watch", false)
        writer.field("merge_logs", spec.logs.merges)
        writer.field("vizion", false)
        writer.field("treekill", true)
        writer.field("instance_var", "NODE_APP_INSTANCE")
        writer.field("NODE_APP_INSTANCE", slot.index.number)
        writer.environment("env", spec.environment)
        writer.field("pm_out_log_path", place.logs.output)
        writer.field("pm_err_log_path", place.logs.error)
        if let combined = place.logs.combined { writer.field("pm_log_path", combined) }
        if let format = spec.logs.dateFormat { writer.field("log_date_format", format) }
        if spec.logs.isJSON { writer.field("log_type", "json") }
        writer.field("PM2_HOME", facts.home)
        writer.field("username", facts.username)
    }

    private func writeState(to writer: inout JSONWriter) {
        writer.field("pm_id", slot.id.number)
        writer.field("status", slot.status.rawValue)
        writer.field("generation", (slot.current?.generation ?? app.generation).number)
        writer.key("pm_uptime")
        since(in: &writer)
        writer.key("created_at")
        since(in: &writer)
        writer.field("restart_time", slot.restarts)
        writer.field("unstable_restarts", slot.unstableRestarts)
        if case .exited(.code(let code))? = slot.deaths.last?.cause { writer.field("exit_code", code) }
        writer.field("version", "N/A")
        writer.field("node_version", "")
        for name: StaticString in ["axm_monitor", "axm_options", "axm_dynamic"] {
            writer.key(name)
            writer.object { _ in }
        }
        writer.field("axm_actions", [String]())
    }

    /// When the process began; of a stopped one, when the last began, or 0.
    private func since(in writer: inout JSONWriter) {
        if let current = slot.current {
            current.since.write(to: &writer)
        } else if let death = slot.deaths.last {
            writer.integer(writer.clock.milliseconds(of: death.at) - death.uptime.milliseconds)
        } else {
            writer.integer(0)
        }
    }
}
