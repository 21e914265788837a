import Linux
import Testing

@Suite struct Posting {
    @Test func `what a thread posts arrives once, in order, and rings`() throws {
        let mailbox = try Mailbox<Int>()
        let poller = try Poller()
        try poller.add(mailbox.number, token: 1, for: .readable)
        let thread = try Thread.start(name: "poster") { for number in 0..<1000 { mailbox.send(number) } }
        var received: [Int] = []
        while received.count < 1000, try !poller.wait(atMost: .seconds(10)).isEmpty {
            received += mailbox.take()
        }
        thread.join()
        #expect(received == Array(0..<1000))
        #expect(try poller.wait(atMost: .zero).isEmpty)
    }

    @Test func `a blocked signal is read instead of delivered`() throws {
        // In a thread of its own, because a thread's blocked signals stay blocked.
        let outcome = try Mailbox<Int32?>()
        let thread = try Thread.start(name: "signals") {
            let queue = try? SignalQueue(for: [Signals.windowChange])
            let none = try? queue?.next()
            precondition(none == .some(.none))
            Signals.raise(Signals.windowChange)
            outcome.send((try? queue?.next()) ?? nil)
        }
        thread.join()
        #expect(outcome.take() == [Signals.windowChange])
    }

    @Test func `a raw terminal passes keys on at once, and is as before when restored`() throws {
        let pair = try Terminal.openPair()
        #expect(Terminal.isTerminal(pair.terminal.number))
        try Terminal.resize(pair.terminal.number, to: Terminal.Size(columns: 120, rows: 40))
        #expect(Terminal.size(pair.controller.number) == Terminal.Size(columns: 120, rows: 40))
        let mode = try Terminal.enterRaw(pair.terminal.number)
        pair.terminal.setNonBlocking()
        _ = try pair.controller.write([0x03])
        #expect(try pair.terminal.read(atMost: 10) == [0x03])
        Terminal.restore(pair.terminal.number, to: mode)
        _ = try pair.controller.write(Array("x".utf8))
        #expect(try pair.terminal.read(atMost: 10) == nil)
    }
}
