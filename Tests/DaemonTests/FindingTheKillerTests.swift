import Supervision
import Testing

@testable import Daemon

@Suite struct FindingTheKiller {
    private typealias Counts = Coroner.Counts

    private func verdict(
        _ coroner: inout Coroner, _ group: UInt64?, _ machine: UInt64?, log: Bool? = nil
    ) -> Killer {
        coroner.killer(now: Counts(ownGroup: group, machine: machine)) { log }
    }

    @Test func `counts that have not grown acquit the kernel`() {
        var coroner = Coroner(Counts(ownGroup: 3, machine: 9))
        #expect(verdict(&coroner, 3, 9) == .somebody)
    }

    @Test func `the count of our own group convicts it, once for each`() {
        var coroner = Coroner(Counts(ownGroup: 3, machine: 9))
        #expect(verdict(&coroner, 5, 11) == .outOfMemory)
        #expect(verdict(&coroner, 5, 11) == .outOfMemory)
        #expect(verdict(&coroner, 5, 11) == .somebody)
    }

    @Test func `the machine's count alone leaves it open, unless the log names the process`() {
        var coroner = Coroner(Counts(ownGroup: nil, machine: 9))
        #expect(verdict(&coroner, nil, 10) == .unknown)
        #expect(verdict(&coroner, nil, 11, log: true) == .outOfMemory)
        #expect(verdict(&coroner, nil, 12, log: false) == .somebody)
    }

    @Test func `a program that was moved to another group is not said to be somebody's victim`() {
        var coroner = Coroner(Counts(ownGroup: 3, machine: 9))
        #expect(verdict(&coroner, 3, 10) == .unknown)
        #expect(verdict(&coroner, 3, 11, log: true) == .outOfMemory)
        #expect(verdict(&coroner, 3, 12, log: false) == .somebody)
    }

    @Test func `where the machine's count is hidden, that of our own group decides`() {
        var coroner = Coroner(Counts(ownGroup: 3, machine: nil))
        #expect(verdict(&coroner, 4, nil) == .outOfMemory)
        #expect(verdict(&coroner, 4, nil) == .somebody)
    }

    @Test func `where nobody counts it is not known`() {
        var coroner = Coroner(Counts(ownGroup: nil, machine: nil))
        #expect(verdict(&coroner, nil, nil) == .unknown)
    }

    @Test func `this kernel counts`() {
        #expect(Counts.now().machine != nil)
    }

    @Test(
        arguments: [
            ("Error: listen EADDRINUSE: address already in use :::3000", 3000),
            ("Error: listen EADDRINUSE: address already in use 127.0.0.1:8080", 8080),
            ("listen tcp :3001: bind: address already in use", 3001),
            ("OSError: [Errno 98] Address already in use", nil), ("connected to 10.0.0.1:5432", nil),
        ] as [(String, UInt16?)])
    func `a port that was in use is found in last words`(_ line: String, _ port: UInt16?) {
        let isClash = !line.hasPrefix("connected")
        #expect(BusyPort.find(in: [line, "  port: 81"]) == (port ?? (isClash ? 81 : nil)))
        #expect(
            BusyPort.find(in: ["before", line, "    at Server.setupListenHandle (node:net:1811:16)"]) == port)
    }
}
