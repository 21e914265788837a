public import Supervision

/// Everything about the apps a selector means, for `describe`.
public struct Description: Sendable {
    /// What the core does not know about a slot: where its output goes.
    public struct LogPaths: Equatable, Sendable {
        public var output: String
        public var errors: String

        public init(output: String, errors: String) {
            self.output = output
            self.errors = errors
        }
    }

    private let app: AppSnapshot
    private let logs: [SlotID: LogPaths]
    private let now: Instant
    private let palette: Palette

    /// The lines about one app, or about one slot of it.
    public static func lines(
        _ app: AppSnapshot, slot: SlotID? = nil, logs: [SlotID: LogPaths] = [:], at now: Instant,
        palette: Palette = .plain
    ) -> [String] {
        let description = Description(app: app, logs: logs, now: now, palette: palette)
        let slots = app.slots.filter { slot == nil || $0.id == slot }
        return description.header() + slots.flatMap(description.block)
    }

    private func header() -> [String] {
        let spec = app.spec
        var pairs: [(String, String)] = [
            ("namespace", spec.name.namespace),
            ("command", command(spec)),
            ("directory", spec.workingDirectory),
            ("mode", spec.mode.rawValue),
            ("instances", "\(app.slots.count { $0.status == .online }) of \(spec.instances) online"),
            ("generation", "\(app.generation.number)"),
            ("interpreter", interpreter(spec)),
            ("stop", "\(spec.stopSignal), then SIGKILL after \(Quantities.duration(spec.killTimeout))"),
            ("drain", drain(spec)),
            ("listen timeout", Quantities.duration(spec.listenTimeout)),
            ("reload", strategy(spec)),
            ("restarts", restartPolicy(spec.restart)),
        ]
        if let limit = spec.restart.maxMemory {
            pairs.append(("memory", "replaced beyond \(Quantities.memory(limit)) (max_memory_restart)"))
        }
        if let schedule = spec.restart.schedule {
            pairs.append(("reloads at", "\(schedule.text) (cron_restart)"))
        }
        if let canary = app.canary {
            let target = "generation \(canary.generation.number)"
            pairs.append(("canary", "\(canary.percent) % of new connections go to \(target)"))
        }
        if let previous = app.previous { pairs.append(("before", "generation \(previous.number)")) }
        if let origin = spec.origin { pairs.append(("file", origin)) }
        if let user = spec.user { pairs.append(("user", user)) }
        if let operation = app.operation { pairs.append(("now", phrase(operation))) }
        var lines = [palette.paint(Wording.name(spec.name), .bold)] + aligned(pairs, indent: "  ")
        if let failure = app.lastFailure {
            lines.append(
                "  last reload failed: \(Wording.instance(failure.app, failure.slot)) "
                    + Wording.sentence(failure.death))
            lines += Wording.lastWords(failure.death)
        }
        return lines
    }

    private func block(_ slot: SlotSnapshot) -> [String] {
        let current = slot.current
        let title = "\(Wording.instance(app.spec.name, slot.index)) (id \(slot.id.number))"
        let status = palette.paint(slot.status.rawValue, Listing.style(of: slot.status))
        var pairs: [(String, String)] = [("why", Reason.of(slot, in: app, at: now))]
        if let current {
            pairs += [
                ("pid", current.process.map { "\($0.number)" } ?? "-"),
                ("uptime", Quantities.duration(now - current.since)),
                ("generation", "\(current.generation.number)"),
                ("listens on", listeners(current)),
            ]
            pairs += PortsWording.pairs(current.ports)
            if let status = current.status { pairs.append(("says", status)) }
            if let health = current.health { pairs.append(("health", phrase(health))) }
            if current.droppedLogBytes > 0 {
                pairs.append(
                    (
                        "not logged",
                        "\(Quantities.memory(UInt64(current.droppedLogBytes))) that no log had room for"
                    ))
            }
            if let usage = current.usage {
                let processor = Quantities.processor(tenths: usage.processorTenths)
                pairs.append(("uses", "\(processor) cpu, \(Quantities.memory(usage.memory))"))
            }
        }
        pairs.append(("restarts", "\(slot.restarts) (\(slot.unstableRestarts) unstable in a row)"))
        for other in slot.others {
            let process = other.process.map { ", pid \($0.number)" } ?? ""
            let phase = Reason.phase(of: other, at: now)
            let lack = Reason.lack(of: other).map { ", \($0)" } ?? ""
            pairs.append(("beside it", "generation \(other.generation.number)\(process), \(phase)\(lack)"))
        }
        if let paths = logs[slot.id] {
            pairs += [("out log", paths.output), ("error log", paths.errors)]
        }
        return ["", "\(title): \(status)"] + aligned(pairs, indent: "  ") + lastDeath(slot)
            + lastKilling(slot)
    }

