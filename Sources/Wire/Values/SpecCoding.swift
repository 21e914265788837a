internal import Supervision

extension AppSpec: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var reader = AppReader(.own)
        self = try reader.read(json)
    }

    /// In the words of an ecosystem file, and complete: what is nil is left out, nothing else.
    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("name", name.name)
            writer.field("namespace", name.namespace)
            writer.field("script", script)
            writer.field("args", arguments)
            switch interpreter {
            case .automatic: break
            case .none: writer.field("interpreter", "none")
            case .program(let program): writer.field("interpreter", program)
            }
            writer.field("interpreter_args", interpreterArguments)
            writer.field("cwd", workingDirectory)
            writer.environment("env", environment)
            writeCluster(to: &writer)
            writePolicy(to: &writer)
            writeNode(to: &writer)
            logs.write(to: &writer)
            if let user { writer.field("user", user) }
            if let group { writer.field("group", group) }
            if let umask { writer.field("umask", String(umask, radix: 8)) }
            if let nice { writer.field("nice", nice) }
            writer.field("wait_ready", waitReady)
            if let health { writer.field("health", health) }
            if let watchdog { writer.field("watchdog", watchdog) }
            if let inherited { writer.field("inherited", inherited.number) }
            if let origin { writer.field("origin", origin) }
        }
    }

    private func writeCluster(to writer: inout JSONWriter) {
        writer.field("instances", instances)
        if !autostart { writer.field("autostart", autostart) }
        writer.field("exec_mode", mode.rawValue)
        writer.field("balance", balance.rawValue)
        writer.key("ports")
        writer.array(ports) { $0.integer($1) }
        writer.field("sockets", sockets)
        if let zeroDowntime { writer.field("zero_downtime", zeroDowntime) }
        writer.field("max_surge", maxSurge)
        writer.field("strategy", strategy.rawValue)
        if let bake { writer.field("bake", bake) }
    }

    private func writeNode(to writer: inout JSONWriter) {
        writer.field("node_preload", nodePreload)
        writer.field("shutdown_with_message", shutdownWithMessage)
        writer.field("instance_var", instanceVariable)
        if let incrementVariable { writer.field("increment_var", incrementVariable) }
    }

    private func writePolicy(to writer: inout JSONWriter) {
        writer.field("autorestart", restart.automatic)
        writer.field("min_uptime", restart.minUptime)
        if let limit = restart.maxRestarts { writer.field("max_restarts", limit) }
        if let delay = restart.fixedDelay { writer.field("restart_delay", delay) }
        writer.field("exp_backoff_restart_delay", restart.firstDelay)
        writer.field("max_restart_delay", restart.longestDelay)
        writer.key("stop_exit_codes")
        writer.array(restart.stopExitCodes) { $0.integer($1) }
        if let limit = restart.maxMemory { writer.field("max_memory_restart", limit) }
        if let schedule = restart.schedule { writer.field("cron_restart", schedule.text) }
        writer.field("kill_signal", stopSignal)
        writer.field("kill_timeout", killTimeout)
        writer.field("listen_timeout", listenTimeout)
        writer.field("drain_timeout", drainTimeout)
        writer.field("drain_grace", drainGrace)
        writer.field("drain", drain.rawValue)
        writer.field("stuck_timeout", stuckTimeout)
        if let stuckReplace { writer.field("stuck_replace", stuckReplace) }
    }
}

extension JSONWriter {
    /// Whether the values of variables are written, or stars in their place.
    public enum Secrets: Sendable {
        case masked, shown
    }

    mutating func environment(_ name: StaticString, _ variables: [String: String]) {
        key(name)
        object { writer in
            for (variable, value) in variables.sorted(by: { $0.key < $1.key }) {
                writer.key(variable)
                writer.string(writer.secrets == .shown ? value : "***")
            }
        }
    }
}
