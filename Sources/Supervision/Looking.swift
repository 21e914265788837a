// What the shell asks the core without changing anything.
extension Supervisor {
    /// The callers' environments that something running, wanted or queued still needs.
    public var environments: Set<EnvironmentID> {
        var needed: Set<EnvironmentID> = []
        for app in apps.values {
            needed.formUnion(app.versions.compactMap(\.spec.inherited))
            for case .become(let spec) in app.queue.map(\.kind) {
                if let environment = spec.inherited { needed.insert(environment) }
            }
        }
        return needed
    }

    /// How the chosen apps stand.
    public func snapshot(of selector: Selector) throws(Refusal) -> Snapshot {
        let chosen = Set(try select(selector).apps)
        var snapshot = snapshot
        snapshot.apps.removeAll { !chosen.contains($0.spec.name) }
        return snapshot
    }
}
