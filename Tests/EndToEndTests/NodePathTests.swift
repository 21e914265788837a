import Glibc
import Support
import Testing

/// Node programs that listen on a Unix socket only, as they do behind nginx.
@Suite(.serialized) struct ListeningOnPaths {
    @Test(arguments: NodeVersion.one(.v22), [true, false])
    func `a reload under saturated keep-alive fails no request`(
        _ version: NodeVersion, behindNginx: Bool
    ) throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let path = "\(site.scratch.directory("sockets", mode: 0o777))/web.sock"
        // Two beside nginx, and one alone with clients of its own.
        try site.startNode(
            version, "workers.js", arguments: ["path", path, "3"], instances: behindNginx ? 2 : 1,
            more: ", \"exec_mode\": \"cluster\"")
        let front = freePort()
        let nginx = behindNginx ? try site.startNginx(on: front, before: "unix:\(path)") : nil
        let posting = behindNginx ? try Posting(site, "https://127.0.0.1:\(front)/") : nil
        let knocking = behindNginx ? nil : try knock(site, path)
        for _ in 0..<Counts.of(2, soak: 10) {
            let reload = try site.must("reload", "app", within: .seconds(60))
            #expect(!reload.output.contains("SIGKILL"), "\(reload)")
        }
        try posting?.expectNoFailure(site)
        _ = try nginx?.stop(SIGQUIT)
        guard let knocking else { return }
        let seen = try knocking.stop(SIGINT, within: .seconds(60))
        #expect(seen.succeeded && seen.output.hasSuffix(", 0 failed: \n"), "\(seen)\n\(site.daemonLog)")
        // Each process served somebody.
        #expect(seen.output.contains(" answered by \(Counts.of(2, soak: 10) + 1),"), "\(seen)")
    }

    private func knock(_ site: Site, _ path: String) throws -> Running {
        let client = try site.command("node", [try site.fixture("node/knock.js"), path, "16"]).start()
        try eventually("the first request") { client.errorsSoFar.contains("running") }
        return client
    }

    @Test func `an idle connection is closed after the grace, and what nobody serves on at once`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let path = "\(site.scratch.directory("sockets", mode: 0o777))/web.sock"
        try site.startNode(
            .v20, "workers.js", arguments: ["path", path], instances: 1,
            more: ", \"exec_mode\": \"cluster\", \"drain_grace\": \"1s\"")
        let script = """
            const socket = require('net').connect('\(path)', () => socket.write('GET / HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n'));
            const since = Date.now(); socket.on('data', () => console.error('answered'));
            socket.on('error', (error) => console.log(error.code));
            socket.on('close', () => console.log('closed'));
            """
        func idle() throws -> Running {
            let client = try site.command("node", ["-e", script]).start()
            try eventually("its answer") { client.errorsSoFar.contains("answered") }
            return client
        }
        let first = try idle()
        let reload = try site.must("reload", "app", within: .seconds(60))
        #expect(reload.took >= .seconds(1) && reload.took < .seconds(20), "\(reload)")
        #expect(try first.wait().output == "closed\n")
        let last = try idle()
        let stop = try site.must("stop", "app", within: .seconds(60))
        #expect(stop.took < .seconds(10), "\(stop)")
        #expect(try last.wait().output == "closed\n")
        #expect(!exists(path))
    }
}
