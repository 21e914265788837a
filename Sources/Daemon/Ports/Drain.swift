internal import Linux
internal import Supervision

/// When an instance that gets no new connections has nothing left to do.
///
/// First what was on its way when the switch was made must arrive: handshakes half done belong to the old
/// listener, and its queue must be taken. What the connections it has are waited for then is the app's choice.
struct Drain {
    static let interval = Duration.milliseconds(50)
    /// No look is later than this after another.
    static let longestInterval = Duration.seconds(1)
    /// The part of one processor that looking may take: one in so many.
    static let thrift = 20
    /// From the switch until no handshake is under way, on the same machine.
    static let settling = Duration.milliseconds(50)
    /// The same, with clients elsewhere.
    static let settlingAfar = Duration.seconds(1)
    /// How long a client that has connected and said nothing is waited for.
    static let newcomer = Duration.seconds(1)
    /// Between two requests a connection must be silent for at least this long to be closed.
    static let breath = Duration.milliseconds(100)
    /// How long a program may take to notice that a connection has ended.
    static let farewell = Duration.seconds(1)
    /// So many descriptors are asked for at once.
    static let borrowings = 64

    let policy: Policy
    let since: Instant
    /// Half-open handshakes that the switch found.
    private(set) var halfOpen: Set<TCPConnection.Cookie>
    let settledAt: Instant
    /// The instance's connections; nil: still arriving.
    var connections: [TCPConnection.Cookie: OpenConnection]?
    var hasSettled = false
    /// Requests in work are not waited for.
    var isHurried = false
    var nextLook: Instant

    struct Policy {
        var drain: AppSpec.Drain
        var grace: Duration
        var timeout: Duration
        /// Nobody else serves: then clients lose their connections anyway, and the sooner it is back the better.
        var isFinal: Bool
    }

    init(_ found: [TCPConnection], _ policy: Policy, at now: Instant) {
        self.policy = policy
        since = now
        halfOpen = Set(found.filter { $0.state == .synReceived }.map(\.identity))
        let hasFarClients = found.contains { !$0.isWithinMachine }
        settledAt = now + (hasFarClients ? Self.settlingAfar : Self.settling)
        nextLook = now + Self.interval
    }

    /// Forgets the handshakes that are done.
    mutating func keepHalfOpen(_ found: [TCPConnection]) {
        halfOpen.formIntersection(found.map(\.identity))
    }

    /// Whether everything that was under way has arrived, as far as can be known.
    func hasSettled(queued: UInt32, at now: Instant) -> Bool {
        guard queued == 0, now >= settledAt else { return false }
        // A handshake that takes longer belongs to a client that is not there.
        return halfOpen.isEmpty || now >= settledAt + Self.settlingAfar
    }
}

// MARK: - Judging

extension Drain {
    /// Whether connections need not be looked at: it is over as soon as it has settled.
    var ignoresConnections: Bool { policy.drain == .off || isHurried }

    /// Whether there is nothing left to wait for.
    func isOver(at now: Instant) -> Bool {
        guard hasSettled else { return false }
        if ignoresConnections { return true }
        guard let connections else { return false }
        return connections.values.allSatisfy { !holdsUp($0, at: now) }
    }

    private func holdsUp(_ connection: OpenConnection, at now: Instant) -> Bool {
        switch policy.drain {
        case .off: return false
        case .wait: return true
        case .connections where policy.isFinal: return isAtWork(connection, at: now)
        case .connections: break
        }
        switch connection.farewell {
        case .none, .borrowing: return !hasEnded(connection)
        case .said(let at): return now < at + Self.farewell || connection.standing == .asked
        case .impossible: return !isIdle(connection, at: now)
        }
    }

    /// The client has closed its side, and the program has nothing more to say.
    private func hasEnded(_ connection: OpenConnection) -> Bool {
        connection.seen.state == .closeWait && connection.silence >= policy.grace
            && connection.standing != .asked
    }

    private func isAtWork(_ connection: OpenConnection, at now: Instant) -> Bool {
        switch connection.standing {
        case .asked: true
        case .answered, .unsure: false
        case .fresh: connection.seen.state == .established && now < settledAt + Self.newcomer
        }
    }

    /// Whether to close it gently: nobody says anything, and nothing that was begun is to be expected.
    func isToClose(_ connection: OpenConnection, at now: Instant) -> Bool {
        guard policy.drain == .connections, !policy.isFinal, !ignoresConnections else { return false }
        guard connection.farewell == .none, connection.seen.state == .established else { return false }
        return isIdle(connection, at: now)
    }

    private func isIdle(_ connection: OpenConnection, at now: Instant) -> Bool {
        switch connection.standing {
        case .asked: return false
        case .fresh: return now >= settledAt + Self.newcomer
        // It may be a request as young as the answer before it: very seldom, but then it would be cut.
        case .unsure where now < since + policy.timeout / 2: return connection.silence >= policy.grace * 2
        case .unsure, .answered: break
        }
        if connection.silence >= policy.grace { return true }
        // Requests have come one after another until now, and would for ever: between two of them is the time.
        guard connection.isReused, !connection.hasMoved, now >= since + policy.grace else { return false }
        return connection.silence >= max(Self.breath, connection.longestPause * 2)
    }

    /// When to look again, after a look that took so long.
    func next(after cost: Duration, at now: Instant) -> Instant {
        now + min(max(Self.interval, cost * Self.thrift), Self.longestInterval)
    }
}

extension TCPConnection {
    /// Both ends are on this machine, so nothing is long under way.
    var isWithinMachine: Bool { remote.isLoopback || remote.host == local.host }
}
