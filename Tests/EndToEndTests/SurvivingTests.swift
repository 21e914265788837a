import Glibc
import Support
import Testing

/// Five applications, load, and swpm killed in the midst of whatever it does: nobody notices.
@Suite(.serialized) struct Surviving {
    @Test func `kill -9 of the daemon at any moment is noticed by nobody`() throws {
        let crowd = try Crowd()
        defer { crowd.site.scratch.end() }
        for round in 0..<Counts.of(5, soak: 50) {
            try crowd.during(round) { crowd.kill("daemon") }
        }
        try crowd.settle()
    }

    @Test func `kill -9 of the keeper at any moment is noticed by nobody`() throws {
        let crowd = try Crowd()
        defer { crowd.site.scratch.end() }
        for round in 0..<Counts.of(2, soak: 20) {
            try crowd.during(round) { crowd.kill("keeper") }
        }
        try crowd.settle()
    }

    @Test func `kill -9 of both is noticed by nobody, and the next command goes on`() throws {
        let crowd = try Crowd()
        defer { crowd.site.scratch.end() }
        for round in 0..<Counts.of(2, soak: 20) {
            crowd.kill("keeper", "daemon")
            try crowd.lookAround()
            try crowd.during(round) {}
        }
        try crowd.settle()
    }

    /// What is written is that it is being started, and not yet who it is.
    @Test(arguments: Owner.here)
    func `whoever was being started when both were killed is brought back when it ends`(_ owner: Owner) throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "sleep", "--name", "app", "--min-uptime", "100ms", "--", "600")
        let process = try #require(try site.pids(of: "app").first)
        let pid = "\"pid\":\(process),"
        let state = "\(site.home)/state.json"
        try eventually(within: .seconds(10), "the pid on disk") { readFile(state)?.contains(pid) == true }
        try site.killBoth()
        let alone = try site.swpm("list")
        #expect(
            alone.code == 0
                && alone.errors.hasPrefix("swpm is not running; 1 program that it started runs on\n"))
        let parts = try #require(readFile(state)).split(separator: pid)
        try #require(parts.count == 2)
        writeFile(state, parts.joined())
        try site.must("start", "app")
        #expect(try site.pids(of: "app") == [process], "\(site.daemonLog)")
        try site.crash(process, of: "app")
        #expect(site.living.count == 1, "\(site.living)")
    }

    /// One change after the other, faster than the disk is written to, and the end of the daemon behind the last answer.
    @Test func `what was acknowledged is known to the next daemon`() throws {
        let site = try Site(Owner.here.last!)
        defer { site.scratch.end() }
        try site.must("start", "sleep", "--name", "app", "--", "600")
        try site.must("stop", "app")
        let script = """
            import os, signal, socket, sys
            s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
            for count in range(2, 22):
                body = '{"instances":%d}' % count
                s.sendall(('POST /v1/apps/app/scale HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n%s'
                    % (len(body), body)).encode())
                answer = b''
                while not answer.endswith(b'0\\r\\n\\r\\n'):
                    piece = s.recv(65536)
                    assert piece, answer
                    answer += piece
            os.kill(int(sys.argv[2]), signal.SIGKILL)
            assert b'"scaled"' in answer, answer
            """
        let daemon = "\(try site.daemon)"
        let client = try site.command("python3", ["-c", script, "\(site.home)/swpm.sock", daemon]).run()
        try #require(client.succeeded, "\(client)")
        try eventually(within: .seconds(20), "the next daemon") { try "\(site.daemon)" != daemon }
        #expect(try site.rows(of: "app").count == 21, "\(site.daemonLog)")
    }

    /// The client of a reload that was interrupted by the death of both asks whoever comes next.
    @Test func `a reload during which both are killed comes to its end`() throws {
        let crowd = try Crowd()
        defer { crowd.site.scratch.end() }
        for _ in 0..<Counts.of(1, soak: 10) {
            try crowd.during(0) { crowd.kill("keeper", "daemon") }
        }
        try crowd.settle()
    }
}

/// A Node cluster, a Node server, a Python and a Go server and a shell script, the first under load; and what each of
/// them must look like.
private final class Crowd {
    let site: Site
    private let loads: [Load]
    /// Changed by what is asked for only.
    private var restarts: [String: Int64] = [:]
    private var pids: [String: [Int32]] = [:]
    private static let apps = ["cluster", "single", "python", "go", "shell"]
    private static let line = String(repeating: "x", count: 60)
    private var dice = SystemRandomNumberGenerator()

