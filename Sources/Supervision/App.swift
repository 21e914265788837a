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
    /// By slot.
    var replacements: [Int: Replacement] = [:]
    /// Oldest first.
    var failures: [FailedOperation] = []
    /// Those that accept no connections.
    var stuck: Set<InstanceID> = []
    var hasStuckChanged = false
    /// The last `.steer`; nil: unknown, because a former daemon gave it.
    var steered: [Share]?
    private var glances: [Glance] = []
    private var stirred = Stirred.all
    /// It was deleted and nothing of it is left.
    var isGone = false

    struct Version: Sendable {
        var generation: Generation
        var spec: AppSpec
    }

    init(_ spec: AppSpec, generation: Generation = Generation(1), steered: [Share]? = []) {
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
        relieveStuck(&desk)
        let touched = settleGlances()
        var orders: [Effect] = []
        for k in touched {
            for place in slots[k].places where shouldRetire(place, of: k) {
                orders += retire(place, of: k, &desk)
            }
        }
        steer(touched, &desk)
        desk.order(orders)
        for k in touched {
            if isDue(k, at: desk.now) { raise(k, &desk) }
            glances[k].deadline = slots[k].deadline
        }
        forgetVersions()
    }

    /// Removes slots beyond the wanted number once they are empty, highest first.
    mutating func clearAway(_ desk: inout Desk) {
        while slots.count > spec.instances, let last = slots.last, last.isEmpty {
            slots[slots.count - 1].forgo(&desk)
            desk.returnSlotID(last.id)
            desk.save()
            slots.removeLast()
            stirAll()
        }
    }

    /// Says who gets new connections, if that is not who got them before: whoever is ready, and wanted.
    mutating func steer(_ touched: [Int], _ desk: inout Desk) {
        var hasChanged = false
        for k in touched where glances[k].online != slots[k].online || glances[k].fit != slots[k].fit {
            glances[k].online = slots[k].online
            glances[k].fit = slots[k].fit
            hasChanged = true
        }
        guard hasChanged || hasStuckChanged || steered == nil else { return }
        hasStuckChanged = false
        // Where nobody is fit, whoever is there is better than nobody.
        let fit = glances.compactMap(\.fit)
        let rotation = sparing([Share].even(fit.isEmpty ? glances.compactMap(\.online) : fit))
        guard rotation != steered else { return }
        steered = rotation
        desk.order(.steer(name, rotation))
    }

    /// New connections go to it; nil: nobody knows, because a former daemon said where they go.
    func isInRotation(_ id: InstanceID) -> Bool? {
        steered.map { $0.contains { $0.instance == id } }
    }

    func isWanted(_ k: Int) -> Bool { slots[k].wanted && k < spec.instances }

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
        let own = glances.reduce(into: nil as Instant?) { $0 = Instant.earlier($0, $1.deadline) }
        return Instant.earlier(Instant.earlier(own, nextReplacement), bakedNext(after: now))
    }
}

// MARK: - Only what something happened to

extension App {
    /// What every event needs to know of every slot, kept beside them: slots are large, and an app may have many.
    struct Glance: Sendable {
        var deadline: Instant?
        var online: InstanceID?
        var fit: InstanceID?
    }

    /// The slots that this event has changed.
    enum Stirred: Sendable {
        case some([Int])
        case all
    }

    mutating func stir(_ k: Int) {
        guard case .some(let before) = stirred, !before.contains(k) else { return }
        stirred = .some(before + [k])
    }

    mutating func stirAll() {
        stirred = .all
    }

    /// The slots to look at, in order; a glance for each that is new.
    private mutating func settleGlances() -> [Int] {
        defer { stirred = .some([]) }
        switch stirred {
        case .some(let some):
            return some.sorted()
        case .all:
            refreshGlances()
            return Array(slots.indices)
        }
    }

    /// Who is online is left as it was, so that `steer` sees what has changed.
    private mutating func refreshGlances() {
        if glances.count > slots.count { glances.removeLast(glances.count - slots.count) }
        while glances.count < slots.count { glances.append(Glance()) }
        for k in slots.indices { glances[k].deadline = slots[k].deadline }
    }

    /// Does what has come due.
    mutating func lapse(_ desk: inout Desk) {
        if case .all = stirred { refreshGlances() }
        for k in glances.indices {
            guard let deadline = glances[k].deadline, deadline <= desk.now else { continue }
            stir(k)
            for place in slots[k].places { lapse(place, of: k, &desk) }
        }
    }
}

extension Instant {
    static func earlier(_ left: Instant?, _ right: Instant?) -> Instant? {
        guard let left else { return right }
        guard let right else { return left }
        return min(left, right)
    }
}
