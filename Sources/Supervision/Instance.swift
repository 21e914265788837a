/// One run of a program, from the order to spawn it until nothing of it is left.
struct Instance: Equatable, Sendable {
    let id: InstanceID
    let generation: Generation
    var phase: Phase = .launching
    var fate: Fate = .running
    var process: ProcessID?
    /// When it was spawned; until then, when that was ordered.
    var since: Instant
    /// The held addresses it listens on, sorted.
    var listening: [ListenAddress] = []
    /// It listens where nobody is steered: by a path. Told again to the next daemon.
    var listensApart = false
    /// What it must listen on to be ready, because its predecessor did.
    var expected: [ListenAddress]
    var readySince: Instant?
    /// The dead instance whose listeners it was to have.
    var heir: InstanceID?
    /// It was ready once; outlives the daemon.
    var isProven = false
    /// The main process has ended; something of it may still run.
    var hasExited = false
    /// Why it failed, once it has.
    var death: Death? {
        get { deaths.first }
        set { deaths = newValue.map { [$0] } ?? [] }
    }
    /// One or none, apart because of its size: nearly all instances live.
    private var deaths: [Death] = []
    /// That was told of, and cannot be taken back: it did not end because it was asked to.
    var isBuried = false
    /// A daemon died while it was being started. If it fails now that may be why, and another is tried in its place.
    var wasDisturbed = false
    /// What its program said of itself: that it was ready once, what it is about to do, and anything for people.
    var hasSaidReady = false
    var announced: Announced?
    var status: String?
    var health = Health()
    /// While online: the program must have said by then that it lives.
    var watchdogAt: Instant?
    var stuck: Stuck?
    /// What had to be killed of it, since it was asked to end.
    var victims = Victims()
    /// New connections were given to it.
    var hasServed = false
    /// A canary: it stands beside the one that serves, and does not replace it.
    var isTried = false

    init(id: InstanceID, generation: Generation, since: Instant, expected: [ListenAddress] = []) {
        self.id = id
        self.generation = generation
        self.since = since
        self.expected = expected
    }

    /// What it is doing. A phase that may not last for ever carries its own end, so that no timer can be left over.
    enum Phase: Equatable, Sendable {
        /// Ordered, and not yet confirmed.
        case launching
        /// Not ready: until then it is, if nothing is expected of it, and has failed otherwise.
        case starting(until: Instant)
        case online
        case draining(until: Instant)
        /// Asked to end. Once the main process has, what it left behind is asked at `sweepAt`.
        case stopping(killAt: Instant, sweepAt: Instant?)
        /// Being killed, again and again until it has vanished.
        case killing(sweepAt: Instant)
    }

    /// What its end will mean.
    enum Fate: Equatable, Sendable {
        /// A crash.
        case running
        /// What was asked for.
        case unwanted
        /// It has failed already: it crashed, or was not ready in time.
        case failed
    }
}

extension Instance {
    var deadline: Instant? {
        switch phase {
        case .launching: nil
        case .online: Instant.earlier(watchdogAt, stuck?.patienceEnd)
        case .starting(let until), .draining(let until): until
        case .stopping(let killAt, let sweepAt): min(killAt, sweepAt ?? killAt)
        case .killing(let sweepAt): sweepAt
        }
    }

    /// It is there to serve: neither ended nor on its way out.
    var isActive: Bool {
        switch phase {
        case .launching, .starting, .online: fate == .running
        case .draining, .stopping, .killing: false
        }
    }

    /// It could be asked to end now.
    var isStoppable: Bool {
        switch phase {
        case .starting, .online: true
        case .launching, .draining, .stopping, .killing: false
        }
    }

    var missing: [ListenAddress] { expected.filter { !listening.contains($0) } }

    /// What a successor must listen on.
    ///
    /// A run that ended before it was ready hands on what was expected of it. One that was given its time and
    /// listened elsewhere counts with what it held: its configuration may have changed, and to hold a crashed
    /// app to a port that it left on purpose would keep it down for ever.
    var owed: [ListenAddress] {
        if readySince != nil { return listening }
        if case .neverReady = death?.cause { return listening }
        return expected
    }

    mutating func listen(on address: ListenAddress) -> Bool {
        guard !listening.contains(address) else { return false }
        listening.append(address)
        listening.sort()
        return true
    }

    mutating func unlisten(_ address: ListenAddress) -> Bool {
        guard let index = listening.firstIndex(of: address) else { return false }
        listening.remove(at: index)
        return true
    }
}
