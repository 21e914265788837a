import Console
import Glibc
import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Client

@Suite struct Calling {
    private let scratch = Scratch()
    private var home: Home { Home(path: scratch.path) }
    private var caller: Caller { Caller(home: home) }

    /// Runs `body` while a daemon answers by this script.
    private func withDaemon(
        _ script: @escaping @Sendable (HTTPRequest) -> ScriptedDaemon.Act, _ body: () throws -> Void
    ) throws {
        let daemon = try ScriptedDaemon(at: home.socket, script)
        defer { daemon.end() }
        try body()
    }

    private func stop(_ body: () throws -> Void) -> Report? {
        do { try body() } catch let stop as Stop { return stop.report } catch {}
        return nil
    }

    private static func ok(_ body: [UInt8]) -> ScriptedDaemon.Act { .answer(HTTPWriter.response(200, body)) }

    @Test func `where no daemon runs there is no answer, and no error`() throws {
        #expect(try caller.snapshot() == nil)
        // A socket that its daemon left behind is as good as none.
        _ = try UnixSocket.listen(home.socket)
        #expect(try caller.snapshot() == nil)
    }

    @Test func `a question is answered`() throws {
        let snapshot = Snapshot(apps: [])
        try withDaemon({ request in
            #expect(request.path == ["v1", "apps"])
            return Calling.ok(Answer.bytes(snapshot, clock: .now))
        }) {
            let answer = try caller.snapshot()
            #expect(answer == snapshot)
        }
    }

