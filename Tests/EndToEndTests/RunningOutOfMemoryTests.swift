import Glibc
import Support
import Testing

/// A program that the kernel really ends for lack of memory: in a control group that has little.
@Suite(.serialized, .enabled(if: MemoryGroup.isPossible)) struct RunningOutOfMemory {
    /// Waits for a file, and eats.
    private static let glutton = """
        import os, sys, time
        while not os.path.exists(sys.argv[1]): time.sleep(0.02)
        eaten = []
        while True: eaten.append(b'x' * 1000000)
        """

    private func startGlutton(_ site: Site) throws -> Int32 {
        let script = site.file("glutton.py", Self.glutton)
        try site.must(
            "start", script, "--name", "app", "--interpreter", "/usr/bin/python3", "--no-autorestart", "--",
            site.scratch.path("go"))
        return try #require(try site.pids(of: "app").first)
    }

    private func why(_ site: Site, _ pid: Int32) throws -> String {
        site.file("go", "")
        try eventually(within: .seconds(60), "its death") {
            try site.must("why", "app").output.contains("pid \(pid) was killed (SIGKILL)")
        }
        return try site.must("why", "app").output
    }

    @Test(arguments: Owner.here)
    func `in the daemon's own group the kernel is named`(_ owner: Owner) throws {
        let site = try Site(owner)
        let group = try MemoryGroup(bytes: 64 << 20)
        // First the group is emptied, then the site ends what was in it.
        defer { site.scratch.end() }
        defer { group.remove() }
        try site.must("start", "puppet", "--name", "other", "--", "--tick", "1s")
        // Whoever starts a program hands his group on to it.
        for facts in site.own { try group.add(facts.id) }
        let text = try why(site, try startGlutton(site))
        #expect(text.contains("by the kernel, because memory ran out"), "\(text)\n\(site.daemonLog)")
        #expect(try site.must("list").output.contains("out of memory"))
    }

    @Test(arguments: Owner.here)
    func `in a group of its own it is nobody's victim`(_ owner: Owner) throws {
        let site = try Site(owner)
        let group = try MemoryGroup(bytes: 64 << 20)
        defer { site.scratch.end() }
        defer { group.remove() }
        let pid = try startGlutton(site)
        try group.add(pid)
        let text = try why(site, pid)
        #expect(text.contains("by the kernel"), "\(text)\n\(site.daemonLog)")
        #expect(!text.contains("somebody did"), "\(text)")
    }
}
