import CLinux
import Glibc
import Supervision
import Testing

@testable import Daemon
@testable import Linux

/// What is concluded from who spoke last, with connections as the kernel could tell of them.
@Suite struct JudgingConnections {
    private let start = Instant(nanoseconds: 1_000_000_000_000)

    /// Milliseconds since the last data came, went and was acknowledged; bytes and segments so far.
    private func told(
        received: UInt32 = 0, sent: UInt32 = 0, acknowledged: UInt32 = 0, bytesIn: UInt64 = 100,
        bytesOut: UInt64 = 200, segments: UInt32 = 1, queue: UInt32 = 0
    ) -> TCPConnection {
        var raw = clinux_connection()
        raw.family = UInt8(AF_INET)
        raw.state = TCPConnection.State.established.rawValue
        (raw.last_received, raw.last_sent, raw.last_acknowledgement) = (received, sent, acknowledged)
        (raw.bytes_received, raw.bytes_acked, raw.segments_received) = (bytesIn, bytesOut, segments)
        raw.receive_queue = queue
        return TCPConnection(raw)
    }

    private func standing(_ told: TCPConnection) -> OpenConnection.Standing {
        OpenConnection(told, at: start).standing
    }

    private func drain(
        _ drain: AppSpec.Drain = .connections, grace: Duration = .seconds(5), isFinal: Bool = false
    ) -> Drain {
        var drain = Drain(
            [], Drain.Policy(drain: drain, grace: grace, timeout: .seconds(30), isFinal: isFinal), at: start)
        drain.hasSettled = true
        return drain
    }

