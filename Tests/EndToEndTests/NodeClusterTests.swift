import Glibc
import Support
import Testing

/// Unmodified Node programs, each of which takes swpm for the primary of its cluster.
@Suite(.serialized) struct WorkingAsNodeWorkers {
    @Test(arguments: NodeVersion.allCases)
    func `servers are shared, whatever they listen on`(_ node: NodeVersion) throws {
        let site = try Site(.root.here)
        defer { site.scratch.end() }
        for word in ["http", "again", "own"] {
            let port = try site.startWorkers(word, node, [freePort()])[0]
            try site.expectBoth(port, word)
        }
        let both = try site.startWorkers("two", node, [freePort(), freePort()])
        for port in both { try site.expectBoth(port, "two") }
        let esm = freePort()
        try site.startNode("workers.mjs", node, name: "esm", ["\(esm)"])
        try site.expectBoth(esm, "esm")
        // None of them forks: each app is its two instances.
        #expect(site.living.filter { $0.command.first?.hasSuffix("node") == true }.count == 10)
    }

    @Test(arguments: NodeVersion.some)
    func `port 0 is the same port for all, and a busy one is refused`(_ node: NodeVersion) throws {
        let site = try Site(.root.here)
        defer { site.scratch.end() }
        let zero = try site.startWorkers("zero", node, [freePort()])[0]
        let chosen = try site.words(zero)[0]
        #expect(try site.answers(zero, 40).allSatisfy { $0[0] == chosen })
        try site.must("reload", "zero")
        #expect(try site.answers(zero, 40).allSatisfy { $0[0] == chosen })
        try site.expectBoth(try #require(UInt16(chosen)), "zero")
        let busy = try site.startWorkers("busy", node, [freePort(), freePort()])
        #expect(try site.words(busy[1])[0] == "EADDRINUSE")
    }

    @Test(arguments: NodeVersion.some)
    func `a TLS session is resumed by the other worker too, and after a reload`(_ node: NodeVersion) throws {
        let site = try Site(.root.here)
        defer { site.scratch.end() }
        let certificate = site.command(
            "openssl",
            [
                "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "cert.pem",
                "-days", "2", "-subj", "/CN=localhost",
            ])
        try #require(try certificate.run().succeeded)
        let port = try site.startWorkers("https", node, [freePort()], probe: false)[0]
        let client = site.command(
            try node.program(for: site), [try site.fixture("node/resume.js"), "\(port)", "60"])
        try eventually(within: .seconds(30), "sessions resumed by both workers\n\(site.daemonLog)") {
            let lines = try client.run().output.split(separator: "\n").dropFirst()
            try #require(lines.count == 59 && lines.allSatisfy { $0.hasPrefix("true ") }, "\(lines)")
            return Set(lines).count == 2
        }
    }

    @Test(arguments: Owner.here)
    func `pipes, datagrams and plain connections are shared`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let path = "\(site.scratch.directory("sockets", mode: 0o777))/web.sock"
        try site.startNode("workers.js", .v20, name: "path", ["path", path])
        let curl = site.command("curl", ["-s", "--unix-socket", path, "http://localhost/"])
        #expect(try curl.run().output.split(separator: " ").dropFirst().first == "true")
        try site.must("reload", "path")
        #expect(try curl.run().succeeded)
        let udp = freePort()
        try site.startNode("workers.js", .v20, name: "udp", ["udp", "\(udp)"])
        let script = "exec 3<>/dev/udp/127.0.0.1/\(udp); echo x >&3; timeout 10 head -1 <&3"
        #expect(try site.command("bash", ["-c", script]).run().output.contains(" true "))
        let tcp = freePort()
        try site.startNode("workers.js", .v20, name: "net", ["net", "\(tcp)"])
        let read = try site.command("bash", ["-c", "exec 3<>/dev/tcp/127.0.0.1/\(tcp); cat <&3"]).run()
        #expect(read.output.contains(" true "), "\(read)")
        try site.must("delete", "path")
        try eventually(within: .seconds(5), "the end of the path") { !exists(path) }
    }