    init() throws {
        site = try Site(Owner.here.last!)
        let ports = (0..<4).map { _ in freePort() }
        let workers = try site.fixture("node/workers.js")
        let file = site.file(
            "cluster.json",
            """
            {"apps": [{"name": "cluster", "script": "\(workers)", "args": ["http", "\(ports[0])"],
            "instances": 2, "exec_mode": "cluster", "drain_timeout": "5s",
            "interpreter": "\(try NodeVersion.v20.program(for: site))"}]}
            """)
        try site.must("start", file)
        for (server, name, port) in [
            (Server.node, "single", ports[1]), (.python, "python", ports[2]), (.go, "go", ports[3]),
        ] {
            try site.must(["start", "--name", name, "--zero-downtime"] + server.arguments(site, port: port))
        }
        // Two of it would both say so, and both write into one file.
        let script = site.file(
            "numbers.sh",
            """
            exec 9>>\(site.scratch.path("held")); flock -n 9 || { echo twice >> \(site.scratch.path("twice")); exit 1; }
            i=0; while :; do i=$((i+1)); echo line $i \(Crowd.line); [ $((i % 50)) = 0 ] && sleep 0.01; done

            """)
        try site.must("start", script, "--name", "shell", "--interpreter", "bash")
        loads = try [
            Load(port: ports[0], clients: 8, more: ["--keep-alive"]),
            Load(port: ports[3], clients: 4, pause: 5),
        ]
        for app in Crowd.apps {
            restarts[app] = 0
            pids[app] = try site.pids(of: app)
        }
    }

    func kill(_ parts: String...) {
        let own = site.own
        // Both are held still first: each would start the other again.
        for signal in parts.count > 1 ? [SIGSTOP, SIGKILL] : [SIGKILL] {
            for facts in own where parts.contains(facts.command[1]) { Glibc.kill(facts.id, signal) }
        }
    }

    /// Has something done, and kills whoever does it at a moment that is as good as any.
    ///
    /// Whose call, or question as a Node worker, is in the hands of both when they die gets no answer, or hears that there is no such
    /// call, and is started once more.
    func during(_ round: Int, _ death: () -> Void) throws {
        let words: [[String]] = [
            ["reload", "cluster"], ["scale", "python", round % 10 < 5 ? "2" : "1"], ["reload", "go"],
            ["restart", "single"],
            ["reload", "python"],
        ]
        let command = words[round % words.count]
        let running = try site.command(command).start()
        // The moment is what is tried: there is nothing to wait for.
        usleep(UInt32.random(in: 0...150_000, using: &dice))
        death()
        let finished = try running.wait(within: .seconds(60))
        try #require(finished.succeeded, "\(finished)\n\(site.daemonLog)")
        if command[0] != "scale" { restarts[command[1], default: 0] += 1 }
        pids[command[1]] = nil
        try lookAround()
    }

    /// Everything is there once, as it was or as it was asked for.
    func lookAround() throws {
        try eventually(within: .seconds(30), "everybody online\n\(site.daemonLog)") {
            let finished = try site.swpm("jlist")
            // Nobody may have asked since both were killed.
            guard finished.succeeded, finished.output.contains("pm_id") else {
                return try site.swpm("start", "shell").succeeded && false
            }
            return try site.rows().allSatisfy { $0.status == "online" } && site.rows().count >= 6
        }
        let rows = try site.rows()
        for app in Crowd.apps {
            let own = rows.filter { $0.name == app }
            if let before = pids[app] {
                #expect(own.map(\.pid) == before, "\(app)\n\(site.daemonLog)")
            }
            pids[app] = own.map(\.pid)
            let wanted = restarts[app] ?? 0
            #expect(own[0].restarts == wanted, "\(app)\n\(site.daemonLog)")
        }
        let listed = Set(rows.map(\.pid))
        let heads = Set(site.living.filter { $0.session == $0.id }.map(\.id))
        #expect(heads == listed, "\(site.daemonLog)")
        #expect(!exists(site.scratch.path("twice")))
        #expect(site.own.count == 2, "\(site.own)")
    }

    func settle() throws {
        // What was adopted is reloaded like anything else.
        for app in ["cluster", "single", "python", "go"] { try site.must("reload", app) }
        for load in loads {
            let result = try load.stop()
            #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        }
        try site.must("stop", "shell")
        #expect(try countNumbered("\(site.home)/logs/shell-out-0.log", Crowd.line) > 1000)
    }
}

extension Site {
    @discardableResult
    fileprivate func must(_ arguments: [String]) throws -> Finished {
        let finished = try command(arguments).run(within: .seconds(120))
        try #require(finished.succeeded, "\(finished)\n\(daemonLog)")
        return finished
    }
}
