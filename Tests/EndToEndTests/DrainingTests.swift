import Linux
import Support
import Testing

/// What becomes of connections that are open when their instance is replaced.
@Suite(.serialized) struct Draining {
    private func site(_ owner: Owner, _ port: UInt16, _ options: String..., variables: [String: String] = [:])
        throws -> Site
    {
        let site = try Site(owner)
        let script = try site.fixture("python/patient.py")
        var command = site.command(
            ["start", script, "--name", "app", "-i", "1", "--zero-downtime", "--min-uptime", "100"]
                + ["--interpreter", "/usr/bin/python3"] + options + ["--", "\(port)"])
        for (name, value) in variables { command.environment[name] = value }
        let finished = try command.run(within: .seconds(30))
        try #require(finished.succeeded, "\(finished)\n\(site.daemonLog)")
        // What has not listened within min_uptime counts as ready, too.
        try eventually("it listens") { (try? Visitor(port: port)) != nil }
        return site
    }

    private func reload(_ site: Site) throws -> Running { try site.command(["reload", "app"]).start() }

    private func isDraining(_ site: Site) throws -> Bool {
        try site.must("list").output.contains("is draining")
    }

    @Test(arguments: Owner.here)
    func `a request of three seconds is answered, and so are two in one breath`(_ owner: Owner) throws {
        let port = freePort()
        let site = try site(owner, port, "--drain-grace", "2s")
        defer { site.scratch.end() }
        let pid = try site.pids(of: "app")[0]
        let slow = try Visitor.ask("/slow?3", port: port)
        let head = "GET /slow?1.5 HTTP/1.1\r\nHost: test\r\n\r\n"
        let pipelined = try Visitor(port: port, saying: head + head)
        let reload = try reload(site)
        try slow.hears("\(pid)\n")
        try pipelined.until("both answers") { $0.heard.ranges(of: "\(pid)\n").count == 2 }
        #expect(try reload.wait().succeeded)
        // Idle, they were closed in the program's own way.
        try slow.until("the end") { $0.isOver }
        #expect(try site.pids(of: "app") != [pid])
    }

    @Test(arguments: Owner.here)
    func `a pause within an answer is waited for up to the grace`(_ owner: Owner) throws {
        let port = freePort()
        let seconds = Counts.of(3, soak: 10)
        let patient = try site(owner, port, "--drain-grace", "\(seconds + 2)s")
        defer { patient.scratch.end() }
        let whole = try Visitor.ask("/pause?\(seconds)", port: port)
        try whole.hears("first,")
        let reload = try reload(patient)
        try whole.hears("last")
        #expect(reload.isRunning)
        whole.leave()
        #expect(try reload.wait().succeeded)
    }

    @Test(arguments: Owner.here)
    func `a silence longer than the grace is cut, but not with wait`(_ owner: Owner) throws {
        let (port, other) = (freePort(), freePort())
        let site = try site(owner, port, "--drain-grace", "500")
        defer { site.scratch.end() }
        try site.must(
            "start", try site.fixture("python/patient.py"), "--name", "waits", "-i", "1", "--zero-downtime",
            "--interpreter", "/usr/bin/python3", "--drain", "wait", "--drain-grace", "500", "--min-uptime",
            "100",
            "--", "\(other)")
        try eventually("it listens") { (try? Visitor(port: other)) != nil }
        let cut = try Visitor.ask("/pause?6", port: port)
        let whole = try Visitor.ask("/pause?3", port: other, headers: "Connection: close\r\n")
        try cut.hears("first,")
        try whole.hears("first,")
        let reload = try site.command(["reload", "all"]).start()
        // This program ends a connection whose client is gone when it next reads: the stop signal is what cuts.
        try cut.until("the end") { $0.isOver }
        #expect(!cut.heard.contains("last"))
        try whole.hears("last")
        #expect(reload.isRunning, "a connection that is open is waited for")
        whole.leave()
        #expect(try reload.wait().succeeded)
    }

