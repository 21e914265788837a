public import Supervision

/// Every sentence users read: what happened; then, if there is one, the command to type next.
public enum Wording {
    // MARK: - How instances end

    /// In a column: "exit 1", "SIGSEGV", "not ready in 8 s".
    static func brief(_ death: Death) -> String {
        death.killer == .outOfMemory ? "out of memory" : brief(death.cause)
    }

    private static func brief(_ cause: Death.Cause) -> String {
        switch cause {
        case .exited(.code(let code)): "exit \(code)"
        case .exited(.signal(let signal)): "\(signal)"
        case .exited(.unknown): "ended"
        case .notStarted(let reason): Text.sanitised(reason)
        case .neverReady(let after, _): "not ready in \(Quantities.duration(after))"
        case .neverSaidReady(let after): "did not say ready in \(Quantities.duration(after))"
        case .unhealthy(let reason, _): "health check: \(Text.sanitised(reason))"
        case .silent(let after): "watchdog: silent for \(Quantities.duration(after))"
        case .stuck: "stuck"
        case .faltered: "stopped serving"
        case .exceeded(let excess): "over \(Quantities.memory(excess.limit))"
        }
    }

    /// As the end of a sentence that begins with the instance.
    static func sentence(_ death: Death) -> String {
        switch death.cause {
        case .exited(.code(let code)): "exited with code \(code) after \(Quantities.duration(death.uptime))"
        case .exited(.signal(let signal)):
            death.killer.map { killed(by: $0, after: death.uptime) }
                ?? "was ended by \(signal) after \(Quantities.duration(death.uptime))"
        case .exited(.unknown):
            "ended after \(Quantities.duration(death.uptime)), nobody saw how"
        case .notStarted(let reason): "could not be started: \(Text.sanitised(reason))"
        case .neverReady(let after, let missing):
            missing.isEmpty
                ? "was not ready within \(Quantities.duration(after)) (listen_timeout)"
                : "did not listen on \(list(missing)) within \(Quantities.duration(after)) (listen_timeout)"
        case .neverSaidReady(let after):
            "did not say that it was ready within \(Quantities.duration(after)) (wait_ready, listen_timeout)"
        case .unhealthy(let reason, let failures):
            failures > 1
                ? "failed its health check \(failures) times in a row: \(Text.sanitised(reason))"
                : "failed its health check: \(Text.sanitised(reason))"
        case .silent(let after):
            "said nothing to its watchdog for \(Quantities.duration(after)) and was ended"
        case .stuck(let after):
            "was killed after \(Quantities.duration(death.uptime)), because it was stuck: it had accepted no "
                + "connection for \(Quantities.duration(after)) (stuck_replace)"
        case .faltered(let missing):
            missing.isEmpty
                ? "did its work no more after \(Quantities.duration(death.uptime))"
                : "stopped listening on \(list(missing)) after \(Quantities.duration(death.uptime))"
        case .exceeded(let excess): "\(excess), after \(Quantities.duration(death.uptime))"
        }
    }

    private static func killed(by killer: Killer, after uptime: Duration) -> String {
        let end = "was killed (SIGKILL) after \(Quantities.duration(uptime))"
        switch killer {
        case .outOfMemory: return "\(end) by the kernel, because memory ran out"
        case .somebody: return "\(end), neither by swpm nor by the kernel for lack of memory: somebody did"
        case .unknown: return "\(end), not by swpm: by the kernel for lack of memory, or by somebody"
        }
    }

    static func list(_ addresses: [ListenAddress]) -> String {
        addresses.sorted().map(\.description).joined(separator: " and ")
    }

    /// The last lines of stderr, indented.
    static func lastWords(_ death: Death, indent: String = "    ") -> [String] {
        death.lastWords.suffix(Death.lastWordsLimit).map { indent + Text.sanitised($0) }
    }

    /// How an instance ended, with all that explains it.
    static func account(of death: Death, _ who: String) -> [String] {
        var lines = ["\(who) \(sentence(death))"]
        if let remark = death.remark { lines.append("  \(Text.sanitised(remark))") }
        let words = lastWords(death)
        if !words.isEmpty { lines += ["  its last lines on stderr:"] + words }
        return lines
    }

