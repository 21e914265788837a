import Linux
import Supervision
import Support
import Testing

@testable import Daemon

/// The prober against a server that behaves in every bad way.
@Suite struct Checking {
    private final class Notes {
        var results: [(InstanceID, CheckResult)] = []
        func of(_ number: UInt64) -> [CheckResult] { results.filter { $0.0 == InstanceID(number) }.map(\.1) }
    }

    private let notes = Notes()
    private let watches: Watches
    private let prober: Prober
    private let server: Running
    private let target: SocketAddress

    private static let script = """
        import socket, sys, threading, time
        def serve(c):
            head = b''
            while b'\\r\\n\\r\\n' not in head:
                more = c.recv(4096)
                if not more: return
                head += more
            path = head.split(b' ')[1].decode()
            say = lambda text: c.sendall(text.encode())
            if path == '/ok': say('HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nok')
            elif path == '/moved': say('HTTP/1.0 302 Found\\r\\n\\r\\n')
            elif path == '/ill': say('HTTP/1.1 500 No\\r\\nContent-Length: 0\\r\\n\\r\\n')
            elif path == '/asked': say('HTTP/1.1 %d X\\r\\nContent-Length: 0\\r\\n\\r\\n' % (200 if b'X-Who: me\\r\\n' in head else 400))
            elif path == '/slow-body': say('HTTP/1.1 200 OK\\r\\nContent-Length: 9\\r\\n\\r\\nx'); time.sleep(60)
            elif path == '/garbage': say('hello\\r\\n\\r\\n')
            elif path == '/endless': 
                while True: say('HTTP/1.1 200 OK\\r\\n' if head else 'X: ' + 'y' * 5000 + '\\r\\n'); head = b''
            elif path == '/hang': time.sleep(60)
            c.close()
        def safely(c):
            try: serve(c)
            except OSError: pass
        s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(100)
        print(s.getsockname()[1], flush=True)
        while sys.argv[1:] != ['deaf']:
            threading.Thread(target=safely, args=(s.accept()[0],), daemon=True).start()
        time.sleep(600)
        """

    init() throws { try self.init(deaf: false) }

    private init(deaf: Bool) throws {
        watches = try Watches()
        prober = Prober(watches: watches, diagnostics: try SocketDiagnostics())
        let server = try Command("python3", ["-c", Self.script] + (deaf ? ["deaf"] : [])).start()
        self.server = server
        let port = try eventually("the server's port") {
            UInt16(server.outputSoFar.filter { !$0.isNewline })
        }
        let target = SocketAddress(.v4, host: [127, 0, 0, 1], port: port)
        self.target = target
        prober.route = { _, port in
            .open(to: SocketAddress(.v4, host: target.host, port: port ?? target.port), from: nil)
        }
        prober.onResult = { [notes] in notes.results.append(($0, $1)) }
    }

    private func begin(
        _ number: UInt64, _ probe: HealthCheck.Probe, _ change: (inout HealthCheck) -> Void = { _ in }
    ) {
        var spec = AppSpec(name: AppName("web"), script: "x", workingDirectory: "/")
        var check = HealthCheck(probe)
        check.interval = .milliseconds(50)
        change(&check)
        spec.health = check
        let launch = Launch(spec: spec, slot: SlotIndex(0), id: SlotID(0), generation: Generation(1))
        prober.prepare(InstanceID(number), launch)
        prober.begin(InstanceID(number))
    }

    private func http(_ path: String, _ change: (inout HTTPProbe) -> Void = { _ in }) -> HealthCheck.Probe {
        var probe = HTTPProbe(path: path)
        change(&probe)
        return .http(probe)
    }

    private func until(_ what: String, _ condition: () throws -> Bool) throws {
        try eventually(what) {
            let wait = prober.nextDeadline.map { min(.milliseconds(20), max(.zero, $0 - .now)) }
            try watches.wait(atMost: wait ?? .milliseconds(20))
            prober.deadlinePassed(at: .now)
            return try condition()
        }
    }

    private func first(
        _ probe: HealthCheck.Probe, _ change: (inout HealthCheck) -> Void = { _ in }
    ) throws -> CheckResult {
        defer { server.send(Signals.kill) }
        begin(1, probe, change)
        try until("a result") { !notes.results.isEmpty }
        return notes.results[0].1
    }

    // MARK: - HTTP

    @Test(arguments: ["/ok", "/moved", "/slow-body"]) func `a good answer is health`(path: String) throws {
        #expect(try first(http(path)) { $0.timeout = .milliseconds(700) } == .passed)
    }

    @Test func `another status is not, and is named`() throws {
        #expect(try first(http("/ill")) == .failed("500 from /ill"))
    }

    @Test func `only the status that was asked for is good`() throws {
        #expect(try first(http("/ok") { $0.statuses = [204] }) == .failed("200 from /ok"))
    }

