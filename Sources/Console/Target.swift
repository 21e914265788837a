public import Supervision

/// What an operand of `start`, `restart` or `reload` looks like.
public enum Target: Equatable, Sendable {
    case ecosystemFile(String)
    /// In a format that is not read yet.
    case unsupportedFile(String)
    /// An app's name, a program, or a shell command: only the world can tell.
    case other(String)

    public init(_ text: String) {
        if text.hasSuffix(".json") {
            self = .ecosystemFile(text)
        } else if Target.unsupported.contains(where: text.hasSuffix) {
            self = .unsupportedFile(text)
        } else {
            self = .other(text)
        }
    }

    private static let unsupported = [
        ".config.js", ".config.cjs", ".config.mjs", ".config.ts", ".yml", ".yaml", ".json5",
    ]
}

extension StartOptions {
    /// The app this command line describes.
    ///
    /// `directory` is where the caller stands, as the caller's shell names it: a release switched by a symbolic
    /// link must be found anew at each start.
    public func spec(script: String, directory: String, processors: Int) -> AppSpec {
        let appName = AppName(
            name ?? AppName.derived(fromScript: script), in: namespace ?? AppName.defaultNamespace)
        var spec = AppSpec(
            name: appName, script: script,
            workingDirectory: workingDirectory.map { Path.absolute($0, from: directory) } ?? directory)
        spec.arguments = arguments
        if let interpreter { spec.interpreter = interpreter == "none" ? .none : .program(interpreter) }
        spec.interpreterArguments = interpreterArguments ?? []
        if let instances {
            spec.instances = instances.resolved(processors: processors)
            spec.mode = .cluster
        }
        spec.zeroDowntime = zeroDowntime
        spec.user = user
        spec.group = group
        if let stopSignal { spec.stopSignal = stopSignal }
        if let killTimeout { spec.killTimeout = killTimeout }
        if let listenTimeout { spec.listenTimeout = listenTimeout }
        if let drain { spec.drain = drain }
        if let drainGrace { spec.drainGrace = drainGrace }
        if let drainTimeout { spec.drainTimeout = drainTimeout }
        spec.restart = restartPolicy
        return spec
    }

    private var restartPolicy: RestartPolicy {
        var policy = RestartPolicy()
        if let automaticRestart { policy.automatic = automaticRestart }
        if let minUptime { policy.minUptime = minUptime }
        if let firstBackoff { policy.firstDelay = firstBackoff }
        if let stopExitCodes { policy.stopExitCodes = stopExitCodes }
        policy.maxRestarts = maxRestarts
        policy.maxMemory = maxMemory
        policy.schedule = schedule
        policy.fixedDelay = restartDelay
        return policy
    }
}

/// Paths as text: nothing is looked up.
public enum Path {
    /// Relative paths begin at `directory`; `.` and `..` are resolved as `cd` does it.
    public static func absolute(_ path: String, from directory: String) -> String {
        let whole = path.hasPrefix("/") ? path : "\(directory)/\(path)"
        var parts: [Substring] = []
        for part in whole.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }
}
