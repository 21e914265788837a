import Support
import Testing

/// Replacing all instances of a program that knows nothing of it, while clients keep coming.
@Suite(.serialized) struct Reloading {
    @Test(arguments: Counts.byTurns(Server.allCases))
    func `a rolling reload under load fails no request`(_ server: Server, _ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(server, instances: 3, port: port)
        let load = try Load(port: port)
        var seen = Set(try site.pids(of: "app"))
        let reloads = Counts.of(2, soak: 10)
        for _ in 0..<reloads {
            let reload = try site.swpm("reload", "app")
            #expect(reload.succeeded, "\(reload)\n\(site.daemonLog)")
            let pids = try site.pids(of: "app")
            #expect(pids.count == 3 && seen.isDisjoint(with: pids), "\(pids) after \(seen)")
            seen.formUnion(pids)
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(seen.count == 3 * (reloads + 1))
        // Not every generation lives long enough to be asked, but all who answered were ours, and many did.
        let asked = result.byInstance.keys.compactMap { Int32($0) }
        #expect(asked.count > 3 && seen.isSuperset(of: asked), "\(asked) of \(seen)")
    }

    @Test(arguments: Owner.here)
    func `a single instance is replaced without a failed request`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.node, instances: 1, port: port)
        let load = try Load(port: port)
        let before = try site.pids(of: "app")
        // Started without the filter where the owner is no root: the first reload retrofits it.
        for _ in 0..<2 { try site.must("reload", "app") }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(try site.pids(of: "app") != before)
    }

    @Test(arguments: Owner.here)
    func `a restart replaces one after the other, and new connections do not fail`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.go, instances: 3, port: port)
        let load = try Load(port: port)
        let before = Set(try site.pids(of: "app"))
        let restart = try site.command(["restart", "app"]).start()
        // The old and the new ones are there together: never were all of them away.
        try eventually(within: .seconds(20), "one of them is another") {
            let pids = try site.rows(of: "app").filter { $0.status == "online" }.map(\.pid)
            return !before.isSuperset(of: pids) && !before.isDisjoint(with: pids)
        }
        #expect(try restart.wait().succeeded)
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(before.isDisjoint(with: try site.pids(of: "app")))
    }
}
