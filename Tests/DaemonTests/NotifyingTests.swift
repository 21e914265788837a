import Linux
import Supervision
import Support
import Testing

@testable import Daemon

/// The socket of an instance, and programs in Python that speak on it.
@Suite struct Notifying {
    private final class Notes {
        var words: [Word] = []
        var complaints: [String] = []
        var held: [String: SharedDescriptor] = [:]
    }

    private let notes = Notes()
    private let watches: Watches
    private let sockets: NotifySockets
    private let name: String
    private let home: Home
    private static let instance = InstanceID(7)

    private static let speaker = """
        import array, os, socket, sys
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        fds = os.pipe() if sys.argv[2] == "BARRIER=1" else ()
        more = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds[1:]))] if fds else []
        s.sendmsg([sys.argv[2].encode()], more, 0, "\\0" + sys.argv[1][1:])
        for fd in fds[1:]: os.close(fd)
        if fds: os.read(fds[0], 1)
        if "stay" in sys.argv: __import__("time").sleep(60)
        """

    init() throws {
        home = Home(path: Scratch().path)
        watches = try Watches()
        let safe = PortsSafe(
            deposit: { [notes] key, descriptor in
                if let copy = try? Descriptor.copy(of: descriptor.number) {
                    notes.held[key] = SharedDescriptor(copy)
                }
            },
            withdraw: { [notes] key in notes.held[key] = nil }, borrow: { _, _ in })
        sockets = NotifySockets(
            watches: watches, safe: safe, home: home,
            tell: { [notes] in notes.complaints.append($0) })
        name = try sockets.prepare(Notifying.instance)
        sockets.onWord = { [notes] in notes.words.append($1) }
    }

    private func speak(_ text: String, _ more: String...) throws -> Running {
        try Command("python3", ["-c", Self.speaker, name, text] + more).start()
    }

    private func turn(_ what: String, until condition: () throws -> Bool) throws {
        try eventually(what) {
            try watches.wait(atMost: .milliseconds(10))
            return try condition()
        }
    }

    @Test func `what the main process says is heard, also what it said before that was known`() throws {
        let program = try speak("READY=1\nSTATUS=fine", "stay")
        defer { program.send(Signals.kill) }
        sockets.spawned(Self.instance, ProcessID(program.process))
        try turn("its words") { notes.words == [.ready, .status("fine")] }
    }

    @Test func `another instance's program is not heard, and that is said once`() throws {
        let program = try Command("sleep", ["60"]).start()
        let stranger = try speak("READY=1", "stay")
        let another = try speak("READY=1", "stay")
        defer { for one in [program, stranger, another] { one.send(Signals.kill) } }
        sockets.spawned(Self.instance, ProcessID(program.process))
        try turn("the complaint") { !notes.complaints.isEmpty }
        let own = try speak("STATUS=x")
        _ = try own.wait()
        try turn("the last") { notes.words == [.status("x")] }
        #expect(notes.complaints.count == 1)
        #expect(notes.complaints[0].hasSuffix("is not of instance 7, and may not speak for it"))
    }

    @Test func `the word of a short-lived helper of the same user counts`() throws {
        let program = try Command("sleep", ["60"]).start()
        defer { program.send(Signals.kill) }
        let helper = try speak("READY=1")
        _ = try helper.wait()
        sockets.spawned(Self.instance, ProcessID(program.process))
        try turn("its word") { notes.words == [.ready] }
    }

    @Test func `whoever waits for its words to be heard is let go`() throws {
        let program = try Command("sleep", ["60"]).start()
        defer { program.send(Signals.kill) }
        sockets.spawned(Self.instance, ProcessID(program.process))
        let waiting = try speak("BARRIER=1")
        try turn("the end of the waiting") { !waiting.isRunning }
    }

    @Test func `only a process of the instance can become its main one`() throws {
        let program = try speak("MAINPID=\(ThisProcess.identifier)\nSTATUS=after", "stay")
        defer { program.send(Signals.kill) }
        sockets.spawned(Self.instance, ProcessID(program.process))
        try turn("its words") { notes.words == [.status("after")] }
        #expect(notes.complaints.count == 1)
    }

    /// A daemon of the old kind: it names its child, and is gone before anybody listens.
    private static let forker = """
        import os, socket, sys, time
        while not os.path.exists(sys.argv[2]): time.sleep(0.01)
        child = os.fork()
        if child == 0: time.sleep(60)
        s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        s.sendto(b"MAINPID=%d" % child, "\\0" + sys.argv[1][1:])
        print(child, flush=True)
        os._exit(0)
        """

    @Test func `who is to be the main process is believed as a last word`() throws {
        let scratch = Scratch()
        var command = Command("python3", ["-c", Self.forker, name, scratch.path("go")])
        command.environment = [ProgramEnvironment.marker: home.marker(of: Self.instance)]
        let program = try command.start()
        sockets.spawned(Self.instance, ProcessID(program.process))
        scratch.file("go", "")
        try eventually("its child") { !program.outputSoFar.isEmpty }
        let child = try #require(Int32(program.outputSoFar.filter { !$0.isNewline }))
        defer { _ = try? Signals.send(Signals.kill, to: child) }
        try eventually("its end") { !program.isRunning }
        try turn("its last word") { notes.words == [.mainProcess(ProcessID(child))] }
        #expect(notes.complaints.isEmpty)
    }

    @Test func `a name that somebody has taken keeps no program from speaking`() throws {
        let next = InstanceID(8)
        let thief = try DatagramSocket.bind(abstract: home.notifySocket(of: next))
        let other = try sockets.prepare(next)
        #expect(other != "@\(home.notifySocket(of: next))")
        let program = try Command("python3", ["-c", Self.speaker, other, "READY=1", "stay"]).start()
        defer { program.send(Signals.kill) }
        sockets.spawned(next, ProcessID(program.process))
        try turn("its word") { notes.words == [.ready] }
        _ = consume thief
    }

    @Test func `what is too long is dropped as a whole`() throws {
        let program = try speak("READY=1\nSTATUS=" + String(repeating: "x", count: 5000), "stay")
        defer { program.send(Signals.kill) }
        sockets.spawned(Self.instance, ProcessID(program.process))
        try turn("the complaint") { notes.complaints.count == 1 }
        #expect(notes.words.isEmpty)
    }

    @Test func `what is said while no daemon runs waits for the next one`() throws {
        let program = try speak("READY=1", "stay")
        defer { program.send(Signals.kill) }
        let next = NotifySockets(
            watches: watches, safe: PortsSafe(deposit: { _, _ in }, withdraw: { _ in }, borrow: { _, _ in }),
            home: Home(path: "/"), tell: { _ in })
        next.onWord = { [notes] in notes.words.append($1) }
        next.restore(notes.held) { _ in ProcessID(program.process) }
        try turn("its word") { notes.words == [.ready] }
    }

    @Test func `who has ended is not spoken for, and nothing stays with the keeper`() throws {
        #expect(notes.held.count == 1)
        sockets.forget(Self.instance)
        #expect(notes.held.isEmpty)
        let late = try speak("READY=1")
        #expect(try !late.wait().succeeded)
    }
}
