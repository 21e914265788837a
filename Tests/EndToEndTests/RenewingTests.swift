import Glibc
import Support
import Testing
import Wire

/// `max_memory_restart` and `cron_restart` of the released binary.
@Suite(.serialized) struct Renewing {
    private let port = freePort()

    @Test(arguments: Owner.here)
    func `instances that have grown too much are replaced under load, one at a time, and nobody notices`(
        _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let file = site.file(
            "ecosystem.json",
            """
            { "apps": [ { "name": "app", "script": "\(try site.fixture("python/growing.py"))",
              "interpreter": "python3", "instances": 3, "min_uptime": "200ms", "max_memory_restart": "80M",
              "env": { "PORT": "\(port)" } } ] }
            """)
        try site.must("start", file)
        let before = try site.pids(of: "app")
        let load = try Load(port: port, clients: 8)
        for victim in before { site.file("grow-\(victim)", "") }
        try eventually(within: .seconds(90), "others in the places of \(before)\n\(site.daemonLog)") {
            let candidates = try site.slots(of: "app").flatMap { slot in
                elements(slot["others"]).filter { ["launching", "starting"].contains(text($0["phase"])) }
            }
            #expect(candidates.count <= 1, "two at once: \(candidates)")
            let rows = try site.rows(of: "app")
            return rows.allSatisfy { $0.status == "online" && $0.pid > 0 && !before.contains($0.pid) }
        }
        try eventually(within: .seconds(40), "the end of \(before)") {
            !site.living.contains { before.contains($0.id) }
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(result.byInstance.count == 6, "all have served: \(result)")
        #expect(try site.rows(of: "app").allSatisfy { $0.restarts == 1 })
        let why = try site.must("why", "app").output
        #expect(why.contains("MB, more than max_memory_restart (80 MB), after"), "\(why)")
        #expect(why.contains("replaced by another instance"), "\(why)")
        #expect(site.daemonLog.contains("more than max_memory_restart (80 MB): it is to be replaced"))
        #expect(try site.must("describe", "app").output.contains("replaced beyond 80.0mb"))
    }

    /// The daemon is put where the next minute begins in a few seconds.
    @Test(arguments: Owner.here.suffix(Counts.of(1, soak: 2)))
    func `at its time an app is reloaded, and a job that has ended is done again`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let file = site.file(
            "ecosystem.json",
            """
            { "apps": [
              { "name": "app", "script": "\(try site.fixture("python/growing.py"))", "interpreter": "python3",
                "min_uptime": "200ms", "zero_downtime": true, "cron_restart": "* * * * *",
                "env": { "PORT": "\(port)" } },
              { "name": "job", "script": "echo done >>\(site.scratch.path("work"))", "autorestart": false,
                "cron": "* * * * *" },
              { "name": "idle", "script": "sleep 1000", "autostart": false, "cron_restart": "* * * * *" } ] }
            """)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let ahead = (54 - now.tv_sec % 60 + 60) % 60
        var start = site.command(["start", file])
        start.environment["TZ"] = "X-0:00:\(ahead < 10 ? "0" : "")\(ahead)"
        #expect(try start.run(within: .seconds(60)).succeeded)
        let before = try site.pids(of: "app")
        try eventually(within: .seconds(80), "the next minute\n\(site.daemonLog)") {
            let rows = try site.rows(of: "app")
            let lines = readFile(site.scratch.path("work"))?.split(separator: "\n").count ?? 0
            return lines >= 2 && rows[0].status == "online" && rows[0].pid != before[0]
        }
        #expect(site.daemonLog.contains("app is reloaded: it is time (cron_restart)"), "\(site.daemonLog)")
        #expect(try site.rows(of: "idle")[0].status == "stopped")
    }
}
