import Glibc
import Support
import Testing
import Wire

/// `swpm doctor` on this machine: it says what is so, and changes nothing.
@Suite(.serialized) struct SeeingTheDoctor {
    @Test(arguments: Owner.here)
    func `it looks with and without a daemon, and never starts one`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        removeTree(site.home)
        let before = try site.must("doctor").output
        #expect(before.contains("ok      daemon       not running\n"), "\(before)")
        #expect(before.contains("ok      state        nothing was ever started\n"))
        #expect(before.contains("ok      PATH         swpm is \(site.bin)/swpm\n"), "\(before)")
        #expect(before.contains("ok      pidfd_getfd") && before.contains("ok      seccomp"), "\(before)")
        #expect(before.contains("ok      clone3"), "\(before)")
        #expect(before.contains("limited low ports") == (owner == .user), "\(before)")
        #expect(site.own.isEmpty && !exists(site.home))

        try site.must("start", "puppet", "--name", "app")
        let during = try site.must("doctor").output
        #expect(during.contains(", process \(try site.daemon)\n"), "\(during)")
        #expect(during.contains("ok      state        1 app known\n"), "\(during)")
        #expect(during.split(separator: "\n").last?.hasPrefix("nothing is broken") == true)
        try site.replaceDaemon()
        let after = try site.must("doctor").output
        #expect(after.contains("limited restarts     the daemon was restarted 1 time, "), "\(after)")

        guard case .array(let findings) = try JSON(parsing: Array(site.must("doctor", "--json").output.utf8))
        else {
            Issue.record("no array")
            return
        }
        #expect(findings.contains { $0["check"] == .string("daemon") && $0["verdict"] == .string("ok") })
        #expect(findings.allSatisfy { $0["says"] != nil && $0["verdict"] != nil })

        // Both at once: the instance has another parent now.
        try site.killBoth()
        try site.must("start", "puppet", "--name", "other")
        let orphaned = try site.must("doctor").output
        #expect(orphaned.contains("limited keeper       was killed: how 1 instance will end"), "\(orphaned)")
    }

    @Test(
        arguments: [
            ("pidfd_getfd", "Operation not permitted"), ("notify", "Operation not permitted"),
            ("clone3", "Function not implemented"),
        ], Owner.here)
    func `a call that is denied is found out by trying it`(
        _ denied: (call: String, reason: String), _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        removeTree(site.home)
        let found = try site.command(
            "\(site.bin)/puppet", ["--deny", denied.call, "--", "\(site.bin)/swpm", "doctor"]
        ).run()
        let subject = denied.call == "notify" ? "seccomp" : denied.call
        #expect(found.code == 0, "\(found)")
        let line = found.output.split(separator: "\n").first { $0.hasPrefix("limited \(subject)") }
        #expect(line?.contains(": \(denied.reason): ") == true, "\(found)")
        for other in ["pidfd_getfd", "seccomp", "clone3"] where other != subject {
            #expect(found.output.contains("ok      \(other)"), "\(found)")
        }
    }

    @Test(arguments: Owner.here)
    func `what is broken is named, and ends with 1`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        site.file("home/state.json", "{\"version\":", mode: 0o600)
        site.file("home/settings.json", "{}")
        chmod(site.home, 0o755)
        let found = try site.swpm("doctor")
        #expect(found.code == 1, "\(found)")
        for part in [
            "broken  home         \(site.home) is open to others",
            "broken  state        state.json cannot be read (",
            "broken  settings     \(site.home)/settings.json belongs into \(site.home)/config.json",
        ] {
            #expect(found.output.contains(part), "\(part)\n\(found)")
        }
        #expect(found.output.hasSuffix("3 things broken\n") || found.output.contains("3 things broken, "))
    }

    @Test(.enabled(if: geteuid() == 0, "needs two users"))
    func `files of root's in a user's home are found, and so is a foreign home`() throws {
        let site = try Site(.user)
        defer { site.scratch.end() }
        site.scratch.file("home/state.json.new", "")
        let found = try site.swpm("doctor")
        #expect(found.code == 1 && found.output.contains("state.json.new is of another user"), "\(found)")
        var command = site.command(["doctor"])
        command.user = nil
        let foreign = try command.run()
        #expect(foreign.code == 1 && foreign.output.contains("belongs to nobody"), "\(foreign)")
    }

    @Test(arguments: Owner.here)
    func `a daemon that hangs is found`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app")
        let daemon = try site.daemon
        kill(daemon, SIGSTOP)
        let found = try site.swpm("doctor")
        kill(daemon, SIGCONT)
        #expect(found.code == 1 && found.output.contains("broken  daemon       does not answer"), "\(found)")
    }
}

/// A state that cannot be read is told of by whatever is typed next.
@Suite(.serialized) struct LosingTheState {
    @Test(arguments: Owner.here)
    func `commands say that it is lost, where it is, and what runs on, until it is removed`(_ owner: Owner)
        throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app")
        let pid = try site.pids(of: "app")[0]
        try site.killBoth()
        site.file("home/state.json", "{\"version\":1,", mode: 0o600)

        let start = try site.must("start", "puppet", "--name", "other").errors
        let aside = try #require(names(in: site.home).first { $0.hasPrefix("state.json.unreadable-") })
        for part in [
            "the saved state could not be read ", "  it is kept as \(site.home)/\(aside)\n",
            "  to end what runs on of them, unwatched: kill \(pid)\n",
            "  to bring the apps back: swpm start <file.json>\n",
            "  to hear no more of it: rm \(site.home)/\(aside)\n",
        ] {
            #expect(start.contains(part), "\(part)\n\(start)")
        }
        #expect(try site.must("list").errors.contains("could not be read"))
        #expect(try site.must("reload", "other").errors.contains("could not be read"))
        #expect(try site.must("jlist").errors == "")
        #expect(
            try site.must("doctor").output.contains("limited state        one that could not be read is kept")
        )
        // After a day nobody needs to hear it any more.
        let old = "\(site.home)/state.json.unreadable-\(time(nil) - 90_000)"
        try #require(rename("\(site.home)/\(aside)", old) == 0)
        #expect(try site.must("list").errors == "")
        // Nor was anything put aside at a time that cannot be.
        let odd = "\(site.home)/state.json.unreadable-\(Int64.min)"
        try #require(rename(old, odd) == 0)
        #expect(try site.must("list").errors == "")
        try #require(rename(odd, "\(site.home)/\(aside)") == 0)
        #expect(try site.must("list").errors.contains("could not be read"))
        try #require(unlink("\(site.home)/\(aside)") == 0)
        #expect(try site.must("list").errors == "")
        kill(pid, SIGKILL)
    }
}
