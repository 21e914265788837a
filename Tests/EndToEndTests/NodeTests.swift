import Glibc
import Support
import Testing
import Wire

/// Node programs that know nothing of swpm.
@Suite(.serialized) struct RunningNode {
    @Test(arguments: NodeVersion.some, [true, false])
    func `an express app without any handler is reloaded under saturated keep-alive and no request fails`(
        _ version: NodeVersion, behindNginx: Bool
    ) throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let port = freePort()
        try site.startNode(version, "express.js", arguments: ["\(port)"], instances: 2)
        let front = freePort()
        let nginx = behindNginx ? try site.startNginx(on: front, before: "127.0.0.1:\(port)") : nil
        let load = try Posting(
            site, behindNginx ? "https://127.0.0.1:\(front)/" : "http://127.0.0.1:\(port)/")
        for _ in 0..<Counts.of(3, soak: 10) {
            // Sooner than `kill_timeout`: nothing was killed.
            let reload = try site.swpm("reload", "app", within: .seconds(90))
            #expect(reload.succeeded, "\(reload)\n\(site.daemonLog)")
            #expect(!reload.output.contains("killed"), "\(reload)")
        }
        try load.expectNoFailure(site)
        #expect(try site.must("why", "app").output.hasPrefix("app: no instance died"))
        _ = try nginx?.stop(SIGQUIT)
    }

    @Test(arguments: NodeVersion.some, Owner.here)
    func `a program sees no trace of its channel and its preload, nor does what it starts`(
        _ version: NodeVersion, _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let node = try version.program(for: site)
        let script = try site.fixture("node/seen.mjs")
        let (alone, under) = (site.scratch.path("alone.json"), site.scratch.path("under.json"))
        var plain = site.command(node, ["--max-old-space-size=300", script, alone])
        plain.environment["NODE_OPTIONS"] = "--no-warnings"
        let run = try plain.run()
        try #require(run.succeeded, "\(run)")
        var start = site.command([
            "start", script, "--name", "app", "--interpreter", node, "--node-args",
            "--max-old-space-size=300",
            "--no-autorestart", "--", under,
        ])
        // What a program of another Node would hand down.
        start.environment["NODE_CHANNEL_FD"] = "9"
        start.environment["NODE_UNIQUE_ID"] = "4"
        start.environment["NODE_OPTIONS"] = "--no-warnings"
        _ = try start.run()
        let seen = try eventually(within: .seconds(30), "what it saw") { readFile(under) }
        var (expected, found) = (try members(of: readFile(alone) ?? ""), try members(of: seen))
        #expect(found.removeValue(forKey: "connected") == .bool(true))
        #expect(expected.removeValue(forKey: "connected") == .bool(false))
        #expect(found == expected)
        // Nothing keeps it: it ends by itself.
        try eventually(within: .seconds(30), "its end") {
            try site.rows(of: "app").map(\.status) == ["stopped"]
        }
    }

    private func members(of text: String) throws -> [String: JSON] {
        guard case .object(let members) = try JSON(parsing: Array(text.utf8)) else { return [:] }
        return Dictionary(uniqueKeysWithValues: members.map { ($0.key, $0.value) })
    }

    @Test(arguments: NodeVersion.one(.v22), Owner.here)
    func `messages and signals reach programs, also when the daemon has died in between`(
        _ version: NodeVersion, _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let notes = site.scratch.path("notes")
        try site.startNode(
            version, "words.js", arguments: [notes], instances: 2,
            more: ", \"shutdown_with_message\": true")
        func said(_ line: String) throws {
            try eventually(within: .seconds(20), line) {
                (readFile(notes) ?? "").split(separator: "\n").contains { $0 == line }
            }
        }
        try said("0 up")
        try said("1 up")
        #expect(try site.must("send", "app", "{\"level\":3}").output.contains("app 1 was sent the message"))
        try said("0 {\"level\":3}")
        try said("1 {\"level\":3}")
        let counted = try site.must("trigger", "app", "count", "5")
        let answers = Set(counted.output.split(separator: "\n"))
        #expect(answers == ["app 0: [\"count\",5]", "app 1: [\"count\",5]"], "\(counted)")
        // It costs the whole patience.
        if owner == Owner.here[0] {
            let silent = try site.swpm("trigger", "1", "nothing")
            #expect(silent.code == 5 && silent.errors.contains("app 1 did not answer"), "\(silent)")
        }
        try site.replaceDaemon()
        try site.must("send", "1", "hello there")
        try said("1 \"hello there\"")
        #expect(!(readFile(notes) ?? "").contains("0 \"hello"))
        #expect(try site.must("signal", "SIGWINCH", "app").output.contains("app 0 was sent SIGWINCH"))
        try site.must("start", "puppet", "--name", "other")
        let refused = try site.swpm("send", "other", "hello")
        #expect(refused.code == 1 && refused.errors.contains("takes no messages"), "\(refused)")
        // It ignores SIGTERM, and would be killed only after 100 s.
        try site.must("stop", "app", within: .seconds(60))
        try said("0 \"shutdown\"")
        try said("1 \"shutdown\"")
    }

    @Test(arguments: Owner.here.suffix(1))
    func `ready is what it says by process send, and who never says it is refused`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        let script = try site.fixture("node/workers.js")
        func write(_ environment: String) -> String {
            site.file(
                "app.json",
                """
                {"apps": [{"name": "app", "script": "\(script)", "args": ["ready", "\(port)"], "instances": 2,
                "wait_ready": true, "listen_timeout": "2s", "min_uptime": "200ms", "env": {\(environment)}}]}
                """)
        }
        let file = write("")
        try site.must("start", file)
        let before = try site.pids(of: "app")
        let load = try Load(port: port, clients: 8)
        _ = write("\"NEVER_READY\": \"1\"")
        let refused = try site.swpm("reload", file)
        #expect(refused.code == 6, "\(refused)\n\(site.daemonLog)")
        #expect(refused.errors.contains("did not say that it was ready within 2 s"), "\(refused)")
        #expect(try site.pids(of: "app") == before)
        _ = write("\"OTHERWISE\": \"1\"")
        try site.must("reload", file)
        #expect(Set(before).isDisjoint(with: try site.pids(of: "app")))
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
    }
}
