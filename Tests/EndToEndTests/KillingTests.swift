import Glibc
import Support
import Testing

/// A crash costs what the crashed instance was doing, and nothing else.
@Suite(.serialized) struct Crashing {
    @Test(arguments: Owner.here)
    func `kill -9 of one of three fails only what it was serving`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.swift, instances: 3, port: port)
        let load = try Load(port: port)
        let kills = Counts.of(4, soak: 10)
        for round in 0..<kills {
            // Another one each time: who dies again and again is brought back more and more patiently.
            try site.crash(try site.pids(of: "app")[round % 3], of: "app")
        }
        let result = try load.stop()
        // The puppet serves one connection at a time: that one may be lost, those that wait are adopted.
        #expect(result.failures <= kills, "\(result)\n\(site.daemonLog)")
        #expect(Set(result.failed.keys).isSubset(of: ["reset", "closed"]), "\(result)")
    }

    @Test(arguments: Owner.here)
    func `kill -9 of the daemon is noticed by no client and no program`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.swift, instances: 3, port: port)
        let before = try site.pids(of: "app")
        let load = try Load(port: port)
        for _ in 0..<Counts.of(3, soak: 10) {
            try site.replaceDaemon()
            #expect(try site.pids(of: "app") == before)
        }
        try site.must("reload", "app")
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(try site.agrees(site.rows(of: "app")))
    }

    @Test(arguments: Owner.here)
    func `apps are looked after when the keeper is dead`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app", "-i", "2", "--", "--tick", "500ms")
        let before = try site.pids(of: "app")
        kill(try #require(site.own.first { $0.command[1] == "keeper" }).id, SIGKILL)
        kill(before[0], SIGKILL)
        try eventually(within: .seconds(20), "a replacement\n\(site.daemonLog)") {
            let rows = try site.rows(of: "app")
            return rows.allSatisfy { $0.status == "online" && $0.pid > 0 && $0.pid != before[0] }
        }
        #expect(try site.pids(of: "app").contains(before[1]))
        try site.must("delete", "app")
        #expect(site.daemonLog.contains("the keeper was killed: another has everything"))
    }

    @Test(arguments: Owner.here)
    func `the only instance's waiting connections are served by its replacement`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.must("start", "puppet", "--name", "app", "--zero-downtime", "--", "--serve", "\(port)")
        let load = try Load(port: port)
        for round in 1...3 {
            kill(try #require(try site.pids(of: "app").first), SIGKILL)
            try eventually(within: .seconds(10), "a replacement\n\(site.daemonLog)") {
                try site.rows(of: "app").allSatisfy { $0.status == "online" && $0.restarts == round }
            }
        }
        let result = try load.stop()
        #expect(result.failures <= 3, "\(result)\n\(site.daemonLog)")
        #expect(Set(result.failed.keys).isSubset(of: ["reset", "closed"]), "\(result)")
    }
}