    @Test func `a daemon that says nothing is given up in time`() throws {
        try withDaemon({ _ in .silence }) {
            let report = stop { _ = try caller.ask(.ping, within: .milliseconds(100)) }
            #expect(report?.code == .unreachable)
            #expect(
                report?.errors == [
                    "the daemon does not answer: nothing came within 100 ms",
                    "  what it said last: tail \(home.daemonLog)",
                ])
        }
    }

    @Test func `a daemon that goes away is noticed`() throws {
        try withDaemon({ _ in .hangUp }) {
            #expect(
                stop { _ = try caller.ask(.ping) }?.errors.first?.hasPrefix("the daemon went away") == true)
        }
    }

    @Test func `a daemon that goes away before it takes a request may be asked again`() throws {
        // As the client has it: a write that nobody takes is an error, and no reason to die.
        let former = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, former) }
        let listener = try UnixSocket.listen(home.socket)
        guard let connection = try caller.connect() else { throw NeverSaid() }
        let accepted = try listener.accept()
        // As its end would, whoever has a copy of this.
        if let accepted { shutdown(accepted.number, Int32(SHUT_RDWR)) }
        do throws(Stop) {
            try caller.send(.ping, over: connection, by: Deadline(in: .seconds(10)))
            Issue.record("it was taken")
        } catch {
            #expect(error.isLoss, "\(error)")
        }
    }

    private struct NeverSaid: Error {}

    @Test func `an answer that is cut off is no answer`() throws {
        let whole = HTTPWriter.response(200, Answer.bytes(Snapshot(), clock: .now))
        try withDaemon({ _ in .answer(Array(whole.dropLast(3))) }) {
            #expect(stop { _ = try caller.snapshot() }?.code == .unreachable)
        }
    }

    @Test func `what is not our daemon is not believed`() throws {
        try withDaemon({ _ in .answer(Array("220 mail.example.org ESMTP\r\n\r\n".utf8)) }) {
            #expect(stop { _ = try caller.snapshot() }?.code == .unreachable)
        }
        try withDaemon({ _ in Calling.ok(Array("{\"hello\": 1}".utf8)) }) {
            #expect(stop { _ = try caller.snapshot() }?.code == .unreachable)
        }
    }

    @Test(arguments: ["0.0.1", "99.0.0"])
    func `a daemon of another version that is not understood is named, and what to do about it`(
        _ version: String
    ) throws {
        let server = ProgramName(version: version, build: "0123456789ab").header
        let advice = version == "0.0.1" ? "swpm update has it go on" : "newer than this one"
        // It calls things by other names, knows no such call, and speaks of what nobody here knows.
        let answers = [
            HTTPWriter.response(200, Array("{\"programs\": []}".utf8), server: server),
            HTTPWriter.response(
                404, Answer.bytes(APIRefusal(HTTPRefusal(404, "no such path"))), server: server),
            HTTPWriter.response(200, Array("{\"apps\": [{\"mode\": \"quantum\"}]}".utf8), server: server),
        ]
        for bytes in answers {
            try withDaemon({ _ in .answer(bytes) }) {
                let caller = caller
                do throws(Stop) {
                    _ = try caller.snapshot()
                    Issue.record("that was understood")
                } catch {
                    let report = caller.peer.explained(error)
                    #expect(report.errors.count == 2, "\(report)")
                    #expect(
                        report.errors.last?.contains("another swpm, \(version) (0123456789ab)") == true
                            && report.errors.last?.contains(advice) == true, "\(report)")
                }
            }
        }
    }

    @Test func `members that a newer daemon adds are no trouble`() throws {
        let bytes = Array("{\"apps\": [], \"weather\": {\"outlook\": \"fine\"}}".utf8)
        let server = ProgramName(version: "99.0.0", build: "").header
        try withDaemon({ _ in .answer(HTTPWriter.response(200, bytes, server: server)) }) {
            let caller = caller
            let snapshot = try caller.snapshot()
            #expect(snapshot == Snapshot())
            #expect(caller.peer.reminder?.contains("newer than this one") == true)
        }
    }

    @Test func `a refusal has its exit code`() throws {
        let refusal = Refusal.noSuchApp("x")
        try withDaemon({ _ in .answer(HTTPWriter.response(refusal.status, Answer.bytes(refusal))) }) {
            #expect(stop { _ = try caller.snapshot(.named("x")) }?.code == .noSuchApp)
        }
    }

    // MARK: - Operations

    private static let progress = Progress(
        app: AppName("web"), slot: SlotIndex(0), generation: Generation(1), step: .launching)

    private static func stream(_ lines: [OperationLine], isWhole: Bool = true) -> ScriptedDaemon.Act {
        let chunks = lines.flatMap { HTTPWriter.chunk(Answer.bytes($0, clock: .now)) }
        return .answer(HTTPWriter.stream() + chunks + (isWhole ? HTTPWriter.lastChunk : []))
    }

    private func operate(_ request: Request, tell: (OperationLine) -> Void = { _ in }) throws -> Reply? {
        let signals = try SignalQueue(for: [Signals.user2])
        guard let connection = try caller.connect(disturbance: signals.descriptor.number) else { return nil }
        try caller.begin(request, Ticket(7), over: connection)
        return try caller.hear(over: connection, signals: signals) { line, _ in tell(line) }
    }

    @Test func `an operation tells its steps and ends with the reply`() throws {
        let reply = Reply.done([Outcome(app: AppName("web"), change: .reloaded, instances: 2)])
        try withDaemon({ request in
            #expect(request.path == ["v1", "apps", "web", "reload"] && request.method == .post)
            return Calling.stream([.progress(Calling.progress), .reply(reply)])
        }) {
            var steps: [OperationLine] = []
            let answer = try operate(.reload(.named("web"))) { steps.append($0) }
            #expect(answer == reply)
            #expect(steps == [.progress(Calling.progress), .reply(reply)])
        }
    }

    @Test func `an operation that breaks off is not taken for done`() throws {
        for isWhole in [true, false] {
            try withDaemon({ _ in Calling.stream([.progress(Calling.progress)], isWhole: isWhole) }) {
                let report = stop { _ = try operate(.stop(.all)) }
                #expect(report?.code == .unreachable)
            }
        }
    }

    @Test func `an operation that is refused is a reply`() throws {
        let refusal = Refusal.noSuchApp("x")
        try withDaemon({ _ in .answer(HTTPWriter.response(refusal.status, Answer.bytes(refusal))) }) {
            let answer = try operate(.stop(.named("x")))
            #expect(answer == .refused(refusal))
        }
    }

    @Test func `the caller's environment goes along, without what belongs to one process`() {
        #expect(Launcher.isPrivate("SWPM_ID=3") && Launcher.isPrivate("SWPM_HOME=/x"))
        #expect(Launcher.isPrivate("NODE_CHANNEL_FD=3") && Launcher.isPrivate("NODE_UNIQUE_ID=1"))
        #expect(!Launcher.isPrivate("NODE_ENV=production") && !Launcher.isPrivate("PATH=/bin"))
    }

    // MARK: - Home

    @Test func `a home is made for its owner alone`() throws {
        let home = Home(path: scratch.path("a/b"))
        try home.prepare()
        #expect(try File.status(home.path)?.mode == 0o700)
        try File.setMode(home.path, 0o755)
        try home.prepare()
        #expect(try File.status(home.path)?.mode == 0o700)
    }

    @Test func `a home that is a file is refused`() {
        let home = Home(path: scratch.file("home", ""))
        #expect(stop { try home.prepare() }?.errors == ["\(home.path) is not a directory"])
    }

    @Test(.enabled(if: ThisProcess.user == 0)) func `somebody else's home is refused`() throws {
        let path = scratch.directory("home")
        try File.open(path, .directory).setOwner(user: 1234, group: 1234)
        #expect(stop { try Home(path: path).prepare() }?.errors.first == "\(path) belongs to another user")
    }
}