    // MARK: - Operations

    static func instance(_ app: AppName, _ slot: SlotIndex) -> String {
        "\(name(app)) \(slot.number)"
    }

    static func name(_ app: AppName) -> String { Text.sanitised(app.description) }

    /// One step, while it happens.
    public static func progress(_ progress: Progress) -> String {
        let who = instance(progress.app, progress.slot)
        switch progress.step {
        case .queued: return "\(name(progress.app)): waits for the operation before it"
        case .launching: return "\(who): starting (generation \(progress.generation.number))"
        case .started(let process): return "\(who): runs as process \(process.number)"
        case .ready(let addresses):
            return addresses.isEmpty
                ? "\(who): ready" : "\(who): ready, listening on \(Quantities.addresses(addresses))"
        case .draining: return "\(who): the old one finishes its requests"
        case .stopping: return "\(who): stopping"
        case .stopped: return "\(who): stopped"
        case .died(let death): return "\(who): \(sentence(death))"
        case .rollingBack: return "\(who): going back to the previous version"
        case .switched:
            return "\(name(progress.app)): new connections go to generation \(progress.generation.number) now"
        }
    }

    static func outcome(_ outcome: Outcome) -> [String] {
        change(outcome) + toll(outcome)
    }

    private static func change(_ outcome: Outcome) -> [String] {
        let app = name(outcome.app)
        let count = Quantities.count(outcome.instances, "instance")
        switch outcome.change {
        case .started: return ["\(app): started, \(count)"]
        case .stopped: return ["\(app): stopped"]
        case .restarted: return ["\(app): restarted, \(count)"]
        case .reloaded: return ["\(app): reloaded, \(count)"]
        case .scaled: return ["\(app): scaled to \(count)"]
        case .deleted: return ["\(app): deleted"]
        case .unchanged: return ["\(app): nothing to do, \(count)"]
        case .revised:
            return ["\(app): what no process notices (logs, limits, times) is as it says now, \(count)"]
        case .orphaned:
            return [
                "\(app): no longer in its file, left running",
                hint("swpm delete \(typed(app))", "to remove it"),
            ]
        case .canary, .promoted, .reverted: return decision(outcome)
        case .superseded: return ["\(app): a later request took over"]
        case .failed: return ["\(app): failed, \(count)"]
        }
    }

    // MARK: - What went wrong

    static func refusal(_ refusal: Refusal) -> [String] {
        switch refusal {
        case .noSuchApp(let name):
            ["there is no app, namespace or id \(Text.quoted(name))", hint("swpm list", "what there is")]
        case .tooMany(let what, let limit): ["too many \(Text.sanitised(what)): the limit is \(limit)"]
        case .invalid(let reason): [Text.sanitised(reason)]
        case .shuttingDown: ["the daemon is stopping everything"]
        case .noCanary, .nothingBefore, .sameBefore: nothingToDecide(refusal)
        }
    }

    /// Why an operation failed, with what the program said last.
    static func failure(_ failure: Failure, isReload: Bool) -> [String] {
        var lines = account(of: failure.death, instance(failure.app, failure.slot))
        let app = typed(name(failure.app))
        if isReload {
            lines.append("\(name(failure.app)) serves on with what had proved itself")
            if case .neverReady(_, let missing) = failure.death.cause, !missing.isEmpty {
                lines.append(hint("swpm restart \(app)", "if the new address is meant"))
                return lines
            }
        }
        // What was not started has written nothing.
        if case .notStarted = failure.death.cause { return lines }
        lines += [hint("swpm why \(app)", "what went before"), hint("swpm logs \(app)", "to see more")]
        return lines
    }

    // MARK: - The daemon

    /// `knowsApps`: something was started here before, and is kept. `left`: how many programs of that run on.
    public static func notRunning(knowsApps: Bool, left: Int = 0) -> [String] {
        guard left == 0 else {
            return [
                "swpm is not running; \(Quantities.count(left, "program")) that it started \(left == 1 ? "runs" : "run") on",
                hint("swpm resurrect", "to have \(left == 1 ? "it" : "them") looked after again"),
            ]
        }
        return knowsApps
            ? ["swpm is not running", hint("swpm start all", "to start again what it knows")]
            : ["swpm is not running: nothing has been started", hint("swpm start <program>", "to begin")]
    }

