import Glibc
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

@Suite(.serialized) struct Holding {
    let stage: PortsStage

    init() throws { stage = try PortsStage() }

    @Test func `a program that listens is ready, and its listener is held`() throws {
        let first = try stage.serve()
        #expect(stage.heard(.listened(first, stage.address())))
        #expect(stage.ports.standing(of: first)?.tier == .steered)
        #expect(stage.ports.standing(of: first)?.listeners.first?.limit == 1024)
        #expect(try stage.census(5) == ["1": 5])
        #expect(stage.safe.keys.contains { $0.hasPrefix("listener/") })
    }

    /// Keeps what it accepts, and listens where nothing is held as well.
    private func keeper(_ host: String) -> String {
        let family = host.contains(":") ? "AF_INET6" : "AF_INET"
        return """
            import socket
            s = socket.socket(socket.\(family)); s.bind(('\(host)', \(stage.port))); s.listen(5)
            other = socket.socket(); other.bind(('127.0.0.1', 0)); other.listen(7)
            kept = []
            while True: kept.append(s.accept()[0])
            """
    }

    @Test(arguments: ["127.0.0.1", "::"])
    func `connections and queues are counted for each instance, when somebody asks`(_ host: String) throws {
        let (first, second) = (try stage.serve(keeper(host)), try stage.serve(keeper(host)))
        func ports(_ instance: InstanceID, at now: Instant = .now) -> PortsSnapshot? {
            let shown = InstanceSnapshot(
                id: instance, generation: Generation(1), phase: .online, process: nil, since: .now)
            let slot = SlotSnapshot(index: SlotIndex(0), id: SlotID(0), status: .online, current: shown)
            var snapshot = Snapshot(apps: [
                AppSnapshot(spec: stage.spec(), generation: Generation(1), slots: [slot])
            ])
            stage.ports.count(&snapshot, at: now)
            return snapshot.apps[0].slots[0].current?.ports
        }
        try stage.steer(to: [first])
        let clients = try (0..<3).map { _ in try stage.connect() }
        try stage.until("they are accepted") { ports(first)?.connections == 3 }
        #expect(ports(second)?.connections == 0)
        // What was counted a moment ago is not counted again.
        try stage.freeze(first)
        let now = Instant.now
        _ = ports(first, at: now)
        let more = try stage.connect()
        #expect(ports(first, at: now + .milliseconds(499))?.listeners.first?.waiting == 0)
        let later = try #require(ports(first, at: now + .milliseconds(500)))
        #expect(later.connections == 3 && later.tier == .steered && later.obstacle == nil)
        #expect(later.listeners.map(\.waiting) == [1, 0] && later.listeners.map(\.limit) == [1024, 7])
        withExtendedLifetime((clients, more)) {}
    }

