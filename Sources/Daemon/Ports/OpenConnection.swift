internal import Linux
internal import Supervision

/// A connection of an instance that drains, as far as looks at the kernel's table tell.
///
/// Nobody reads what it says: whether a request is in work follows from who spoke last.
struct OpenConnection {
    /// As it was at the last look.
    private(set) var seen: TCPConnection
    private var seenAt: Instant
    /// Something came or went between the last two looks.
    private(set) var hasMoved = false
    /// It was asked again after an answer: a stream never is.
    private(set) var isReused = false
    /// The longest silence after which more of the same answer came.
    private(set) var longestPause = Duration.zero
    /// Who had the last word could be told at the last look, so that what happened since can be counted.
    private var isAnswered = false
    var farewell = Farewell.none

    /// How far closing it gently has come.
    enum Farewell: Equatable {
        case none
        /// The keeper was asked for a copy of the descriptor.
        case borrowing
        /// The program was told that nothing more comes.
        case said(at: Instant)
        /// It could not be: that is left to the program.
        case impossible
    }

    /// Who has to say something next.
    enum Standing {
        /// The program, or the line has still to carry what it said.
        case asked
        /// The client.
        case answered
        /// Question and answer fell into one tick of the kernel's clock (4 ms).
        case unsure
        /// Nobody has said anything yet.
        case fresh
    }

    init(_ found: TCPConnection, at now: Instant) {
        seen = found
        seenAt = now
        isAnswered = clock == .answered
    }

    /// The kernel's table may tell of one twice when others come while it is read.
    static func each(
        of found: [TCPConnection], at now: Instant
    ) -> [TCPConnection.Cookie: OpenConnection] {
        Dictionary(
            found.map { ($0.identity, OpenConnection($0, at: now)) }, uniquingKeysWith: { first, _ in first })
    }

    mutating func look(_ now: TCPConnection, at time: Instant) {
        let (before, elapsed) = (seen, time - seenAt)
        let hasReceived = now.bytesReceived != before.bytesReceived
        let hasSent = now.bytesAcknowledged != before.bytesAcknowledged
        let couldBeAsked = standing == .answered || standing == .unsure
        if hasReceived, couldBeAsked { isReused = true }
        if hasSent, !hasReceived, couldBeAsked { longestPause = max(longestPause, silence + elapsed) }
        hasMoved = hasReceived || hasSent
        seen = now
        seenAt = time
        // After an answer the next word is the client's. If that was one segment, whatever was sent was its answer.
        let wasOneQuestion = hasSent && now.segmentsReceived == before.segmentsReceived &+ 1
        isAnswered = clock == .answered || clock == .unsure && isAnswered && (!hasMoved || wasOneQuestion)
    }

    var standing: Standing { isAnswered && clock == .unsure ? .answered : clock }

    /// What the kernel's clocks tell of it.
    private var clock: Standing {
        if seen.receiveQueue > 0 || seen.sendQueue > 0 { return .asked }
        if seen.bytesReceived == 0 { return .fresh }
        // A request that came with the handshake is as old as the connection.
        if seen.bytesAcknowledged == 0 { return .asked }
        guard let received = seen.sinceReceived, let sent = seen.sinceSent else { return .answered }
        if received != sent { return received < sent ? .asked : .answered }
        // What the client acknowledged later than it asked was an answer.
        guard let acknowledged = seen.sinceAcknowledgement, acknowledged < received else { return .unsure }
        return .answered
    }

    /// How long nothing has come and nothing gone.
    var silence: Duration {
        min(seen.sinceReceived ?? .zero, seen.sinceSent ?? .zero)
    }

    /// Nothing has come since the last look.
    func isUnchanged(in now: TCPConnection) -> Bool {
        now.receiveQueue == 0 && now.sendQueue == 0 && now.bytesReceived == seen.bytesReceived
            && now.bytesAcknowledged == seen.bytesAcknowledged
    }
}
