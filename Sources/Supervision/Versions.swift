// What an app runs, has run, and may have to run again.

/// Where a version was found when it was started, with symbolic links resolved as they were.
public struct Places: Equatable, Sendable {
    public var workingDirectory: String
    /// Nil: as it is written.
    public var script: String?

    public init(workingDirectory: String, script: String? = nil) {
        self.workingDirectory = workingDirectory
        self.script = script
    }
}

extension AppSpec {
    /// The same, whatever links are changed from now on.
    func found(at places: Places?) -> AppSpec {
        guard let places else { return self }
        var spec = self
        spec.workingDirectory = places.workingDirectory
        spec.script = places.script ?? script
        return spec
    }
}

extension App {
    struct Version: Equatable, Sendable {
        var generation: Generation
        var spec: AppSpec
        /// Nil: no link was in the way, or none has run yet.
        var places: Places?
    }

    /// The specification in force.
    var spec: AppSpec {
        get { spec(of: generation) }
        set { versions[position(of: generation)].spec = newValue }
    }

    var name: AppName { versions[0].spec.name }

    func spec(of generation: Generation) -> AppSpec {
        versions[position(of: generation)].spec
    }

    var places: Places? { versions[position(of: generation)].places }

    /// The one in force, as it was found.
    var resolvedSpec: AppSpec { spec.found(at: places) }

    /// A version that nobody remembers, from before a restart of the daemon, is taken for the one in force.
    private func position(of wanted: Generation) -> Int {
        versions.firstIndex { $0.generation == wanted }
            ?? versions.firstIndex { $0.generation == generation }
            ?? 0
    }

    mutating func add(_ spec: AppSpec) -> Generation {
        newest.number += 1
        versions.append(Version(generation: newest, spec: spec))
        return newest
    }

    /// One that was added by a former daemon.
    mutating func add(_ version: Version) {
        remember(version.generation)
        versions.append(version)
    }

    /// Makes a version the one that every slot runs from now on. The one before is kept, to be returned to.
    mutating func commit(_ target: Generation) {
        if target != generation { previous = Version(generation: generation, spec: resolvedSpec) }
        canary = nil
        let count = spec.instances
        generation = target
        spec.instances = count
        for k in slots.indices { slots[k].generation = target }
    }

    /// Generations up to this were in use before.
    mutating func remember(_ generation: Generation) {
        newest = max(newest, generation)
    }

    /// Where the first of a version was found. Links may have changed before the next one is started: then it is this
    /// place, not that one, to which a rollback returns.
    mutating func noteLocated(_ places: Places, _ generation: Generation, _ desk: inout Desk) {
        guard let k = versions.firstIndex(where: { $0.generation == generation }), versions[k].places == nil
        else { return }
        versions[k].places = places
        desk.save()
    }

    mutating func forgetVersions() {
        guard versions.count > 1, work == nil else { return }
        var used: Set<Generation> = [generation]
        if let canary { used.insert(canary.target) }
        for slot in slots {
            for instance in slot.instances { used.insert(instance.generation) }
        }
        versions.removeAll { !used.contains($0.generation) }
    }
}