    public static func unreachable(_ reason: String) -> [String] {
        ["the daemon does not answer: \(Text.sanitised(reason))"]
    }

    /// `daemon` is the process that does not answer, where it can be told.
    public static func noAnswer(within limit: Duration, daemon: Int32?, log: String) -> [String] {
        let replace = daemon.map { hint("kill -9 \($0)", "to have it replaced, while your apps run on") }
        return unreachable("nothing came within \(Quantities.duration(limit))")
            + [hint("tail \(typed(log))", "what it said last")] + (replace.map { [$0] } ?? [])
    }

    public static func connectionLost() -> [String] {
        [
            "the daemon went away before it answered; what was begun may still happen",
            hint("swpm list", "how things stand"),
        ]
    }

    /// On the way, when the daemon died under an operation.
    public static let askedAgain = "the daemon died; the next one goes on with it"

    public static func daemonGone() -> [String] {
        ["the daemon has gone", hint("swpm list", "how things stand")]
    }

    public static func foreignHome(_ path: String) -> [String] {
        [
            "\(Text.sanitised(path)) belongs to another user",
            hint("SWPM_HOME=<directory> swpm ...", "to use your own"),
        ]
    }

    public static func homeNotDirectory(_ path: String) -> [String] {
        ["\(Text.sanitised(path)) is not a directory"]
    }

    public static func stillThere(_ patience: Duration) -> [String] {
        ["everything is stopped, but the daemon is still there after \(Quantities.duration(patience))"]
    }

    public static func launchFailed(_ reason: String) -> [String] {
        ["the daemon could not be started: \(Text.sanitised(reason))"]
    }

    public static let flushed = "the logs are empty"
    public static let logsReloaded = "all log files are opened anew"
    public static let pong = "the daemon answers"
    public static let killed = "everything is stopped, and so is the daemon"
    public static let wasNotRunning = "swpm is not running"
    public static let stillBusy = "the last one is still going on"
    public static let internalCommand = ["this command is for swpm itself"]
    public static let interrupted = "left: the operation goes on in the daemon"
    public static let needsTerminal = "monit needs a terminal"
    public static let noLogs = "there are no logs yet"

    public static func programNotFound(_ script: String) -> [String] {
        ["there is no program, file or app \(Text.quoted(script))"]
    }

    /// Names only: values may be secrets.
    public static func notKept(_ variables: [String], shown limit: Int = 3) -> [String] {
        guard !variables.isEmpty else { return [] }
        let more = variables.count - limit
        let names = variables.prefix(limit).map { Text.sanitised($0) }.joined(separator: ", ")
        return ["not kept across a boot: \(names)\(more > 0 ? " and \(more) more" : "") (put them in env)"]
    }

    public static func alreadyKnown(_ name: String) -> [String] {
        [
            "\(Text.quoted(name)) is in the list already, and these options are for a program that is not",
            hint("swpm scale \(ShellWords.quoted(name)) <N>", "to change how many run"),
            hint("swpm delete \(ShellWords.quoted(name))", "to start it anew"),
        ]
    }

    public static func unsupportedFile(_ path: String) -> [String] {
        let problem = "\(Text.sanitised(path)): only JSON ecosystem files are read"
        guard path.hasSuffix(".js") || path.hasSuffix(".cjs") else { return [problem] }
        let file = typed(path.hasPrefix("/") ? path : "./\(path)")
        let convert = "node -p 'JSON.stringify(require(process.argv[1]))' \(file) > ecosystem.json"
        return [problem, hint(convert, "to make one of it")]
    }

    public static func optionNeedsFile(_ option: String) -> [String] {
        ["\(option) needs an ecosystem file"]
    }

    public static func usage(_ error: UsageError) -> [String] { [error.message, "  " + error.hint] }

    // MARK: - Hints

    /// The command to type, on a line of its own.
    static func hint(_ command: String, _ purpose: String) -> String { "  \(purpose): \(command)" }

    static func typed(_ name: String) -> String { ShellWords.quoted(name) }
}
