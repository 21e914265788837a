import Glibc
import Support
import Testing

/// A first command from within something that will end.
@Suite struct Launching {
    /// Where the unified tree is mounted and ours to change.
    private static let top = ["/sys/fs/cgroup/unified", "/sys/fs/cgroup"].first {
        access("\($0)/cgroup.procs", W_OK) == 0
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