    @Test(arguments: ["127.0.0.1", "0.0.0.0", "::1", "::"])
    func `instances share a port and only those in rotation are met`(_ host: String) throws {
        let first = try stage.serve(stage.server(host))
        try stage.steer(to: [first])
        let second = try stage.serve(stage.server(host))
        let reach = host.contains(":") ? "::1" : "127.0.0.1"
        #expect(try stage.census(20, reach) == ["1": 20])
        try stage.steer(to: [first, second])
        let both = try stage.census(60, reach)
        #expect(both["1", default: 0] > 10 && both["2", default: 0] > 10, "\(both)")
        try stage.steer(to: [second])
        #expect(try stage.census(20, reach) == ["2": 20])
        if host == "::" { #expect(try stage.census(10, "127.0.0.1") == ["2": 10]) }
        if host == "0.0.0.0" {
            let probe = Ports.source(of: first).host
            #expect(try stage.answer(stage.connect("127.0.0.1", from: probe)) == "1")
        }
    }

    @Test func `a crash loses no connection that waits, and the heir answers it`() throws {
        let first = try stage.serve()
        try stage.steer(to: [first])
        try stage.freeze(first)
        let waiting = try (0..<5).map { _ in try stage.connect() }
        try stage.crash(first)
        let late = try stage.connect()
        let heir = try stage.serve(heirOf: first)
        try stage.steer(to: [heir])
        for client in waiting + [late] { #expect(try stage.answer(client) == "2") }
        #expect(stage.ports.listeners.count == 1)
    }

    @Test func `a crash steers away at once`() throws {
        let first = try stage.serve()
        let second = try stage.serve()
        try stage.steer(to: [first, second])
        try stage.crash(first)
        #expect(try stage.census(20) == ["2": 20])
        // Even with the dead one's place in the group taken away.
        stage.ports.release(first)
        #expect(try stage.census(20) == ["2": 20])
        #expect(stage.ports.groups.values.map(\.order.count) == [1])
    }

    @Test func `release refuses those who wait for nobody`() throws {
        let first = try stage.serve()
        try stage.freeze(first)
        let client = try stage.connect()
        try stage.crash(first)
        stage.ports.release(first)
        #expect(try stage.answer(client) == "")
        #expect(stage.safe.keys.sorted() == [InFlight.key, PortsJournal.key])
        #expect(stage.ports.groups.isEmpty && stage.ports.traps.isEmpty)
    }

    @Test func `what a failed start inherited waits for its own heir`() throws {
        let first = try stage.serve()
        try stage.crash(first)
        let waiting = try stage.connect()
        let launch = Launch(
            spec: stage.spec(), slot: SlotIndex(0), id: SlotID(0), generation: Generation(1), heirOf: first)
        _ = try stage.ports.prepare(InstanceID(90), launch)
        stage.ports.failed(InstanceID(90))
        #expect(stage.ports.holdings(of: InstanceID(90)).count == 1)
        #expect(stage.ports.tenants[first] == nil && stage.ports.traps[first] == nil)
        let heir = try stage.serve(heirOf: InstanceID(90))
        #expect(try stage.answer(waiting) == "2")
        #expect(stage.ports.tenants.keys.sorted() == [heir] && stage.ports.traps.count == 1)
    }

    @Test func `programs that look at SO_ACCEPTCONN after bind still listen`() throws {
        let script = """
            import socket, os
            s = socket.socket(); s.bind(('127.0.0.1', \(stage.port)))
            if not s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN): s.listen(5)
            while True:
                c, _ = s.accept(); c.sendall(os.environ['NAME'].encode()); c.close()
            """
        let first = try stage.serve(script)
        try stage.crash(first)
        _ = try stage.serve(script, heirOf: first)
        #expect(try stage.census(3) == ["2": 3])
    }

    @Test func `a socket in an epoll set is not exchanged, and the dead one's queue goes`() throws {
        let script = """
            import socket, os, select
            s = socket.socket(); e = select.epoll(); e.register(s); s.bind(('127.0.0.1', \(stage.port))); s.listen(5)
            while True:
                e.poll(); c, _ = s.accept(); c.sendall(os.environ['NAME'].encode()); c.close()
            """
        let first = try stage.serve(script)
        try stage.crash(first)
        let waiting = try stage.connect()
        let heir = try stage.serve(script, heirOf: first)
        try stage.steer(to: [heir])
        #expect(try stage.answer(waiting) == "")
        #expect(try stage.census(5) == ["2": 5])
        #expect(stage.ports.listeners.count == 1)
    }

    @Test func `a multipath listener becomes one that can be shared`() throws {
        let script = stage.server().replacing(
            "socket.socket(socket.AF_INET)", with: "socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262)")
        let first = try stage.serve(script)
        let second = try stage.serve(script)
        try stage.steer(to: [second])
        #expect(try stage.census(10) == ["2": 10])
        #expect(stage.ports.standing(of: first)?.tier == .steered)
    }

    @Test func `a call that comes again is answered as before`() throws {
        let address = "('127.0.0.1', \(stage.port))"
        let script = stage.server().replacing(
            "s.listen(5)", with: "s.bind(\(address)); s.listen(5); s.listen(1)")
        let first = try stage.serve(script)
        #expect(try stage.census(3) == ["1": 3])
        #expect(stage.ports.standing(of: first)?.listeners.map(\.limit) == [1024])
    }

    @Test func `grandchildren are served as well`() throws {
        let script =
            "import subprocess, sys; sys.exit(subprocess.call(['sh', '-c', 'python3 -c \"$0\"; exit 3', '''\(stage.server())''']))"
        let first = try stage.serve(script)
        #expect(stage.heard(.listened(first, stage.address())))
        #expect(try stage.census(3) == ["1": 3])
        kill(-stage.process(first), SIGKILL)
    }

    @Test func `port 0, UDP and Unix sockets are left alone`() throws {
        let script = """
            import socket, os
            u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(('127.0.0.1', \(stage.port)))
            x = socket.socket(socket.AF_UNIX); x.bind('\\0ports-\(stage.port)-and-a-name-of-more-than-sixteen-bytes'); x.listen()
            s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen()
            assert s.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT) == 0
            os._exit(0)
            """
        let first = try stage.start(script)
        #expect(try stage.exitCode(first) == 0)
        #expect(stage.facts == [.listened(first, nil)])
        #expect(stage.ports.listeners.isEmpty)
    }
}