    @Test func `one that the kernel tells of twice is one`() {
        let twice = [told(received: 8), told(received: 12)]
        #expect(
            OpenConnection.each(of: twice, at: start).values.map(\.seen.sinceReceived) == [.milliseconds(8)])
    }

    @Test func `who spoke last is asked, or has answered`() {
        #expect(standing(told(received: 8, sent: 12)) == .asked)
        #expect(standing(told(received: 12, sent: 8)) == .answered)
        #expect(standing(told(received: 12, sent: 8, queue: 3)) == .asked)
        #expect(standing(told(bytesIn: 0, bytesOut: 0)) == .fresh)
        #expect(standing(told(received: 40, sent: 4000, bytesOut: 0)) == .asked)
    }

    @Test func `within a tick only a later acknowledgement tells`() {
        #expect(standing(told(received: 8, sent: 8, acknowledged: 8)) == .unsure)
        #expect(standing(told(received: 48, sent: 48, acknowledged: 8)) == .answered)
    }

    @Test func `one more question and something sent are a question and its answer`() {
        var connection = OpenConnection(told(received: 52, sent: 48, acknowledged: 48), at: start)
        connection.look(
            told(received: 8, sent: 8, acknowledged: 8, bytesIn: 200, bytesOut: 400, segments: 2),
            at: start + .milliseconds(50))
        #expect(connection.standing == .answered && connection.isReused)
        // Two segments: perhaps a quick question, and a slow one behind its answer.
        connection.look(
            told(received: 8, sent: 8, acknowledged: 8, bytesIn: 400, bytesOut: 600, segments: 4),
            at: start + .milliseconds(100))
        #expect(connection.standing == .unsure)
        // And what cannot be told is not learnt by waiting.
        connection.look(
            told(received: 58, sent: 58, acknowledged: 58, bytesIn: 400, bytesOut: 600, segments: 4),
            at: start + .milliseconds(150))
        #expect(connection.standing == .unsure && !connection.hasMoved)
    }

    @Test
    func `silence counts as idle from the grace on, and doubt from twice the grace, or half of the time`() {
        let drain = drain()
        func isIdle(_ told: TCPConnection, after: Duration = .seconds(1)) -> Bool {
            drain.isToClose(OpenConnection(told, at: start), at: start + after)
        }
        #expect(!isIdle(told(received: 4999, sent: 4990)))
        #expect(isIdle(told(received: 5008, sent: 5000)))
        #expect(!isIdle(told(received: 9000, sent: 9000, acknowledged: 9000)))
        #expect(isIdle(told(received: 10_000, sent: 10_000, acknowledged: 10_000)))
        #expect(isIdle(told(received: 5000, sent: 5000, acknowledged: 5000), after: .seconds(15)))
        #expect(!isIdle(told(received: 60_000, sent: 61_000)), "a request in work is never idle")
    }

    @Test func `a connection in use is closed in a breath, once the drain has lasted for the grace`() {
        let drain = drain()
        var connection = OpenConnection(told(received: 52, sent: 48), at: start)
        func looked(_ told: TCPConnection, at: Duration) -> Bool {
            connection.look(told, at: start + at)
            return drain.isToClose(connection, at: start + at)
        }
        let asked = told(received: 30, sent: 20, bytesIn: 200, bytesOut: 400, segments: 2)
        #expect(!looked(asked, at: .seconds(5)), "it has just moved")
        #expect(
            !looked(told(received: 80, sent: 70, bytesIn: 200, bytesOut: 400, segments: 2), at: .seconds(5)))
        let quiet = told(received: 130, sent: 120, bytesIn: 200, bytesOut: 400, segments: 2)
        #expect(looked(quiet, at: .seconds(5)))
        #expect(!looked(quiet, at: .milliseconds(4999)), "too early")
    }

    @Test func `a longer pause in an answer makes the breath longer, and a stream has none`() {
        let drain = drain()
        var stream = OpenConnection(told(received: 1000, sent: 300, bytesOut: 200), at: start)
        stream.look(told(received: 1450, sent: 50, bytesOut: 300), at: start + .milliseconds(450))
        #expect(!stream.isReused && stream.longestPause >= .milliseconds(700))
        var dialogue = stream
        dialogue.look(
            told(received: 30, sent: 20, bytesIn: 200, bytesOut: 400, segments: 2), at: start + .seconds(6))
        for (told, at, isClosed) in [
            (told(received: 1310, sent: 1300, bytesIn: 200, bytesOut: 400, segments: 2), 7.3, false),
            (told(received: 1610, sent: 1600, bytesIn: 200, bytesOut: 400, segments: 2), 7.6, true),
        ] {
            dialogue.look(told, at: start + .seconds(at))
            #expect(drain.isToClose(dialogue, at: start + .seconds(at)) == isClosed)
        }
        stream.look(told(received: 4400, sent: 3000, bytesOut: 300), at: start + .seconds(20))
        #expect(!drain.isToClose(stream, at: start + .seconds(20)))
    }

    @Test func `what is waited for is the app's choice`() {
        func isOver(_ drain: Drain, _ told: TCPConnection, after: Duration = .seconds(20)) -> Bool {
            var drain = drain
            let connection = OpenConnection(told, at: start)
            drain.connections = [told.identity: connection]
            return drain.isOver(at: start + after)
        }
        let (asked, idle) = (told(received: 60_000, sent: 61_000), told(received: 61_000, sent: 60_000))
        #expect(!isOver(drain(), asked) && !isOver(drain(), idle), "it is closed first")
        #expect(!isOver(drain(.wait), asked) && !isOver(drain(.wait), idle))
        #expect(isOver(drain(.off), asked))
        #expect(!isOver(drain(isFinal: true), asked) && isOver(drain(isFinal: true), idle))
        var hurried = drain(.wait)
        hurried.isHurried = true
        #expect(isOver(hurried, asked))
        hurried.hasSettled = false
        #expect(!isOver(hurried, asked))
    }

    @Test func `a program that does not close is waited for a second, one that is still asked for longer`() {
        var drain = drain()
        let (asked, idle) = (told(received: 60_000, sent: 61_000), told(received: 61_000, sent: 60_000))
        for (told, isOver) in [(idle, true), (asked, false)] {
            var connection = OpenConnection(told, at: start)
            connection.farewell = .said(at: start)
            drain.connections = [told.identity: connection]
            #expect(!drain.isOver(at: start + .milliseconds(999)))
            #expect(drain.isOver(at: start + .seconds(1)) == isOver)
        }
    }

    @Test func `looking takes a twentieth of a processor, and never waits for longer than a second`() {
        #expect(drain().next(after: .milliseconds(1), at: start) == start + .milliseconds(50))
        #expect(drain().next(after: .milliseconds(10), at: start) == start + .milliseconds(200))
        #expect(drain().next(after: .milliseconds(900), at: start) == start + .seconds(1))
    }

    @Test func `the table is asked when that is cheaper`() {
        let costs = LookCosts()
        costs.table = .milliseconds(8)
        costs.single = .microseconds(5)
        #expect(!costs.prefersTable(for: 1000) && costs.prefersTable(for: 2000))
    }
}
