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
        /// What its instances listened on when they were replaced or stopped, sorted: all that can be expected of it when it comes
        /// back. Nil: not known.
        var listened: [ListenAddress]?
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

    private(set) var listened: [ListenAddress]? {
        get { versions[position(of: generation)].listened }
        set { versions[position(of: generation)].listened = newValue }
    }

    /// The one in force, as it was found.
    var resolvedSpec: AppSpec { spec.found(at: places) }

    /// A version that nobody remembers, from before a restart of the daemon, is taken for the one in force.
    private func position(of wanted: Generation) -> Int {
        versions.firstIndex { $0.generation == wanted }
            ?? versions.firstIndex { $0.generation == generation }
            ?? 0
    }

    mutating func add(_ spec: AppSpec, listened: [ListenAddress]?) -> Generation {
        newest.number += 1
        versions.append(Version(generation: newest, spec: spec, listened: listened))
        return newest
    }

    /// One that was added by a former daemon.
    mutating func add(_ version: Version) {
        remember(version.generation)
        versions.append(version)
    }

    /// Makes a version the one that every slot runs from now on. The one before is kept, to be returned to.
    mutating func commit(_ target: Generation) {
        if target != generation {
            previous = Version(generation: generation, spec: resolvedSpec, listened: listened)
        }
        canary = nil
        let count = spec.instances
        generation = target
        spec.instances = count
        // What it listens on now may be more than what it came back to.
        listened = nil
        for k in slots.indices { slots[k].generation = target }
    }

    /// Remembers what the version of an instance listens on, now that it goes for good.
    mutating func learn(from leaving: Instance, _ desk: inout Desk) {
        guard let k = versions.firstIndex(where: { $0.generation == leaving.generation }),
            leaving.readySince != nil
        else { return }
        // One that has listened nowhere may only be slow.
        let hadTime = leaving.since + versions[k].spec.startTimeout <= desk.now
        guard hadTime || !leaving.listening.isEmpty else { return }
        let all = Set((versions[k].listened ?? []) + leaving.listening).sorted()
        versions[k].listened = Array(all.prefix(Limits.listenersPerVersion))
        desk.save()
    }

    /// What of this an instance of a version can be expected to listen on, in the place of another version's: not on
    /// what was added later.
    func expectable(_ owed: [ListenAddress], of version: Generation) -> [ListenAddress] {
        guard let known = versions[position(of: version)].listened else { return owed }
        return owed.filter(known.contains)
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

    mutating func forgetVersions(_ desk: inout Desk) {
        guard versions.count > 1, work == nil else { return }
        var used: Set<Generation> = [generation]
        if let canary { used.insert(canary.target) }
        for slot in slots {
            for instance in slot.instances { used.insert(instance.generation) }
        }
        let before = versions.count
        versions.removeAll { !used.contains($0.generation) }
        if versions.count < before { desk.save() }
    }
}
