import Glibc
import Support
import Testing

/// What Node programs do besides listening once on one port.
@Suite(.serialized) struct UsingNode {
    static let stages: [(NodeVersion, Bool)] =
        Counts.isSoak
        ? NodeVersion.allCases.flatMap { [($0, true), ($0, false)] } : [(.v18, true), (.v20, false)]

    @Test(arguments: stages)
    func `late servers, HTTP/2, threads and options of one's own are drained alike`(
        _ version: NodeVersion, isCluster: Bool
    ) throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let ports = [freePort(), freePort(), freePort()]
        let own = try site.fixture("node/own.cjs")
        let path = site.file(
            "app.json",
            """
            {"apps": [{"name": "app", "script": "\(try site.fixture("node/late.mjs"))",
            "args": [\(ports.map { "\"\($0)\"" }.joined(separator: ","))],
            "exec_mode": "\(isCluster ? "cluster" : "fork")", "zero_downtime": true, "min_uptime": "500",
            "interpreter": "\(try version.program(for: site))", "kill_timeout": "100s",
            "env": {"NODE_OPTIONS": "--require \(own) --no-warnings"}}]}
            """)
        try site.must("start", path)
        try eventually(within: .seconds(20), "all servers") {
            ports.allSatisfy { (try? Visitor(port: $0)) != nil }
        }
        let loads = try ports.prefix(2).map { try Posting(site, "http://127.0.0.1:\($0)/") }
        let client = site.command(
            try version.program(for: site), [try site.fixture("node/streams.mjs"), "\(ports[2])", "1500"])
        let pid = try site.pids(of: "app")[0]
        let stream = try client.start()
        try eventually("the stream") { stream.errorsSoFar.contains("begun") }
        // Sooner than `kill_timeout`: nothing was killed.
        try site.must("reload", "app", within: .seconds(60))
        let seen = try stream.wait()
        let lines = seen.output.split(separator: "\n").map(String.init)
        // Some say it once more when they close.
        let others = lines.filter { $0 != "goaway 0" }
        #expect(lines.first == "goaway 0" && others == ["answer begun \(pid) own", "closed"], "\(seen)")
        for load in loads { try load.expectNoFailure(site) }
        #expect(try site.pids(of: "app") != [pid])
    }

    @Test(arguments: Counts.isSoak ? stages : [(.v18, true), (.v24, false)])
    func `HTTP/2 over TLS says goodbye and answers what was asked, beside HTTP/1 on its port`(
        _ version: NodeVersion, isCluster: Bool
    ) throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let port = freePort()
        let (key, certificate) = try site.certificate(in: site.scratch.directory("keys"))
        try site.startNode(
            version, "secure.mjs", arguments: ["\(port)", key, certificate], instances: 2,
            more: ", \"exec_mode\": \"\(isCluster ? "cluster" : "fork")\", \"zero_downtime\": true"
                + ", \"min_uptime\": \"300\", \"drain_grace\": \"1s\"")
        try eventually(within: .seconds(20), "it listens") { (try? Visitor(port: port)) != nil }
        let client = try site.command(
            try version.program(for: site), [try site.fixture("node/sessions.mjs"), "\(port)", "300"]
        ).start()
        try eventually(within: .seconds(20), "the first answer") { client.errorsSoFar.contains("running") }
        let load = try Posting(site, "https://127.0.0.1:\(port)/")
        for _ in 0..<Counts.of(2, soak: 10) {
            // Its clients never pause: who is not said goodbye to drains until `drain_timeout`.
            let reload = try site.must("reload", "app", within: .seconds(50))
            #expect(reload.took < .seconds(25) && !reload.output.contains("killed"), "\(reload)")
        }
        try load.expectNoFailure(site)
        let seen = try client.stop(SIGINT, within: .seconds(20))
        #expect(seen.succeeded && seen.output.hasSuffix(", 0 failed: \n"), "\(seen)\n\(site.daemonLog)")
        #expect(!seen.output.contains(" 0 goodbyes") && !seen.output.hasPrefix("0 "), "\(seen)")
        // Older ones do not know their sessions over TLS: who is idle is closed after the grace.
        let idle = version == .v24 ? "idle: goodbye\nidle: closed" : "idle: closed"
        #expect(seen.errors.contains(idle), "\(seen)")
    }

    @Test(arguments: NodeVersion.some)
    func `a server that is made while its program drains says goodbye, too`(_ version: NodeVersion) throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        try site.startNode(version, "server.js", arguments: ["\(freePort())"])
        let script = try site.fixture("node/latecomer.js")
        for _ in 0..<Counts.of(4, soak: 40) {
            let seen = try site.command(
                try version.program(for: site), [script, "\(site.home)/preload.cjs"]
            ).run()
            #expect(seen.output == "goodbye 0\n", "\(seen)")
        }
    }

    @Test(arguments: NodeVersion.one(.v24))
    func `a cluster of the program's own is replaced, and new connections do not fail`(
        _ version: NodeVersion
    ) throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let port = freePort()
        try site.startNode(
            version, "workers.js", arguments: ["own", "\(port)"],
            more: ", \"exec_mode\": \"fork\", \"zero_downtime\": true")
        try eventually(within: .seconds(20), "an answer") { try Load.requests(1, port: port).failures == 0 }
        let before = try Load.requests(100, port: port)
        #expect(before.byInstance.count == 2, "two workers of its own: \(before)")
        let load = try Load(port: port)
        for _ in 0..<Counts.of(1, soak: 5) { try site.must("reload", "app", within: .seconds(60)) }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(Set(result.byInstance.keys).subtracting(before.byInstance.keys).count >= 2, "\(result)")
        try site.must("stop", "app", within: .seconds(60))
        #expect(site.living.isEmpty, "\(site.living)")
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"), arguments: NodeVersion.one(.v18))
    func `a program of another user has the preload, from where only root can write`(
        _ version: NodeVersion
    ) throws {
        let site = try Site(.root)
        defer { site.scratch.end() }
        let port = freePort()
        try site.startNode(
            version, "express.js", arguments: ["\(port)"], instances: 2, more: ", \"uid\": \"nobody\"")
        let pids = try site.pids(of: "app")
        let options =
            (readFile("/proc/\(pids[0])/environ") ?? "").split(separator: "\0")
            .first { $0.hasPrefix("NODE_OPTIONS=") } ?? ""
        let file = try #require(options.split(separator: "\"").first { $0.hasPrefix("/run/swpm/preload-") })
        var status = stat()
        #expect(lstat(String(file), &status) == 0 && status.st_uid == 0 && status.st_mode == S_IFREG | 0o644)
        #expect(stat("/proc/\(pids[0])", &status) == 0 && status.st_uid == 65534)
        let load = try Posting(site, "http://127.0.0.1:\(port)/")
        for _ in 0..<Counts.of(2, soak: 10) { try site.must("reload", "app", within: .seconds(90)) }
        try load.expectNoFailure(site)
    }

    @Test func `Deno's library is a worker, and its own server is steered`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let deno = try site.runtime("deno", "deno")
        let (port, own) = (freePort(), freePort())
        let path = site.file(
            "app.json",
            """
            {"apps": [{"name": "app", "script": "\(deno)", "instances": 2, "exec_mode": "cluster",
            "args": ["run", "-A", "\(try site.fixture("node/deno.mjs"))", "\(port)", "\(own)"],
            "env": {"DENO_DIR": "\(site.scratch.path("deno-cache"))", "DENO_NO_UPDATE_CHECK": "1"}}]}
            """)
        try site.must("start", path)
        for port in [port, own] {
            let pids = Set(try site.pids(of: "app").map { "\($0)" })
            try eventually(within: .seconds(20), "answers of both\n\(site.daemonLog)") {
                let result = try Load.requests(100, port: port)
                return result.failures == 0 && Set(result.byInstance.keys) == pids
            }
        }
        let answer = try site.command("curl", ["-s", "http://127.0.0.1:\(port)/"]).run().output
        #expect(answer.hasSuffix(" true function\n"), "\(answer)")
        let loads = try [port, own].map { try Load(port: $0, clients: 8) }
        for _ in 0..<Counts.of(1, soak: 5) { try site.must("reload", "app", within: .seconds(90)) }
        for load in loads {
            let result = try load.stop()
            #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        }
        // A script that ends, ends.
        try site.must(
            "start", site.file("end.mjs", "console.log('end')\n"), "--interpreter", deno, "--name", "end",
            "--no-autorestart")
        try eventually(within: .seconds(20), "its end") {
            try site.rows(of: "end").map(\.status) == ["stopped"]
        }
    }
}
