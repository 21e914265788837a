import Glibc
import Support
import Testing

/// A program that cannot start is tried again and again, more and more patiently, and never given up.
@Suite(.serialized) struct BackingOff {
    @Test(arguments: Owner.here)
    func `a crash loop backs off visibly and recovers by itself`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let cause = site.file("cause", "")
        let script = try site.fixture("broken/loop.sh")
        chmod(script, 0o755)
        let start = site.command("\(site.bin)/swpm", ["start", script, "--name", "loop"])
        var command = start
        command.environment["CAUSE"] = cause
        let finished = try command.run(within: .seconds(60))
        #expect(finished.code == 1, "\(finished)")
        #expect("\(finished)".contains("cannot start while"), "\(finished)")

        let crashes = Counts.of(5, soak: 9)
        try eventually(within: .seconds(60), "\(crashes) crashes") {
            try site.rows(of: "loop").allSatisfy { $0.restarts >= crashes }
        }
        try eventually(within: .seconds(10), "a wait that is shown") {
            let list = try site.must("list").output
            return list.contains("waiting restart") && list.contains("next try in")
        }
        unlink(cause)
        try eventually(within: .seconds(35), "recovery\n\(site.daemonLog)") {
            try site.rows(of: "loop").allSatisfy { $0.status == "online" && $0.pid > 0 }
        }
    }
}
