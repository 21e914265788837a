import Support
import Testing

/// Where a container or an old kernel forbids a call, the main job goes on without it as far as it can.
@Suite(.serialized) struct BeingConfined {
    /// What is denied, and whether reloads still fail no request.
    struct Confinement: CustomTestStringConvertible {
        var denied: String
        var sharesPorts: Bool
        var testDescription: String { denied }
    }

    static let all = [
        Confinement(denied: "pidfd_getfd", sharesPorts: true),
        Confinement(denied: "clone3", sharesPorts: true),
        Confinement(denied: "close_range", sharesPorts: true),
        Confinement(denied: "notify", sharesPorts: false),
    ]

    @Test(arguments: all, Owner.here)
    func `a daemon without a call runs programs`(_ confinement: Confinement, _ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        let instances = confinement.sharesPorts ? 3 : 1
        // Unheld, a program must set SO_REUSEADDR itself to come back after traffic: Node does.
        let server = try site.fixture("node/server.js")
        let start = try site.command(
            "\(site.bin)/puppet",
            [
                "--deny", confinement.denied, "--", "\(site.bin)/swpm", "start", server, "--zero-downtime",
                "--name", "app",
                "-i",
                "\(instances)", "--", "\(port)",
            ]
        ).run(within: .seconds(60))
        try #require(start.succeeded, "\(start)\n\(site.daemonLog)")
        #expect(try Load.requests(200, port: port).failures == 0)
        if confinement.sharesPorts {
            let load = try Load(port: port)
            for _ in 0..<2 { try site.must("reload", "app") }
            let result = try load.stop()
            #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        } else {
            try site.must("restart", "app")
            #expect(try Load.requests(200, port: port).failures == 0)
            #expect(site.daemonLog.contains("cannot"), "\(site.daemonLog)")
        }
        #expect(try site.agrees(site.rows(of: "app")))
        try site.must("stop", "app")
        #expect(site.living.isEmpty, "\(site.living)")
    }
}