    @Test(arguments: Owner.here)
    func `what binds for itself is held and steered beside what is shared`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let ports = try site.startWorkers("exclusive", .v20, [freePort(), freePort()])
        for port in ports { try site.expectBoth(port, "exclusive") }
        try site.must("reload", "exclusive")
        for port in ports { try site.expectBoth(port, "exclusive") }
    }

    @Test(arguments: NodeVersion.some)
    func `a worker that leaves is replaced, and nobody is refused`(_ node: NodeVersion) throws {
        let site = try Site(.root.here)
        defer { site.scratch.end() }
        let port = try site.startWorkers("leave", node, [freePort()])[0]
        for way in ["disconnect", "kill"] {
            let before = try site.pids(of: "leave")
            let left = try #require(Int32(try site.words(port, path: "/\(way)")[0]))
            try eventually(within: .seconds(20), "a replacement after \(way)\n\(site.daemonLog)") {
                let rows = try site.rows(of: "leave")
                return !isAlive(left) && rows.allSatisfy { $0.status == "online" && $0.pid != left }
            }
            #expect(before.contains(left))
        }
        try site.expectBoth(port, "leave")
    }

    @Test(arguments: NodeVersion.some)
    func `nothing of the channel leaks to a worker's children, and nothing of a caller's comes in`(
        _ node: NodeVersion
    ) throws {
        let site = try Site(.root.here)
        defer { site.scratch.end() }
        let stale: [String: String?] = [
            "NODE_CHANNEL_FD": "7", "NODE_UNIQUE_ID": "99", "NODE_CHANNEL_SERIALIZATION_MODE": "advanced",
        ]
        let port = try site.startWorkers("environment", node, [freePort()], environment: stale)[0]
        let words = try site.words(port)
        #expect(words[0] == "names:" && words[2] == "true" && words[3] != "99")
        let forking = try site.startWorkers("fork", node, [freePort()], environment: stale)[0]
        #expect(try site.words(forking)[0] == "false/true/true/true")
        let plain = freePort()
        try site.startNode(
            "workers.js", node, name: "plain", ["http", "\(plain)"], instances: nil, environment: stale)
        #expect(try site.words(plain)[1] == "false")
        var shell = site.command(["start", "env; exec sleep 1000", "--name", "shell", "-i", "1"])
        shell.environment.merge(stale) { $1 }
        try #require(try shell.run().succeeded)
        let out = try #require(names(in: "\(site.home)/logs").first { $0.hasPrefix("shell-out") })
        try eventually(within: .seconds(10), "the environment of the shell") {
            let lines = (readFile("\(site.home)/logs/\(out)") ?? "").split(separator: "\n")
            let leaked = lines.filter { $0.hasPrefix("NODE_CHANNEL") || $0.hasPrefix("NODE_UNIQUE") }
            #expect(leaked.isEmpty)
            return lines.contains { $0.hasPrefix("NODE_APP_INSTANCE=") }
        }
    }

    @Test func `a port that somebody else has is refused with his name`() throws {
        let site = try Site(.root.here)
        defer { site.scratch.end() }
        let port = freePort()
        let stranger = try site.command("node", [try site.fixture("node/server.js"), "\(port)"]).start()
        try eventually(within: .seconds(10), "the stranger") { try site.answers(port, 1).count == 1 }
        var start = site.command([
            "start", try site.fixture("node/workers.js"), "--name", "web", "-i", "2", "--listen-timeout",
            "3s",
            "--", "http", "\(port)",
        ])
        start.environment["NODE_OPTIONS"] = .some(nil)
        let finished = try start.run()
        #expect(!finished.succeeded, "\(finished)")
        #expect(site.daemonLog.contains("process \(stranger.process) of user"), "\(site.daemonLog)")
        try stranger.stop(SIGKILL)
    }
}

/// Replacing and killing Node workers that share one queue.
@Suite(.serialized) struct SharingOneQueue {
    @Test(arguments: NodeVersion.some)
    func `a reload under load fails no request`(_ node: NodeVersion) throws {
        try tryReload(.root.here, node, balance: "shared")
    }

    @Test(arguments: ["even", "ip"])
    func `with a listener each a reload fails no request either`(_ balance: String) throws {
        try tryReload(.root.here, .v20, balance: balance)
    }

    @Test(arguments: Owner.here)
    func `one worker alone is replaced without a failed request`(_ owner: Owner) throws {
        try tryReload(owner, .v20, balance: "automatic", instances: 1)
    }

