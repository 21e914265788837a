/// One application: its slots, and the one operation that is being done to it.
struct App: Sendable {
    /// What every slot runs when no reload is on its way.
    var generation: Generation
    /// The specifications that something here still runs or may have to run again, oldest first.
    var versions: [Version]
    /// The one that was in force before: a rollback returns to it.
    var previous: Version?
    /// The highest generation ever given out.
    var newest: Generation
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
    var canary: Canary?
    /// Ordered when nobody new is sent there any more.
    var afterSteering: [Effect] = []
    /// The shares changed, and nobody came or went.
    var hasNewShares = false
    /// The last `.steer`; nil: unknown, because a former daemon gave it.
    var steered: [Share]?
    var glances: [Glance] = []
    private var stirred = Stirred.all
    /// While somebody serves who has a limit.
    var weighAt: Instant?
    var recurrence: Recurrence?
    /// It was deleted and nothing of it is left.
    var isGone = false

    init(_ spec: AppSpec, generation: Generation = Generation(1), steered: [Share]? = []) {
        self.generation = generation
        self.newest = generation
        self.versions = [Version(generation: generation, spec: spec)]
        self.steered = steered
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
        desk.order(afterSteering + orders)
        afterSteering = []
        for k in touched {
            if isDue(k, at: desk.now) { raise(k, &desk) }
            glances[k].deadline = slots[k].deadline
        }
        forgetVersions(&desk)
        planWeighing(at: desk.now)
        planRecurrence(desk)
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

    func isWanted(_ k: Int) -> Bool { slots[k].wanted && k < spec.instances }

    private func shouldRetire(_ place: Slot.Place, of k: Int) -> Bool {
        let instance = slots[k][place]
        guard instance.isStoppable else { return false }
        if case .leaving = place { return true }
        return instance.fate == .unwanted || !isWanted(k)
    }

    private func isDue(_ k: Int, at now: Instant) -> Bool {
        guard isWanted(k), slots[k].current == nil, !slots[k].isHeldByCandidate else { return false }
        switch slots[k].rest {
        case .idle: return true
        case .waiting(let until): return until <= now
        case .finished, .failed: return false
        }
    }

    /// When it must be looked at again although nothing happened.
    func deadline(after now: Instant) -> Instant? {
        let own = glances.reduce(into: nil as Instant?) { $0 = Instant.earlier($0, $1.deadline) }
        let others = [nextReplacement(after: now), bakedNext(after: now), weighAt, recurrence?.lookAt]
        return others.reduce(own, Instant.earlier)
    }
}

// MARK: - Only what something happened to

extension App {
    /// What every event needs to know of every slot, kept beside them: slots are large, and an app may have many.
    struct Glance: Sendable {
        var deadline: Instant?
        var online: InstanceID?
        var fit: InstanceID?
        /// The canary beside it.
        var tried: InstanceID?
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
        lapseWeighing(&desk)
        lapseRecurrence(&desk)
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
