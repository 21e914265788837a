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

    /// One that serves and, from now on, is replaced by another.
    private func replaced(
        _ server: String, _ pipe: PipeEnds, _ change: (inout AppSpec) -> Void
    ) throws -> (InstanceID, () throws -> Void) {
        let spec = stage.spec("web", change)
        let first = try stage.serve(server, spec) {
            $0.descriptors.append(.init(pipe.reading.number, as: 9))
        }
        try stage.steer(to: [first])
        return (
            first,
            {
                let second = try stage.serve()
                try stage.steer(to: [second])
                stage.ports.drain(first)
            }
        )
    }

    private func ask(_ client: SharedDescriptor, _ pipe: PipeEnds) throws {
        send(client.number, "ask", 3, 0)
        write(pipe.writing.number, "x", 1)
        #expect(try stage.answer(client) == "done")
    }

    @Test func `an idle connection is closed when it has been silent for the grace, and then it is over`()
        throws
    {
        let pipe = try PipeEnds()
        let (first, replace) = try replaced(slowServer, pipe) { $0.drainGrace = .milliseconds(400) }
        let client = try stage.connect()
        try ask(client, pipe)
        try replace()
        try rounds(4)
        #expect(!isDrained(first))
        #expect(try stage.answer(client) == "")
        try stage.until("it is drained", within: .seconds(3)) { self.isDrained(first) }
        #expect(stage.sentences.isEmpty)
    }

    @Test func `a request in work outlasts the grace`() throws {
        let pipe = try PipeEnds()
        let (first, replace) = try replaced(slowServer, pipe) { $0.drainGrace = .milliseconds(50) }
        let client = try stage.connect()
        try ask(client, pipe)
        send(client.number, "ask", 3, 0)
        try replace()
        try rounds(12)
        #expect(!isDrained(first))
        write(pipe.writing.number, "x", 1)
        #expect(try stage.answer(client) == "done")
        #expect(try stage.answer(client) == "")
        try stage.until("it is drained", within: .seconds(3)) { self.isDrained(first) }
    }

    @Test func `an answer that pauses for less than the grace is not taken for finished`() throws {
        let pipe = try PipeEnds()
        let server = slowServer.replacing("os.read(9, 1)", with: "c.sendall(b'do'); os.read(9, 1)")
            .replacing("b'done'", with: "b'ne'")
        let (first, replace) = try replaced(server, pipe) { $0.drainGrace = .seconds(3) }
        let client = try stage.connect()
        send(client.number, "ask", 3, 0)
        #expect(try stage.answer(client) == "do")
        try replace()
        try rounds(12)
        #expect(!isDrained(first))
        write(pipe.writing.number, "x", 1)
        #expect(try stage.answer(client) == "ne")
    }

    @Test func `a connection in use is closed between two requests, and none fails`() throws {
        let pipe = try PipeEnds()
        // So slow that the kernel's clock can tell question from answer.
        let server = slowServer.replacing("os.read(9, 1)", with: "os.read(9, 1); time.sleep(0.02)")
            .replacing("threading\n", with: "threading, time\n")
        let (first, replace) = try replaced(server, pipe) { $0.drainGrace = .milliseconds(400) }
        let client = try stage.connect()
        try ask(client, pipe)
        try replace()
        var (buffer, next, isClosed) = ([UInt8](repeating: 0, count: 8), Instant.now, false)
        try stage.until("the connection is closed") {
            isClosed = recv(client.number, &buffer, 8, Int32(MSG_DONTWAIT)) == 0
            guard !isClosed, next <= .now else { return isClosed }
            try ask(client, pipe)
            next = .now + .milliseconds(250)
            return false
        }
        try stage.until("it is drained", within: .seconds(3)) { self.isDrained(first) }
    }

    @Test func `with wait no connection is closed, and the last one is waited for`() throws {
        let pipe = try PipeEnds()
        let (first, replace) = try replaced(slowServer, pipe) {
            $0.drain = .wait
            $0.drainGrace = .zero
        }
        let client = try stage.connect()
        try ask(client, pipe)
        try replace()
        try rounds(8)
        #expect(!isDrained(first))
        try ask(client, pipe)
        shutdown(client.number, Int32(SHUT_RDWR))
        try stage.until("it is drained", within: .seconds(3)) { self.isDrained(first) }
    }

    @Test func `with off, and in a hurry, a request in work is not waited for`() throws {
        for drain in [AppSpec.Drain.off, .connections, .wait] {
            let stage = try PortsStage()
            let pipe = try PipeEnds()
            let server = slowServer.replacing("\(self.stage.port)", with: "\(stage.port)")
            let first = try stage.serve(server, stage.spec("web") { $0.drain = drain }) {
                $0.descriptors.append(.init(pipe.reading.number, as: 9))
            }
            try stage.steer(to: [first])
            let client = try stage.connect()
            send(client.number, "ask", 3, 0)
            try stage.steer(to: [try stage.serve()])
            stage.ports.drain(first)
            if drain != .off { stage.ports.hurry(first) }
            try stage.until("it is drained", within: .seconds(3)) { stage.heard(.drained(first)) }
        }
    }

    @Test func `where nothing can be borrowed idle connections are left alone, and it is said once`() throws {
        let pipe = try PipeEnds()
        let (first, replace) = try replaced(slowServer, pipe) { $0.drainGrace = .milliseconds(100) }
        let clients = [try stage.connect(), try stage.connect()]
        for client in clients { try ask(client, pipe) }
        let second = try stage.serve()
        _ = replace
        stage.lends = false
        try stage.steer(to: [second])
        stage.ports.drain(first)
        try stage.until("it is drained", within: .seconds(5)) { self.isDrained(first) }
        #expect(stage.sentences.count == 1 && stage.sentences[0].contains("left to the programs"))
        for client in clients { try ask(client, pipe) }
    }

    @Test func `how many connections are left is known while it drains`() throws {
        let pipe = try PipeEnds()
        let (first, replace) = try replaced(slowServer, pipe) { _ in }
        let clients = [try stage.connect(), try stage.connect()]
        for client in clients { try ask(client, pipe) }
        try replace()
        try stage.until("both are found") { self.stage.ports.drains[first]?.connections?.count == 2 }
        var snapshot = Snapshot(apps: [
            AppSnapshot(
                spec: stage.spec(), generation: Generation(1),
                slots: [
                    SlotSnapshot(
                        index: SlotIndex(0), id: SlotID(0), status: .online,
                        others: [
                            InstanceSnapshot(
                                id: first, generation: Generation(1), phase: .draining, process: nil,
                                since: .now, drain: DrainSnapshot(until: .now))
                        ])
                ])
        ])
        stage.ports.fill(&snapshot)
        #expect(snapshot.apps[0].slots[0].others[0].drain?.connections == 2)
        stage.ports.endDrain(first)
        #expect(stage.ports.drains.isEmpty)
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

    private func isStuck(_ instance: InstanceID) -> Bool {
        stage.ports.standing(of: instance)?.listeners.first?.isStuck == true
    }

    private func tells(_ instance: InstanceID) -> Bool {
        stage.facts.contains { if case .stuck(instance, let waiting) = $0 { waiting > 0 } else { false } }
    }

    @Test func `a stuck instance is told of, and that it is well again`() throws {
        let first = try stage.serve()
        let second = try stage.serve()
        try stage.steer(to: [first, second])
        try stage.freeze(first)
        var waiting: [SharedDescriptor] = []
        try stage.until("the first has a queue") {
            waiting.append(try stage.connect())
            return (stage.ports.standing(of: first)?.listeners.first?.waiting ?? 0) > 0
        }
        try stage.until("it is found stuck") { self.tells(first) }
        #expect(isStuck(first) && !isStuck(second))
        // What the supervisor makes of it.
        try stage.steer(to: [second])
        #expect(try stage.census(20) == ["2": 20])
        kill(stage.process(first), SIGCONT)
        try stage.until("it is well again") { stage.heard(.unstuck(first)) }
        try stage.steer(to: [first, second])
        for client in waiting { #expect(try stage.answer(client) != "") }
        #expect(try stage.census(40)["1", default: 0] > 5)
        try stage.until("nothing is watched any more") { stage.ports.nextDeadline == nil }
        #expect(stage.facts.count { if case .stuck = $0 { true } else { false } } == 1)
    }

    @Test func `with a stuck_timeout of 0 nobody is ever stuck`() throws {
        let patient = stage.spec { $0.stuckTimeout = .zero }
        let quick = stage.spec("quick") { $0.stuckTimeout = .milliseconds(50) }
        let first = try stage.serve(nil, patient)
        let port = freePort()
        let script = stage.server().replacing("\(stage.port)", with: "\(port)")
        let second = try stage.serve(script, quick)
        try stage.freeze(first)
        try stage.freeze(second)
        let clients = [try stage.connect(), try stage.connect(to: port)]
        try stage.until("the quick one is found stuck") { self.tells(second) }
        #expect(!tells(first) && clients.count == 2)
    }

    @Test func `the heir of a stuck one is judged anew`() throws {
        let first = try stage.serve()
        try stage.steer(to: [first])
        try stage.freeze(first)
        let client = try stage.connect()
        try stage.until("it is found stuck") { self.tells(first) }
        try stage.crash(first)
        let heir = try stage.serve(heirOf: first)
        try stage.steer(to: [heir])
        #expect(try stage.answer(client) == "2")
        #expect(!tells(heir) && !isStuck(heir))
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