    private func tryReload(_ owner: Owner, _ node: NodeVersion, balance: String, instances: Int = 3) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        let script = try site.fixture("node/workers.js")
        let program = try node.program(for: site)
        let file = site.file(
            "app.json",
            #"{"apps": [{"name": "app", "script": "\#(script)", "args": ["http", "\#(port)"], "#
                + #""interpreter": "\#(program)", "exec_mode": "cluster", "instances": \#(instances), "#
                + #""balance": "\#(balance)"}]}"#)
        try site.must("start", file)
        let load = try Load(port: port)
        var seen = Set(try site.pids(of: "app"))
        for _ in 0..<Counts.of(2, soak: 10) {
            try site.must("reload", "app")
            let pids = try site.pids(of: "app")
            #expect(seen.isDisjoint(with: pids))
            seen.formUnion(pids)
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
    }

    @Test(arguments: Owner.here)
    func `kill -9 of a worker fails only what it was answering, and of the daemon nothing`(
        _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = try site.startWorkers("http", .v20, [freePort()])[0]
        let load = try Load(port: port)
        let kills = Counts.of(2, soak: 10)
        for round in 0..<kills {
            try site.crash(try site.pids(of: "http")[round % 2], of: "http")
        }
        let before = try site.pids(of: "http")
        for _ in 0..<kills {
            try site.replaceDaemon()
            #expect(try site.pids(of: "http") == before)
        }
        // Who survived the daemon is a worker of the next one.
        try site.must("reload", "http")
        try site.must("scale", "http", "3")
        let result = try load.stop()
        // Node accepts several at a time.
        #expect(result.failures <= kills * 8, "\(result)\n\(site.daemonLog)")
        #expect(Set(result.failed.keys).isSubset(of: ["reset", "closed"]), "\(result)")
        #expect(try site.answers(port, 10).allSatisfy { $0[1] == "true" })
    }
}

// MARK: - Asking

extension Owner {
    /// Root where we are root.
    fileprivate var here: Owner { geteuid() == 0 ? self : .user }
}

extension Site {
    /// Starts two workers of a case of `workers.js`, which listen on these ports.
    fileprivate func startWorkers(
        _ word: String, _ node: NodeVersion, _ ports: [UInt16], environment: [String: String?] = [:],
        probe: Bool = true
    ) throws -> [UInt16] {
        try startNode(
            "workers.js", node, name: word, [word] + ports.map { "\($0)" }, environment: environment)
        if probe {
            try eventually(within: .seconds(20), "an answer of \(word)\n\(daemonLog)") {
                try answers(ports[0], 1).count == 1
            }
        }
        return ports
    }

    fileprivate func startNode(
        _ fixture: String, _ node: NodeVersion, name: String, _ arguments: [String], instances: Int? = 2,
        environment: [String: String?] = [:]
    ) throws {
        let script = try self.fixture("node/\(fixture)")
        let count = instances.map { ["-i", "\($0)"] } ?? []
        var start = command(
            ["start", script, "--name", name, "--interpreter", try node.program(for: self)] + count + ["--"]
                + arguments)
        start.environment.merge(environment) { $1 }
        let finished = try start.run()
        try #require(finished.succeeded, "\(finished)\n\(daemonLog)")
    }

    /// The words of one answer.
    fileprivate func words(_ port: UInt16, path: String = "/") throws -> [String] {
        let finished = try command("curl", ["-s", "http://localhost:\(port)\(path)"]).run()
        let words = finished.output.split { $0 == " " || $0 == "\n" }.map(String.init)
        try #require(words.count >= 2, "\(finished)\n\(daemonLog)")
        return words
    }

    /// So many answers, as far as they come.
    fileprivate func answers(_ port: UInt16, _ count: Int) throws -> [[String]] {
        let url = "http://localhost:\(port)/?[1-\(count)]"
        let finished = try command("curl", ["-s", "-H", "Connection: close", url]).run()
        return finished.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    }

    /// Both instances answer, and each is a worker.
    fileprivate func expectBoth(_ port: UInt16, _ app: String) throws {
        let words = try words(port)
        #expect(words[1] == "true" && (Int(words[2]) ?? 0) > 0, "\(words)")
        let pids = Set(try pids(of: app).map { "\($0)" })
        try eventually(within: .seconds(20), "answers of both workers of \(app)\n\(daemonLog)") {
            let result = try Load.requests(200, port: port)
            try #require(result.failures == 0, "\(result)\n\(daemonLog)")
            return Set(result.byInstance.keys) == pids
        }
    }
}
