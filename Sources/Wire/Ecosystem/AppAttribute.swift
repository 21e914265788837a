/// What can be said about an app, by its name in files, requests and the saved state.
///
/// One table for all three: the raw value is how we write it, `aliases` is what else is understood (PM2's names);
/// each of them may also be written in camel case.
enum AppAttribute: String, CaseIterable {
    case name, namespace, script
    case arguments = "args"
    case interpreter
    case interpreterArguments = "interpreter_args"
    case workingDirectory = "cwd"
    case environment = "env"
    case port
    case instances, autostart
    case mode = "exec_mode"
    case balance, ports, sockets
    case zeroDowntime = "zero_downtime"
    case automaticRestart = "autorestart"
    case minUptime = "min_uptime"
    case maxRestarts = "max_restarts"
    case restartDelay = "restart_delay"
    case firstDelay = "exp_backoff_restart_delay"
    case longestDelay = "max_restart_delay"
    case stopExitCodes = "stop_exit_codes"
    case maxMemory = "max_memory_restart"
    case schedule = "cron_restart"
    case stopSignal = "kill_signal"
    case killTimeout = "kill_timeout"
    case listenTimeout = "listen_timeout"
    case drainTimeout = "drain_timeout"
    case maxSurge = "max_surge"
    case drain
    case drainGrace = "drain_grace"
    case user, group, umask, nice
    case waitReady = "wait_ready"
    case health, watchdog
    case nodePreload = "node_preload"
    case shutdownWithMessage = "shutdown_with_message"
    case instanceVariable = "instance_var"
    case incrementVariable = "increment_var"
    case stuckTimeout = "stuck_timeout"
    case stuckReplace = "stuck_replace"
    /// Written by us, not by people: which caller's environment, and the file it came from.
    case inherited, origin
    case strategy, bake
    case outFile = "out_file"
    case errorFile = "error_file"
    case logFile = "log_file"
    case mergeLogs = "merge_logs"
    case disableLogs = "disable_logs"
    case logDateFormat = "log_date_format"
    case time
    case logType = "log_type"
    case logRotate = "log_rotate"
    case logBlock = "log_block"
    case logTo = "log_to"

    var aliases: [String] {
        switch self {
        case .script: ["exec", "cmd", "command"]
        case .arguments: ["arguments"]
        case .autostart: []
        case .interpreter: ["exec_interpreter"]
        case .interpreterArguments: ["node_args"]
        case .workingDirectory: ["working_directory"]
        case .environment: ["environment"]
        case .stopSignal: ["stop_signal"]
        case .firstDelay: ["first_restart_delay"]
        case .user: ["uid"]
        case .group: ["gid"]
        case .health: ["health_check", "healthcheck"]
        case .outFile: ["out", "out_log", "output"]
        case .errorFile: ["error", "error_log", "err", "err_file", "err_log"]
        case .logFile: ["log"]
        case .schedule: ["cron"]
        case .mergeLogs: ["combine_logs"]
        case .name, .namespace, .port, .instances, .mode, .balance, .ports, .sockets, .zeroDowntime,
            .automaticRestart, .minUptime, .maxRestarts, .restartDelay, .longestDelay, .stopExitCodes,
            .maxMemory,
            .killTimeout, .listenTimeout, .drainTimeout, .maxSurge, .drain, .drainGrace, .umask, .nice,
            .waitReady, .watchdog, .nodePreload, .shutdownWithMessage, .instanceVariable, .incrementVariable,
            .inherited, .origin, .stuckTimeout, .stuckReplace, .strategy, .bake, .disableLogs, .logDateFormat,
            .time, .logType, .logRotate, .logBlock, .logTo:
            []
        }
    }

    /// Every way to write every attribute.
    static let byName: [String: AppAttribute] = {
        var table: [String: AppAttribute] = [:]
        for attribute in allCases {
            for name in [attribute.rawValue] + attribute.aliases {
                table[name] = attribute
                table[camelCased(name)] = attribute
            }
        }
        return table
    }()

    /// What a misspelt key may have meant.
    static let offered =
        ["apps"]
        + allCases.filter { $0 != .inherited && $0 != .origin }.flatMap { [$0.rawValue] + $0.aliases }

    static func camelCased(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.dropFirst().reduce(String(words[0])) { $0 + $1.prefix(1).uppercased() + $1.dropFirst() }
    }
}

/// PM2's attributes that are understood and not yet obeyed: a file that has them is accepted, and its owner told.
enum UnsupportedAttribute {
    static let names: Set<String> = {
        let written = [
            "append_env_to_name", "automation",
            "deep_monitoring", "disable_source_map_support", "disable_trace", "event_loop_inspector",
            "execute_command",
            "filter_env", "force", "ignore_watch", "install_url", "io",
            "kill_retry_time", "name_prefix", "pid", "pid_file", "pmx",
            "post_update", "source_map_support", "trace", "treekill",
            "username", "v8", "vizion", "watch", "watch_delay", "watch_options", "windows_hide",
            "write",
        ]
        return Set(written + written.map(AppAttribute.camelCased))
    }()
}