    @Test(arguments: Owner.here)
    func `events go on until the deadline, or until their end`(_ owner: Owner) throws {
        let port = freePort()
        let site = try site(owner, port, "--drain-grace", "1s", "--drain-timeout", "4s")
        defer { site.scratch.end() }
        let endless = try Visitor.ask("/events", port: port)
        let ending = try Visitor.ask("/events?5", port: port)
        try endless.hears("data: 0")
        let reload = try reload(site)
        try ending.hears("data: 4\n\n\r\n0\r\n\r\n")
        try endless.hears("data: 5")
        try endless.until("the end") { $0.isOver }
        #expect(try reload.wait().succeeded)
        #expect(ending.isOver || !ending.heard.contains("data: 5"))
    }

    @Test(arguments: Owner.here)
    func `a WebSocket stays open and answers until the deadline`(_ owner: Owner) throws {
        let port = freePort()
        let site = try site(owner, port, "--drain", "wait", "--drain-timeout", "4s")
        defer { site.scratch.end() }
        let socket = try Visitor.ask(
            "/socket", port: port,
            headers: "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n")
        try socket.hears("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let reload = try reload(site)
        try eventually(within: .seconds(10), "it drains") { try isDraining(site) }
        for word in ["one", "two", "six"] {
            socket.say(bytes: [0x81, 0x83, 0, 0, 0, 0] + word.utf8)
            try socket.hears(word)
        }
        #expect(reload.isRunning && !socket.isOver)
        try socket.until("the end") { $0.isOver }
        #expect(try reload.wait().succeeded)
    }

    @Test(arguments: Owner.here)
    func `what drains is shown, and force cuts it short`(_ owner: Owner) throws {
        let port = freePort()
        let site = try site(owner, port)
        defer { site.scratch.end() }
        let pid = try site.pids(of: "app")[0]
        let visitors = try (0..<12).map { _ in try Visitor.ask("/slow?60", port: port) }
        let reload = try reload(site)
        try eventually(within: .seconds(10), "12 connections are seen") {
            try site.must("list").output.contains("generation 1 is draining 12 connections, ")
        }
        let told = try site.must("describe", "app").output
        #expect(told.contains("pid \(pid), draining 12 connections, "), "\(told)")
        #expect(told.contains(" s left"), "\(told)")
        let forced = try site.must("reload", "--force", "app", within: .seconds(15))
        #expect(forced.took < .seconds(10), "\(forced)")
        #expect(try reload.wait().succeeded)
        for visitor in visitors { try visitor.until("the end") { $0.isOver } }
        // The second reload was the first one, hurried.
        let rows = try site.rows(of: "app")
        #expect(rows.map(\.restarts) == [1], "\(rows)")
        let held = try Visitor.ask("/slow?60", port: port)
        let stop = try site.command(["stop", "app"]).start()
        try eventually(within: .seconds(10), "it drains") {
            try site.must("list").output.contains("draining 1 connection, ")
        }
        try site.must("stop", "--force", "app", within: .seconds(15))
        #expect(try stop.wait().succeeded)
        try held.until("the end") { $0.isOver }
    }

    @Test(arguments: Owner.here)
    func `a program that needs long after the stop signal is given it`(_ owner: Owner) throws {
        let port = freePort()
        let seconds = Counts.of(2, soak: 20)
        let site = try site(
            owner, port, "--kill-timeout", Counts.isSoak ? "30000" : "6000",
            variables: ["STOP_TAKES": "\(seconds)"])
        defer { site.scratch.end() }
        let reload = try site.must("reload", "app")
        #expect(reload.took >= .seconds(seconds), "\(reload)")
    }
}

/// Clients that keep their connections, and think between two requests.
@Suite(.serialized) struct KeepingConnections {
    @Test(arguments: Counts.byTurns([Server.go, .threads, .uvicorn, .java, .puma]))
    func `with think time no request is cut by a reload`(_ server: Server, _ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(server, instances: 2, port: port, options: ["--drain-grace", "1s"])
        let load = try Load(
            port: port, clients: 24, pause: 200, more: ["--keep-alive", "--retry", "--post", "500"],
            path: "/slow")
        for _ in 0..<Counts.of(1, soak: 5) {
            let reload = try site.swpm("reload", "app")
            #expect(reload.succeeded, "\(reload)\n\(site.daemonLog)")
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        // Every connection to the old instances has ended, and most of them while nothing was asked.
        #expect(result.lost >= 12, "\(result)")
        #expect(result.retried * 4 <= result.lost, "\(result)")
    }
}