    @Test func `headers go along`() throws {
        #expect(try first(http("/asked") { $0.headers = ["X-Who": "me"] }) == .passed)
    }

    @Test func `who does not answer in time is not healthy`() throws {
        let result = try first(http("/hang")) { $0.timeout = .milliseconds(300) }
        #expect(result == .failed("no answer from /hang within 300 ms"))
    }

    @Test func `who closes without an answer is not healthy`() throws {
        #expect(
            try first(http("/close")) == .failed("no answer from /close: the connection was closed"))
    }

    @Test(arguments: ["/garbage", "/endless"]) func `what is no answer is bounded, and said`(path: String)
        throws
    {
        guard case .failed(let reason) = try first(http(path)) else { return _ = Issue.record("it passed") }
        #expect(reason.hasPrefix("what came from \(path) is not HTTP: "))
    }

    @Test func `who cannot be reached is named`() throws {
        let port = freePort()
        let result = try first(http("/ok") { $0.port = port })
        #expect(result == .failed("127.0.0.1:\(port) cannot be reached: Connection refused"))
    }

    @Test func `one that hangs holds up no other`() throws {
        defer { server.send(Signals.kill) }
        for number in 1...20 { begin(UInt64(number), http("/hang")) { $0.timeout = .seconds(60) } }
        begin(21, http("/ok"))
        try until("three checks of the other") { notes.of(21).count == 3 }
        #expect(notes.results.allSatisfy { $0.0 == InstanceID(21) && $0.1 == .passed })
    }

    @Test func `nothing is told of one that is on its way out`() throws {
        defer { server.send(Signals.kill) }
        begin(1, http("/hang")) { $0.timeout = .milliseconds(100) }
        begin(2, http("/ok"))
        try until("the other's first") { notes.of(2).count == 1 }
        prober.end(InstanceID(1))
        try until("more of the other") { notes.of(2).count == 8 }
        #expect(notes.of(1).isEmpty)
    }

    // MARK: - TCP

    @Test func `a connection that the program accepts is health`() throws {
        #expect(try first(.tcp(port: nil)) == .passed)
    }

    @Test func `a connection that only the kernel accepts is not`() throws {
        let deaf = try Checking(deaf: true)
        server.send(Signals.kill)
        let result = try deaf.first(.tcp(port: nil)) { $0.timeout = .milliseconds(300) }
        #expect(result == .failed("\(deaf.target) accepted no connection within 300 ms"))
    }

    // MARK: - Commands

    private func command(_ line: String, _ timeout: Duration = .seconds(20)) throws -> CheckResult {
        let nothing = SharedDescriptor(try File.open("/dev/null", .readAndWrite))
        let limit = try ResourceLimit.raiseOpenFiles()
        prober.job = { instance, launch, output in
            SpawnJob(
                instance: instance, launch: launch, home: "/", marker: "x", input: nothing, output: output,
                error: output, ports: PortsProvision(), openFiles: limit)
        }
        return try first(.command(["sh", "-c", line])) { $0.timeout = timeout }
    }

    @Test func `a command that ends with 0 is health`() throws {
        #expect(try command("exit 0") == .passed)
    }

    @Test func `a command that fails is quoted`() throws {
        #expect(
            try command("echo looking; echo no database >&2; exit 3")
                == .failed("the command exited with 3: no database"))
    }

    @Test func `a command that is killed is no health`() throws {
        #expect(try command("kill -9 $$") == .failed("the command was ended by SIGKILL"))
    }

    @Test func `a command that does not exist is a failure`() throws {
        let nothing = SharedDescriptor(try File.open("/dev/null", .readAndWrite))
        let limit = try ResourceLimit.raiseOpenFiles()
        prober.job = { instance, launch, output in
            SpawnJob(
                instance: instance, launch: launch, home: "/", marker: "x", input: nothing, output: output,
                error: output, ports: PortsProvision(), openFiles: limit)
        }
        guard case .failed(let reason) = try first(.command(["no-such-program"])) else {
            return _ = Issue.record("it passed")
        }
        #expect(reason.contains("no-such-program"))
    }

    @Test func `a command that takes too long is killed with all its children`() throws {
        let mark = "\(freePort())\(ThisProcess.identifier)"
        let result = try command("sleep 77\(mark) & sleep 77\(mark)", .milliseconds(400))
        #expect(result == .failed("the command took too long"))
        try until("nothing is left") {
            !runningProcesses().contains { $0.command == ["sleep", "77\(mark)"] && $0.state != "Z" }
        }
    }

    @Test func `a command that never stops talking holds up nobody`() throws {
        let began = Instant.now
        #expect(
            try command("exec timeout 30 yes", .milliseconds(400)) == .failed("the command took too long"))
        #expect(Instant.now - began < .seconds(15), "the loop went round")
    }

    @Test func `much output holds up no command`() throws {
        #expect(
            try command("head -c 1000000 /dev/zero; echo; echo end; exit 1")
                == .failed("the command exited with 1: end"))
    }
}
