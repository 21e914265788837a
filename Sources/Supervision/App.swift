/// One application: its slots, and the one operation that is being done to it.
struct App: Sendable {
    /// What every slot runs when no reload is on its way.
    private(set) var generation: Generation
    /// The specifications that something here still runs or may have to run again, oldest first.
    private(set) var versions: [Version]
    /// The highest generation ever given out.
    private var newest: Generation
    var slots: [Slot] = []
    var work: Work?
    var queue: [Operation] = []
    var lastFailure: Failure?
    /// The last `.steer`; nil: unknown, because a former daemon gave it.
    var steered: [InstanceID]?
    /// It was deleted and nothing of it is left.
    var isGone = false

    struct Version: Sendable {
        var generation: Generation
        var spec: AppSpec
    }

    init(_ spec: AppSpec, generation: Generation = Generation(1), steered: [InstanceID]? = []) {
        self.generation = generation
        self.newest = generation
        self.versions = [Version(generation: generation, spec: spec)]
        self.steered = steered
    }
}

// MARK: - Versions

extension App {
    /// The specification in force.
    var spec: AppSpec {
        get { spec(of: generation) }
        set { versions[position(of: generation)].spec = newValue }
    }

    var name: AppName { versions[0].spec.name }

    func spec(of generation: Generation) -> AppSpec {
        versions[position(of: generation)].spec
    }

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

    /// Makes a version the one that every slot runs from now on.
    mutating func commit(_ target: Generation) {
        let count = spec.instances
        generation = target
        spec.instances = count
        for k in slots.indices { slots[k].generation = target }
    }

    /// Generations up to this were in use before.
    mutating func remember(_ generation: Generation) {
        newest = max(newest, generation)
    }

    private mutating func forgetVersions() {
        guard versions.count > 1, work == nil else { return }
        var used: Set<Generation> = [generation]
        for slot in slots {
            for instance in slot.instances { used.insert(instance.generation) }
        }
        versions.removeAll { !used.contains($0.generation) }
    }
}

// MARK: - The stages of an event

extension App {
    /// Brings what is, one step nearer to what is wanted: ends what should not be, steers, spawns what should.
    mutating func tend(_ desk: inout Desk) {
        var orders: [Effect] = []
        for k in slots.indices where !isAtEase(k) {
            for place in slots[k].places where shouldRetire(place, of: k) {
                orders += retire(place, of: k, &desk)
            }
        }
        steer(&desk)
        desk.order(orders)
        for k in slots.indices where isDue(k, at: desk.now) { raise(k, &desk) }
        forgetVersions()
    }

    /// Removes slots beyond the wanted number once they are empty, highest first.
    mutating func clearAway(_ desk: inout Desk) {
        while slots.count > spec.instances, let last = slots.last, last.isEmpty {
            slots[slots.count - 1].forgo(&desk)
            desk.returnSlotID(last.id)
            desk.save()
            slots.removeLast()
        }
    }

    /// Says who gets new connections, if that is not who got them before.
    mutating func steer(_ desk: inout Desk) {
        let rotation = rotation
        guard rotation != steered else { return }
        steered = rotation
        desk.order(.steer(name, rotation))
    }

    /// Those that may be given work: ready, and wanted.
    var rotation: [InstanceID] {
        slots.compactMap { slot in slot.current.flatMap { $0.phase == .online ? $0.id : nil } }
    }

    func isWanted(_ k: Int) -> Bool { slots[k].wanted && k < spec.instances }

    /// Most slots, most of the time: one instance, and wanted.
    private func isAtEase(_ k: Int) -> Bool {
        isWanted(k) && slots[k].leaving.isEmpty && slots[k].current?.fate != .unwanted
    }

    private func shouldRetire(_ place: Slot.Place, of k: Int) -> Bool {
        let instance = slots[k][place]
        guard instance.isStoppable else { return false }
        if case .leaving = place { return true }
        return instance.fate == .unwanted || !isWanted(k)
    }

    private func isDue(_ k: Int, at now: Instant) -> Bool {
        guard isWanted(k), slots[k].current == nil, slots[k].candidate == nil else { return false }
        switch slots[k].rest {
        case .idle: return true
        case .waiting(let until): return until <= now
        case .finished, .failed: return false
        }
    }

    /// When it must be looked at again although nothing happened.
    func deadline(after now: Instant) -> Instant? {
        let own = slots.reduce(into: nil as Instant?) { $0 = Instant.earlier($0, $1.deadline) }
        return Instant.earlier(own, bakedNext(after: now))
    }
}

extension Instant {
    static func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
        guard let left else { return right }
        guard let right else { return left }
        return min(left, right)
    }
}
