import Glibc
import Support
import Testing

/// Who may see what, and as whom programs run.
@Suite(.serialized) struct Permitting {
    @Test(arguments: ["000", "027", "077"])
    func `a home and what lies in it are its owner's alone, whatever the umask`(_ umask: String) throws {
        let site = try Site(Owner.here.last!)
        defer { site.scratch.end() }
        let script = "umask \(umask); exec swpm start puppet --name app -- --print 3 --print-error 3"
        let start = try site.command("/bin/sh", ["-c", script]).run(within: .seconds(60))
        try #require(start.succeeded, "\(start)")
        try eventually("what lies in a home") {
            ["daemon.log", "lock", "state.json", "swpm.sock", "logs/app-out-0.log"].allSatisfy {
                exists("\(site.home)/\($0)")
            }
        }
        #expect(mode(site.home) == 0o700 && mode("\(site.home)/logs") == 0o700)
        for name in names(in: site.home) where !["logs", "preload.cjs"].contains(name) {
            #expect(mode("\(site.home)/\(name)") == 0o600, "\(name)")
        }
        for name in names(in: "\(site.home)/logs") {
            #expect(mode("\(site.home)/logs/\(name)") == 0o600, "\(name)")
        }
    }

    private func mode(_ path: String) -> UInt32 {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & 0o7777 : 0
    }

    @Test(.enabled(if: geteuid() == 0, "needs two users"))
    func `another user's swpm is named, and is not touched`() throws {
        let site = try Site(.root)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app", "--", "--tick", "500ms")
        var command = site.command(["list"])
        command.user = 65534
        // His own home is empty, and he may have meant root's.
        command.environment["SWPM_HOME"] = "\(site.scratch.path)/none"
        let own = try command.run()
        #expect(own.code == 0 && own.errors.contains("swpm is not running"), "\(own)")
        #expect(
            own.errors.split(separator: "\n").contains {
                $0.hasPrefix("  root runs ") && $0.hasSuffix(": sudo swpm list")
            }, "\(own)")
        // Root's home is closed to him.
        command.environment["SWPM_HOME"] = site.home
        let foreign = try command.run()
        #expect(foreign.code == 4 && foreign.errors.contains("belongs to another user"), "\(foreign)")
        // Even where he may come in.
        chmod(site.home, 0o755)
        chmod("\(site.home)/swpm.sock", 0o666)
        let refused = try command.run()
        #expect(
            refused.code == 1 && refused.errors.contains("this swpm belongs to another user"), "\(refused)")
        try site.must("kill")
        var start = site.command(["start", "puppet"])
        start.user = 65534
        let refusal = try start.run()
        #expect(refusal.code == 1 && refusal.errors.contains("belongs to another user"), "\(refusal)")
        #expect(site.own.isEmpty)
    }

    @Test(.enabled(if: geteuid() == 0, "needs two users"))
    func `members of the control group look, and change nothing`() throws {
        let site = try Site(.root)
        defer { site.scratch.end() }
        let member: UInt32 = 65534
        site.file("home/config.json", "{\"control_group\": \"\(member)\"}")
        try site.must("start", "puppet", "--name", "app", "--", "--print", "3", "--tick", "500ms")
        let pids = try site.pids(of: "app")
        func asMember(_ arguments: String...) throws -> Finished {
            var command = site.command(arguments)
            command.user = member
            return try command.run()
        }
        for look in [["list"], ["jlist"], ["describe", "app"], ["why", "app"], ["ping"]] {
            var command = site.command(look)
            command.user = member
            let finished = try command.run()
            #expect(finished.succeeded, "\(finished)")
        }
        let logs = try asMember("logs", "app", "--nostream")
        #expect(logs.succeeded && logs.output.contains("line 3"), "\(logs)")
        for change in [
            ["stop", "app"], ["delete", "all"], ["reload", "app"], ["scale", "app", "2"], ["kill"],
            ["update"],
            ["signal", "SIGTERM", "app"], ["start", "puppet"],
        ] {
            var command = site.command(change)
            command.user = member
            let finished = try command.run()
            #expect(
                finished.code == 1 && finished.errors.contains("may look, and change nothing"), "\(finished)")
        }
        for closed in ["state.json", "daemon.log", "lock"] {
            var command = site.command("/bin/cat", ["\(site.home)/\(closed)"])
            command.user = member
            #expect(try !command.run().succeeded, "\(closed)")
        }
        #expect(try site.pids(of: "app") == pids)
        // Without the setting nobody else is let in, and what was open is closed, by the next daemon that comes up.
        #expect(mode("\(site.home)/logs/app-out-0.log") == 0o640 && mode(site.home) == 0o710)
        try #require(unlink("\(site.home)/config.json") == 0)
        try site.replaceDaemon()
        #expect(mode(site.home) == 0o700 && mode("\(site.home)/swpm.sock") == 0o600)
        #expect(mode("\(site.home)/logs") == 0o700)
        for name in names(in: "\(site.home)/logs") {
            #expect(mode("\(site.home)/logs/\(name)") == 0o600, "\(name)")
        }
        let refused = try asMember("list")
        #expect(refused.code != 0 && refused.errors.contains("belongs to another user"), "\(refused)")
    }

    @Test(.enabled(if: geteuid() == 0, "needs root"))
    func `root's daemon runs a program as its user, without any right of root's`() throws {
        let site = try Site(.root)
        defer { site.scratch.end() }
        let port = try #require((600...1000).shuffled().first { !isTaken(UInt16($0)) })
        let file = site.file(
            "app.json",
            """
            {"apps": [
              {"name": "low", "script": "\(site.bin)/puppet", "args": ["--serve", "\(port)"], "uid": "nobody",
               "ports": [\(port)], "instances": 2},
              {"name": "own", "script": "\(site.bin)/puppet", "args": ["--tick", "1s"]}
            ]}
            """)
        try site.must("start", file)
        for process in try site.pids(of: "low") {
            let status = (readFile("/proc/\(process)/status") ?? "").split(separator: "\n").map(String.init)
            let nobody = try #require(getpwnam("nobody")?.pointee)
            #expect(status.contains("Uid:" + String(repeating: "\t\(nobody.pw_uid)", count: 4)), "\(status)")
            #expect(status.contains("Gid:" + String(repeating: "\t\(nobody.pw_gid)", count: 4)), "\(status)")
            #expect(status.contains { $0.hasPrefix("Groups:\t\(nobody.pw_gid)") }, "\(status)")
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                #expect(status.contains("\(set):\t0000000000000000"), "\(set) \(status)")
            }
        }
        // Its port is root's to bind.
        #expect(try Load.requests(50, port: UInt16(port)).failures == 0)
        try site.must("reload", "low")
        #expect(try Load.requests(50, port: UInt16(port)).failures == 0)
        let own = try #require(try site.pids(of: "own").first)
        #expect((readFile("/proc/\(own)/status") ?? "").contains("\nUid:\t0\t0\t0\t0\n"))
    }

    private func isTaken(_ port: UInt16) -> Bool {
        let hexadecimal = String(port, radix: 16, uppercase: true)
        let suffix = ":" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal + " "
        return ["tcp", "tcp6"].contains { (readFile("/proc/net/\($0)") ?? "").contains(suffix) }
    }
}
