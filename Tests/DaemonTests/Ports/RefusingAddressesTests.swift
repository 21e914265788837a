import Glibc
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

@Suite(.serialized) struct RefusingAddresses {
    let stage: PortsStage

    init() throws { stage = try PortsStage() }

    /// Exits with the errno of bind or listen.
    private func attempt(_ extra: String = "") -> String {
        """
        import socket, os
        try:
            s = socket.socket(); \(extra)
            s.bind(('127.0.0.1', \(stage.port))); s.listen(5)
        except OSError as e: os._exit(e.errno)
        os._exit(0)
        """
    }

    @Test(arguments: [false, true])
    func `a foreign program on the port is named, even if it would share`(_ shares: Bool) throws {
        let foreign = try TCPSocket.open(.v4)
        let socket = TCPSocket(foreign.number)
        if shares { try socket.setReusePort() }
        try socket.bind(#require(SocketAddress(text: "0.0.0.0", port: stage.port)))
        try socket.listen(backlog: 5)
        let first = try stage.start(attempt())
        #expect(try stage.exitCode(first) == EADDRINUSE)
        let sentence = try #require(stage.sentences.first)
        #expect(
            sentence.hasPrefix(
                "web cannot have 127.0.0.1:\(stage.port): process \(getpid()) of user \(Users().name(of: getuid())) "
                    + "listens on 0.0.0.0:\(stage.port): "), "\(sentence)")
    }

    @Test func `another app on the address is named`() throws {
        _ = try stage.serve(nil, stage.spec("other"))
        let second = try stage.start(attempt())
        #expect(try stage.exitCode(second) == EADDRINUSE)
        #expect(
            stage.sentences == [
                "web cannot have 127.0.0.1:\(stage.port): app other listens on 127.0.0.1:\(stage.port)"
            ])
    }

    @Test func `a stopped program's old connections are in nobody's way`() throws {
        // The server closes first, so that its side has them in TIME_WAIT.
        let first = try stage.serve()
        #expect(try stage.census(5) == ["1": 5])
        try stage.crash(first)
        stage.ports.release(first)
        let second = try stage.serve()
        #expect(stage.heard(.listened(second, stage.address())))
        #expect(try stage.census(1) == ["2": 1])
    }

    @Test func `an error of bind is the program's to see`() throws {
        let script = """
            import socket, os
            try: socket.socket().bind(('192.0.2.1', \(stage.port)))
            except OSError as e: os._exit(e.errno)
            """
        #expect(try stage.exitCode(stage.start(script)) == EADDRNOTAVAIL)
    }

    @Test func `a program that tries ports and closes them leaves none of ours behind`() throws {
        let other = freePort()
        let script = """
            import socket, os
            for i in range(3):
                t = socket.socket(); t.bind(('127.0.0.1', \(stage.port))); t.listen(); t.close()
            s = socket.socket(); s.bind(('127.0.0.1', \(other))); s.listen()
            t = socket.socket(); t.bind(('127.0.0.1', \(stage.port))); t.listen(5)
            while True:
                c, _ = t.accept(); c.sendall(b'last'); c.close()
            """
        let first = try stage.start(script)
        try stage.until("it listens for the last time") {
            stage.facts.filter { $0 == .listened(first, stage.address()) }.count == 4
        }
        #expect(stage.ports.holdings(of: first).count == 2)
        #expect(try stage.census(5) == ["last": 5])
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `a low port needs to be in the specification`() throws {
        let first = KernelSettings.firstUnprivilegedPort
        try #require(first > 100)
        let script = """
            import socket, os
            try:
                s = socket.socket(); s.bind(('127.0.0.1', 99)); s.listen()
            except OSError as e: os._exit(e.errno)
            os._exit(0)
            """
        let somebody: (inout SpawnRequest) -> Void = {
            $0.identity = .init(user: 4711, group: 4711, groups: [4711])
        }
        let refused = try stage.start(script, nil, somebody)
        #expect(try stage.exitCode(refused) == EACCES)
        #expect(stage.sentences.first?.contains("\"ports\": [99]") == true)
        let allowed = try stage.start(script, stage.spec { $0.ports = [99] }, somebody)
        #expect(try stage.exitCode(allowed) == 0)
        stage.ports.release(allowed)
    }

    @Test(.enabled(if: getuid() == 0, "needs root"))
    func `a new user shares the port with the old one`() throws {
        let first = try stage.serve()
        let second = try stage.serve { $0.identity = .init(user: 4711, group: 4711, groups: [4711]) }
        try stage.steer(to: [second])
        #expect(try stage.census(10) == ["2": 10])
        try stage.crash(first)
        stage.ports.release(first)
        let third = try stage.serve { $0.identity = .init(user: 4712, group: 4712, groups: [4712]) }
        try stage.steer(to: [third])
        #expect(try stage.census(10) == ["3": 10])
    }
}
