/// The place of one instance within its app, and whoever stands in it.
struct Slot: Sendable {
    let index: SlotIndex
    let id: SlotID
    /// Changed by requests only.
    var wanted: Bool
    /// The version that the next spawn runs.
    var generation: Generation
    /// The one that serves, or will.
    var current: Instance?
    /// Its would-be successor in a reload.
    var candidate: Instance? {
        get { candidates.first }
        set { candidates = newValue.map { [$0] } ?? [] }
    }
    /// One or none. There seldom is one, and an optional would take its size in every slot all the time.
    private var candidates: [Instance] = []
    /// Replaced or rejected, and not yet gone.
    var leaving: [Instance] = []
    /// What keeps the place empty while there is no current one.
    var rest: Rest = .idle
    /// The dead instance whose listeners wait for an heir.
    var estate: InstanceID?
    /// What the heir must listen on.
    var owed: [ListenAddress] = []
    var restarts = 0
    /// Unstable runs in a row.
    var unstable = 0
    /// Newest last.
    var deaths: [Death] = []
    /// Newest last.
    var killings: [Killing] = []
    /// How the run that an operation waits for went.
    var verdict: Verdict = .open

    init(index: SlotIndex, id: SlotID, wanted: Bool, generation: Generation) {
        self.index = index
        self.id = id
        self.wanted = wanted
        self.generation = generation
    }

    enum Rest: Equatable, Sendable {
        case idle
        case waiting(until: Instant)
        /// The program ended and is not to be brought back.
        case finished
        /// Given up.
        case failed
    }

    enum Verdict: Equatable, Sendable {
        case open, ready, died
    }
}

// MARK: - Who is there

extension Slot {
    enum Place: Equatable, Sendable {
        case current
        case candidate
        case leaving(Int)
    }

    func place(of id: InstanceID) -> Place? {
        if current?.id == id { return .current }
        if candidate?.id == id { return .candidate }
        return leaving.firstIndex { $0.id == id }.map(Place.leaving)
    }

    /// The instance that `place` was found for.
    subscript(place: Place) -> Instance {
        get {
            switch place {
            case .current: current!
            case .candidate: candidate!
            case .leaving(let index): leaving[index]
            }
        }
        set {
            switch place {
            case .current: current = newValue
            case .candidate: candidate = newValue
            case .leaving(let index): leaving[index] = newValue
            }
        }
    }

    mutating func remove(_ place: Place) {
        switch place {
        case .current: current = nil
        case .candidate: candidate = nil
        case .leaving(let index): leaving.remove(at: index)
        }
    }

    var places: [Place] {
        (current == nil ? [] : [.current]) + (candidate == nil ? [] : [.candidate])
            + leaving.indices.map(Place.leaving)
    }

    var instances: [Instance] { places.map { self[$0] } }
    var isEmpty: Bool { current == nil && candidate == nil && leaving.isEmpty }
    /// Processes beyond the one that belongs here. Where that one is missing it may come back at any moment.
    var surplus: Int { (candidate == nil ? 0 : 1) + leaving.count }
    /// Who is missing here is about to be replaced, so nobody else is started; a canary replaces nobody.
    var isHeldByCandidate: Bool { candidate.map { !$0.isTried } ?? false }
    var isTried: Bool { candidate?.isTried ?? false }
    var isRunning: Bool { current?.isActive ?? false }
    /// Whom new connections may be given.
    var online: InstanceID? { current?.phase == .online ? current?.id : nil }
}

// MARK: - What happens to it

extension Slot {
    /// When something must happen here without anybody saying so.
    var deadline: Instant? {
        var earliest = leaving.reduce(into: nil as Instant?) { $0 = Instant.earlier($0, $1.deadline) }
        earliest = Instant.earlier(earliest, current?.deadline)
        earliest = Instant.earlier(earliest, candidate?.deadline)
        return Instant.earlier(earliest, nextTry)
    }

    /// When it is tried again, if it waits for that.
    var nextTry: Instant? {
        guard wanted, current == nil, !isHeldByCandidate, case .waiting(let until) = rest else { return nil }
        return until
    }

    mutating func record(_ death: Death) {
        deaths.append(death)
        if deaths.count > Death.historyLimit { deaths.removeFirst() }
    }

    mutating func record(_ killing: Killing) {
        killings.append(killing)
        if killings.count > Killing.historyLimit { killings.removeFirst() }
    }

    /// What was done about a death, as far as it is remembered.
    mutating func note(_ consequence: Death.Consequence, of death: Death) {
        guard let index = deaths.lastIndex(of: death) else { return }
        deaths[index].consequence = consequence
    }

    /// Forgets the past: the next spawn owes nothing and inherits nothing.
    mutating func renew(_ desk: inout Desk) {
        forgo(&desk)
        if !owed.isEmpty || unstable > 0 || rest != .idle { desk.save() }
        owed = []
        unstable = 0
        rest = .idle
        verdict = .open
    }

    /// Lets the listeners of the dead go.
    mutating func forgo(_ desk: inout Desk) {
        guard let dead = estate else { return }
        desk.save()
        estate = nil
        desk.order(.release(dead))
    }

    /// Gives up the candidate; it leaves.
    mutating func reject() {
        guard let rejected = candidate else { return }
        leaving.append(rejected)
        candidate = nil
    }
}
