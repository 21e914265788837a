import Glibc
import Support
import Testing

/// A program that has died leaves its last words, and `why` tells them.
@Suite(.serialized) struct TellingWhyItDied {
    private let program = """
        for (let i = 1; i <= 500; i++) console.log('line ' + i)
        function brew() { throw new Error('no coffee') }
        brew()
        """

    @Test(arguments: Owner.here)
    func `all it printed and the stack of a throw are kept`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let script = site.file("coffee.js", program)
        let expected = (1...500).map { "line \($0)\n" }.joined()
        for round in 0..<Counts.of(4, soak: 20) {
            let name = "coffee\(round)"
            let start = try site.swpm("start", script, "--name", name, "--no-autorestart")
            #expect(start.code == 1 && start.errors.contains("Error: no coffee"), "\(start)")
            #expect(readFile("\(site.home)/logs/\(name)-out-0.log") == expected, "round \(round)")
            let errors = readFile("\(site.home)/logs/\(name)-error-0.log") ?? ""
            let why = try site.must("why", name)
            for line in ["Error: no coffee", "at brew (", "exited with code 1", "not started again"] {
                #expect(why.output.contains(line), "\(why)")
            }
            #expect(errors.contains("at brew ("), "\(errors)")
            #expect(why.output.contains("start: \(name) 0 exited with code 1"), "\(why)")
        }
    }

    @Test(arguments: Owner.here)
    func `it is remembered when the daemon dies, and the file is private`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app", "--", "--tick", "500ms")
        let first = try #require(try site.pids(of: "app").first)
        kill(first, SIGKILL)
        try eventually(within: .seconds(20), "a replacement\n\(site.daemonLog)") {
            try site.rows(of: "app").allSatisfy { $0.status == "online" && $0.pid != first }
        }
        let file = "\(site.home)/history.json"
        try eventually("it is written") { readFile(file)?.contains("SIGKILL") == true }
        var status = stat()
        #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
        try site.replaceDaemon()
        let why = try site.must("why", "app")
        #expect(why.output.contains("pid \(first) was killed (SIGKILL)"), "\(why)")
        #expect(why.output.contains("started again at once"), "\(why)")
        // Nobody else runs out of memory while tests run; if so, the kernel's log names another.
        #expect(why.output.contains("somebody"), "\(why)")
        #expect(try site.must("why", "app", "--json").output.contains("\"killer\":\"somebody\""))
        try site.must("delete", "app")
        #expect(try site.swpm("why", "app").code == 3)
    }

    @Test(arguments: Owner.here, [true, false])
    func `who has the port is named`(_ owner: Owner, _ isHeld: Bool) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        let server = try site.fixture("node/server.js")
        let other = try site.command("/usr/bin/env", ["node", server, "\(port)"]).start()
        try eventually("the other listens") { try Load.requests(1, port: port).failures == 0 }
        let held = isHeld ? ["--zero-downtime"] : []
        let start = try site.command(
            ["start", server, "--name", "app", "--no-autorestart"] + held + ["--", "\(port)"]
        ).run()
        let user = owner.becomes == nil && geteuid() == 0 ? "root" : "nobody"
        #expect(start.code == 1, "\(start)")
        let why = try site.must("why", "app")
        for told in [start.errors, why.output] {
            #expect(told.contains("process \(other.process) of user \(user) listens on"), "\(told)")
            #expect(told.contains("node \(server) \(port)"), "\(told)")
            #expect(told.contains("Error: listen EADDRINUSE"), "\(told)")
        }
        try other.stop()
    }
}