    private func lastDeath(_ slot: SlotSnapshot) -> [String] {
        guard let death = slot.deaths.last else { return [] }
        let ago = Quantities.duration(now - death.at)
        let head = "  last end: generation \(death.generation.number) \(Wording.sentence(death)), \(ago) ago"
        return [head] + Wording.lastWords(death)
    }

    private func lastKilling(_ slot: SlotSnapshot) -> [String] {
        guard let killing = slot.killings.last else { return [] }
        let lines = KillingWording.lines(killing, "generation \(killing.generation.number)")
        let ago = Quantities.duration(now - killing.at)
        return ["  last stop that had to kill, \(ago) ago:"] + lines.map { "    " + $0 }
    }

    // MARK: - Values

    private func command(_ spec: AppSpec) -> String {
        ([spec.script] + spec.arguments).map(ShellWords.quoted).joined(separator: " ")
    }

    private func interpreter(_ spec: AppSpec) -> String {
        let arguments = spec.interpreterArguments.map { " " + ShellWords.quoted($0) }.joined()
        switch spec.interpreter {
        case .automatic: return "chosen by extension or shebang\(arguments)"
        case .none: return "none"
        case .program(let program): return program + arguments
        }
    }

    private func drain(_ spec: AppSpec) -> String {
        let limit = Quantities.duration(spec.drainTimeout)
        switch spec.drain {
        case .connections:
            return "up to \(limit), idle connections are closed after \(Quantities.duration(spec.drainGrace))"
        case .wait: return "up to \(limit), until every connection has ended"
        case .off: return "left to the program"
        }
    }

    private func strategy(_ spec: AppSpec) -> String {
        let bake = "new ones are watched for \(Quantities.duration(spec.bake ?? spec.restart.minUptime))"
        switch spec.strategy {
        case .rolling: return "rolling, \(spec.maxSurge) at a time, \(bake)"
        case .blueGreen: return "blue-green, \(bake)"
        }
    }

    private func restartPolicy(_ policy: RestartPolicy) -> String {
        guard policy.automatic else { return "never" }
        let delay =
            policy.fixedDelay.map { "after \(Quantities.duration($0))" }
            ?? "at once, then after \(Quantities.duration(policy.firstDelay)) "
            + "doubling to \(Quantities.duration(policy.longestDelay))"
        let limit = policy.maxRestarts.map { ", at most \($0) unstable in a row" } ?? ""
        return delay + limit
    }

    private func listeners(_ instance: InstanceSnapshot) -> String {
        guard !instance.listening.isEmpty else { return "-" }
        let addresses = instance.listening.sorted().map(\.description).joined(separator: ", ")
        return instance.inRotation ? addresses : "\(addresses) (out of rotation)"
    }

    private func phrase(_ health: HealthSnapshot) -> String {
        guard let reason = health.reason else { return health.state.rawValue }
        return
            "\(health.state.rawValue), failed \(Quantities.count(health.failures, "time")) in a row: \(reason)"
    }

    private func phrase(_ operation: AppSnapshot.Operation) -> String {
        operation == .rollingBack ? "rolling back" : operation.rawValue
    }

    private func aligned(_ pairs: [(String, String)], indent: String) -> [String] {
        let pairs = pairs.filter { !$0.1.isEmpty }
        let width = pairs.reduce(0) { max($0, Text.width($1.0)) }
        return pairs.map { key, value in
            indent + palette.paint(Text.fitted(key + ":", to: width + 2), .dim) + Text.sanitised(value)
        }
    }
}
