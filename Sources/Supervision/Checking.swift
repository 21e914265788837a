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
            restart.fixedDelay ?? .zero,
        ]
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
