import Glibc
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

@Suite(.serialized) struct DrainingPorts {
    let stage: PortsStage

    init() throws { stage = try PortsStage() }

    /// Answers each line, when it is told to by a byte on descriptor 9.
    private var slowServer: String {
        """
        import socket, os, threading
        s = socket.socket(); s.bind(('127.0.0.1', \(stage.port))); s.listen(5)
        def serve(c):
            while c.recv(100):
                os.read(9, 1); c.sendall(b'done')
        while True: threading.Thread(target=serve, args=[s.accept()[0]]).start()
        """
    }

    private func isDrained(_ instance: InstanceID) -> Bool { stage.heard(.drained(instance)) }

    @Test func `an idle instance is drained soon`() throws {
        let first = try stage.serve()
        let second = try stage.serve()
        try stage.steer(to: [second])
        stage.ports.drain(first)
        #expect(!isDrained(first))
        try stage.until("it is drained", within: .seconds(2)) { self.isDrained(first) }
        #expect(stage.ports.nextDeadline == nil)
    }

    @Test func `what waits to be accepted is waited for`() throws {
        let first = try stage.serve()
        try stage.steer(to: [first])
        try stage.freeze(first)
        let client = try stage.connect()
        stage.ports.drain(first)
        try rounds(10)
        #expect(!isDrained(first))
        kill(stage.process(first), SIGCONT)
        #expect(try stage.answer(client) == "1")
        try stage.until("it is drained", within: .seconds(3)) { self.isDrained(first) }
    }

    @Test func `a request in work is waited for, an idle connection is not`() throws {
        let pipe = try PipeEnds()
        let first = try stage.serve(slowServer) { $0.descriptors.append(.init(pipe.reading.number, as: 9)) }
        try stage.steer(to: [first])
        let client = try stage.connect()
        send(client.number, "ask", 3, 0)
        stage.ports.drain(first)
        try rounds(10)
        #expect(!isDrained(first))
        write(pipe.writing.number, "x", 1)
        #expect(try stage.answer(client) == "done")
        try stage.until("it is drained", within: .seconds(3)) { self.isDrained(first) }
        // The connection is still open.
        send(client.number, "ask", 3, 0)
        write(pipe.writing.number, "x", 1)
        #expect(try stage.answer(client) == "done")
    }

    @Test func `an instance without listeners has nothing to do`() throws {
        let first = try stage.start("import time; time.sleep(60)")
        stage.ports.drain(first)
        #expect(isDrained(first))
    }

    @Test func `one that exits is not drained any more`() throws {
        let first = try stage.serve()
        stage.ports.drain(first)
        try stage.crash(first)
        #expect(stage.ports.nextDeadline == nil)
        #expect(!isDrained(first))
    }

    private func rounds(_ count: Int) throws {
        var looks = 0
        let start = Instant.now
        try stage.until("time passes") {
            looks += 1
            return looks > count && Instant.now - start > .milliseconds(300)
        }
    }

    struct PipeEnds {
        let reading: SharedDescriptor
        let writing: SharedDescriptor

        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(pipe(&ends) == 0)
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
            reading = SharedDescriptor(Descriptor(owning: ends[0]))
            writing = SharedDescriptor(Descriptor(owning: ends[1]))
        }
    }
}

@Suite(.serialized) struct NoticingStuckInstances {
    let stage: PortsStage

    init() throws { stage = try PortsStage() }

    @Test func `a stuck instance gets no connections until it accepts again`() throws {
        let first = try stage.serve()
        let second = try stage.serve()
        try stage.steer(to: [first, second])
        try stage.freeze(first)
        let probe = SteeringProgram.probeAddress(Ports.probe(of: first))
        _ = probe
        var waiting: [SharedDescriptor] = []
        try stage.until("the first has a queue") {
            waiting.append(try stage.connect())
            return (stage.ports.facts(of: first)?.queues.first?.length ?? 0) > 0
        }
        try stage.until("it is found stuck") { stage.ports.facts(of: first)?.queues.first?.isStuck == true }
        #expect(stage.sentences.last?.contains("accepts no connections") == true)
        #expect(try stage.census(20) == ["2": 20])
        kill(stage.process(first), SIGCONT)
        try stage.until("it is well again") { stage.ports.facts(of: first)?.queues.first?.isStuck == false }
        for client in waiting { #expect(try stage.answer(client) != "") }
        #expect(try stage.census(40)["1", default: 0] > 5)
        try stage.until("nothing is watched any more") { stage.ports.nextDeadline == nil }
    }

    @Test func `the only instance is never taken away`() throws {
        let first = try stage.serve()
        try stage.steer(to: [first])
        try stage.freeze(first)
        let client = try stage.connect()
        try stage.until("it is found stuck") { stage.ports.facts(of: first)?.queues.first?.isStuck == true }
        let another = try stage.connect()
        kill(stage.process(first), SIGCONT)
        for client in [client, another] { #expect(try stage.answer(client) == "1") }
    }

    @Test func `a program that closes its listener and lives on is no black hole`() throws {
        let script = """
            import socket, time
            s = socket.socket(); s.bind(('127.0.0.1', \(stage.port))); s.listen(5); s.close(); time.sleep(60)
            """
        let first = try stage.serve(script)
        let second = try stage.serve()
        try stage.steer(to: [first])
        let client = try stage.connect()
        #expect(try stage.answer(client) == "")
        #expect(stage.heard(.unlistened(first, stage.address())))
        try stage.steer(to: [second])
        #expect(try stage.census(10) == ["2": 10])
    }

    @Test func `a program that shuts its listener down leaves the others alone`() throws {
        let script = """
            import socket, os, signal
            s = socket.socket(); s.bind(('127.0.0.1', \(stage.port))); s.listen(5)
            signal.signal(signal.SIGTERM, lambda *_: s.shutdown(socket.SHUT_RDWR))
            while True:
                try: c, _ = s.accept(); c.sendall(os.environ['NAME'].encode()); c.close()
                except OSError: signal.pause()
            """
        let first = try stage.serve(script)
        let second = try stage.serve(script)
        let third = try stage.serve(script)
        try stage.steer(to: [second, third])
        kill(stage.process(first), SIGTERM)
        try stage.until("it has none") { self.stage.heard(.unlistened(first, self.stage.address())) }
        let met = try stage.census(40)
        #expect(met["2", default: 0] > 5 && met["3", default: 0] > 5 && met.count == 2, "\(met)")
    }

    @Test func `one that listens again after a shutdown is held again`() throws {
        let script = """
            import socket, os
            s = socket.socket(); s.bind(('127.0.0.1', \(stage.port))); s.listen(5)
            s.shutdown(socket.SHUT_RDWR); s.listen(5)
            while True:
                c, _ = s.accept(); c.sendall(os.environ['NAME'].encode()); c.close()
            """
        let first = try stage.start(script)
        try stage.until("it listens twice") {
            self.stage.facts.filter { $0 == .listened(first, self.stage.address()) }.count == 2
        }
        #expect(try stage.census(4) == ["1": 4])
        #expect(stage.ports.holdings(of: first).count == 1)
    }
}
