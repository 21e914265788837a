internal import Linux
internal import Supervision

/// When an instance that gets no new connections has nothing left to do.
///
/// First what was on its way when the switch was made must arrive: handshakes half done belong to the old
/// listener, and its queue must be taken. Then the connections it has must have answered what they were asked.
struct Drain {
    static let interval = Duration.milliseconds(50)
    /// From the switch until no handshake is under way, on the same machine.
    static let settling = Duration.milliseconds(50)
    /// The same, with clients elsewhere.
    static let settlingAfar = Duration.seconds(1)
    /// How long a client that has connected and said nothing is waited for.
    static let silence = Duration.seconds(1)

    let since: Instant
    /// Half-open handshakes that the switch found.
    private(set) var halfOpen: Set<TCPConnection.Cookie>
    let settledAt: Instant
    /// The instance's connections; nil: still arriving.
    var connections: [TCPConnection]?
    var hasSettled = false
    var nextLook: Instant

    init(_ found: [TCPConnection], at now: Instant) {
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

    func isBusy(_ connection: TCPConnection, at now: Instant) -> Bool {
        if connection.receiveQueue > 0 || connection.sendQueue > 0 { return true }
        guard connection.state == .established || connection.state == .closeWait else { return false }
        if connection.bytesReceived == 0 {
            return connection.state == .established && now < settledAt + Self.silence
        }
        // Asked, and never answered: the clocks below are too coarse for a request that came with the handshake.
        if connection.bytesAcknowledged == 0 { return true }
        // Asked more recently than answered.
        guard let received = connection.sinceReceived, let sent = connection.sinceSent else { return false }
        return received < sent
    }
}

extension TCPConnection {
    /// Both ends are on this machine, so nothing is long under way.
    var isWithinMachine: Bool { remote.isLoopback || remote.host == local.host }
}
