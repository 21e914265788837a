import Glibc
import Support
import Testing

/// The first commands on an empty home.
@Suite struct Launching {
    /// Where the unified tree is mounted and ours to change.
    private static let top = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].first {
        access("\($0)/cgroup.procs", W_OK) == 0
    }

    @Test(arguments: Owner.here)
    func `fifty first commands at once start one daemon`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let names = (10..<60).map { "app\($0)" }
        let started = try names.map { name in
            try site.command(["start", "sleep", "--min-uptime", "20ms", "--name", name, "--", "600"]).start()
        }
        for running in started {
            let ended = try running.wait()
            #expect(ended.code == 0, "\(ended)\n\(site.daemonLog)")
        }
        let rows = try site.rows()
        #expect(rows.map(\.name).sorted() == names)
        #expect(Set(rows.map(\.id)) == Set(0..<50))
        // Nothing that another daemon started and nobody knows of.
        #expect(Set(site.living.map(\.id)) == Set(rows.map(\.pid)))
        #expect(site.own.map { $0.command[1] }.sorted() == ["daemon", "keeper"], "\(site.own)")
        let births = (readFile("\(site.home)/daemon.log") ?? "").split(separator: "\n").count {
            $0.contains("the daemon is up")
        }
        #expect(births == 1, "\(site.daemonLog)")
    }

    @Test(.enabled(if: Launching.top != nil, "needs a control group to write to"))
    func `a daemon leaves the control group of whoever started it`() throws {
        let site = try Site(.root)
        defer { site.scratch.end() }
        let group = "\(Self.top!)/launching-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try #require(mkdir(group, 0o755) == 0)
        defer { rmdir(group) }
        let script = "echo $$ > \(group)/cgroup.procs; exec swpm start sleep --name app -- 600"
        let start = try site.command("/bin/sh", ["-c", script]).run(within: .seconds(60))
        try #require(start.succeeded, "\(start)")
        #expect(site.own.count == 2)
        for process in site.own.map(\.id) + (try site.pids(of: "app")) {
            let groups = (readFile("/proc/\(process)/cgroup") ?? "").split(separator: "\n")
            #expect(groups.contains("0::/"), "\(groups)")
        }
    }
}
