// Specifications are checked before anything is begun.

extension Supervisor {
    func check(_ specs: [AppSpec]) throws(Refusal) {
        var names: Set<AppName> = []
        for spec in specs {
            if let fault = spec.fault { throw .invalid(fault) }
            guard names.insert(spec.name).inserted else {
                throw .invalid("\(spec.name) is there twice: every app needs a name of its own")
            }
            guard spec.instances <= Limits.instancesPerApp else {
                throw .tooMany(what: "instances of \(spec.name)", limit: Limits.instancesPerApp)
            }
        }
        let others = apps.values.filter { !names.contains($0.name) }
        guard others.count + specs.count <= Limits.apps else {
            throw .tooMany(what: "apps", limit: Limits.apps)
        }
        let total = others.reduce(0) { $0 + $1.spec.instances } + specs.reduce(0) { $0 + $1.instances }
        guard total <= Limits.instances else { throw .tooMany(what: "instances", limit: Limits.instances) }
    }
}

extension AppSpec {
    /// What is wrong with it; nil: nothing.
    var fault: String? {
        if let fault = name.fault { return fault }
        if script.isEmpty { return "\(name) has no script to run" }
        if instances < 0 { return "\(name) cannot have \(instances) instances" }
        if maxSurge < 1 { return "\(name) needs a max_surge of at least 1 to be reloaded" }
        if let nice, !(-20...19).contains(nice) {
            return "\(name) has a nice value of \(nice), not one of -20 to 19"
        }
        let durations = [
            killTimeout, listenTimeout, drainTimeout, drainGrace, restart.minUptime, restart.firstDelay,
            restart.longestDelay,
            restart.fixedDelay ?? .zero, health?.interval ?? .zero, health?.timeout ?? .zero,
            health?.startPeriod ?? .zero, watchdog ?? .zero, stuckTimeout, stuckReplace ?? .zero,
            bake ?? .zero,
        ]
        if let fault = healthFault { return "\(name) \(fault)" }
        if durations.contains(where: { $0 < .zero }) { return "\(name) has a negative duration" }
        if durations.contains(where: { $0 > Limits.duration }) {
            return "\(name) has a duration of more than a month"
        }
        if let limit = restart.maxRestarts, limit < 0 {
            return "\(name) cannot have \(limit) as max_restarts"
        }
        return nil
    }
}

extension AppSpec {
    private var healthFault: String? {
        if let watchdog, watchdog < Limits.shortestInterval {
            return "has a watchdog of less than \(Limits.shortestInterval.milliseconds) ms"
        }
        guard let health else { return nil }
        if min(health.interval, health.timeout) < Limits.shortestInterval {
            return "has a health interval or timeout of less than \(Limits.shortestInterval.milliseconds) ms"
        }
        if !(1...Limits.healthRetries).contains(health.retries) {
            return "needs 1 to \(Limits.healthRetries) health retries"
        }
        switch health.probe {
        case .http(let http): return http.fault
        case .tcp: return nil
        case .command(let words): return words.first?.isEmpty ?? true ? "has an empty health command" : nil
        }
    }
}

extension HTTPProbe {
    /// Nothing in it may end a line of the request.
    fileprivate var fault: String? {
        if !path.hasPrefix("/") { return "needs a health path that begins with \"/\"" }
        let texts = [path] + headers.keys + headers.values
        if texts.contains(where: { $0.utf8.contains { $0 < 0x20 || $0 == 0x7F } }) || path.contains(" ") {
            return "has a health path or header with a character that no HTTP request may have"
        }
        if headers.keys.contains(where: { $0.isEmpty || $0.contains(":") || $0.contains(" ") }) {
            return "has a health header without a proper name"
        }
        if texts.reduce(0, { $0 + $1.utf8.count }) > Limits.healthRequestBytes {
            return "has a health request of more than \(Limits.healthRequestBytes) bytes"
        }
        if statuses.contains(where: { !(100...599).contains($0) }) {
            return "expects a health status that is none of 100 to 599"
        }
        return nil
    }
}
