// What the shell asks the core without changing anything.
extension Supervisor {
    /// The callers' environments that something running, wanted or queued still needs.
    public var environments: Set<EnvironmentID> {
        var needed: Set<EnvironmentID> = []
        for app in apps.values {
            needed.formUnion(app.versions.compactMap(\.spec.inherited))
            needed.formUnion(app.queue.compactMap(\.kind.spec?.inherited))
            if let environment = app.previous?.spec.inherited { needed.insert(environment) }
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

    /// Whether an instance is not ready because it has not said so.
    public func awaitsWord(of id: InstanceID) -> Bool {
        guard let home = desk.homes[id], let app = apps[home.app], app.slots.indices.contains(home.slot),
            let place = app.slots[home.slot].place(of: id)
        else { return false }
        let instance = app.slots[home.slot][place]
        return app.spec(of: instance.generation).waitReady && !instance.hasSaidReady
    }
}
