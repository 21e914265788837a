import Glibc
import Support
import Testing

/// An instance that accepts no connections is spared new ones, and nobody waits for it for long.
@Suite(.serialized) struct LivingWithStuckInstances {
    /// About 400 new connections a second, by so many that those who wait for the stuck one do not slow it down. They
    /// begin one after the other: all at once they would also pause all at once, and nobody would come meanwhile.
    private func load(_ port: UInt16) throws -> Load {
        try Load(port: port, clients: 400, pause: 950, more: ["--ramp", "2"])
    }

    @Test(arguments: Owner.here)
    func `one of four is stopped for three seconds`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.swift, instances: 4, port: port)
        let load = try load(port)
        let victim = try site.pids(of: "app")[1]
        let clock = ContinuousClock()
        let stopped = clock.now
        kill(victim, SIGSTOP)
        try eventually(within: .seconds(10), "the event\n\(site.daemonLog)") {
            site.daemonLog.contains("app/1 is stuck")
        }
        // A bound that a busy machine keeps, and the real one where nothing else runs.
        let took = clock.now - stopped
        #expect(took < (Counts.isSoak ? .milliseconds(1200) : .seconds(5)), "\(took)\n\(site.daemonLog)")
        let list = try site.must("list").output
        #expect(list.contains("stuck for") && list.contains("out of rotation"), "\(list)")
        try eventually(within: .seconds(10), "three seconds") { clock.now - stopped >= .seconds(3) }
        kill(victim, SIGCONT)
        try eventually(within: .seconds(10), "it is back\n\(site.daemonLog)") {
            site.daemonLog.contains("app/1 accepts connections again")
        }
        try eventually(within: .seconds(10), "it is back in the list") {
            try !site.must("list").output.contains("stuck")
        }
        let result = try load.stop()
        // A request that takes five seconds is a failure.
        #expect(result.failures == 0 && result.longest < .seconds(5), "\(result)\n\(site.daemonLog)")
        #expect(result.byInstance.count == 4, "\(result)")
        #expect(try site.pids(of: "app")[1] == victim)
    }

    @Test(arguments: Owner.here)
    func `one that stays stuck is replaced, and who waited for it is answered`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        let file = site.file(
            "ecosystem.json",
            """
            { "apps": [ { "name": "app", "script": "puppet", "args": ["--serve", "\(port)"], "instances": 3,
              "stuck_timeout": "500ms", "stuck_replace": "1s" } ] }
            """)
        try site.must("start", file)
        let load = try load(port)
        let victim = try site.pids(of: "app")[2]
        kill(victim, SIGSTOP)
        try eventually(within: .seconds(20), "a replacement\n\(site.daemonLog)") {
            try site.rows(of: "app").allSatisfy { $0.status == "online" && $0.pid != victim && $0.pid > 0 }
        }
        let result = try load.stop()
        // What it was serving when it was stopped is lost; who waited in its queue is not.
        #expect(result.failures <= 1, "\(result)\n\(site.daemonLog)")
        let why = try site.must("why", "app").output
        #expect(why.contains("pid \(victim) was killed") && why.contains("because it was stuck"), "\(why)")
    }
}
