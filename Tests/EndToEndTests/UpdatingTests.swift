import Glibc
import Support
import Testing
import Wire

/// swpm is replaced while it works, and nobody notices; what cannot replace it does not.
@Suite(.serialized) struct Updating {
    @Test(arguments: Owner.here)
    func `an update under load changes nothing but the program`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let (port, other) = (freePort(), freePort())
        try site.start(.node, instances: 2, port: port)
        try site.must(
            "start", try site.fixture("python/server.py"), "--name", "python", "--", "\(other)")
        try site.must("start", "puppet", "--name", "ticker", "-i", "2", "--", "--tick", "5ms")
        try #require(mkfifo(site.scratch.path("never"), 0o666) == 0)
        let script = site.file("wait.sh", "echo waits; read line < '\(site.scratch.path("never"))'\n")
        try site.must("start", script, "--name", "shell")
        try site.must("start", "puppet", "--name", "quiet", "--", "--print", "3")
        let (before, keeper) = (try site.lives(), try #require(site.part("keeper")))
        let load = try Load(port: port)
        let more = try Load(port: other, clients: 4)
        for round in 1...Counts.of(3, soak: 20) {
            let (daemon, edition) = (try #require(site.part("daemon")), "swpm-\(round)")
            copyFile(Programs.swpm, to: "\(site.bin)/\(edition)")
            let update = try site.must("update", "--binary", "\(site.bin)/\(edition)")
            #expect(update.output.hasPrefix("swpm is updated to "), "\(update)")
            #expect(site.part("keeper") == keeper && site.part("daemon") != daemon)
            #expect(site.programs == ["\(site.bin)/\(edition)", "\(site.bin)/\(edition)"])
            #expect(try site.lives() == before)
        }
        // It looks after them as before.
        try site.must("reload", "app")
        for result in [try load.stop(), try more.stop()] {
            #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        }
        #expect(try site.agrees(site.rows()))
        try site.must("kill")
        #expect(site.own.isEmpty && site.living.isEmpty)
    }

    /// What an update may be given instead of a program that works, and what is said then.
    struct Failure: CustomTestStringConvertible {
        var testDescription: String
        var said: String
        var prepare: @Sendable (Site) throws -> String
    }

    static let failures = [
        Failure(testDescription: "nothing", said: "No such file or directory") { "\($0.bin)/nothing" },
        Failure(testDescription: "a directory", said: "it is no file") { $0.bin },
        Failure(testDescription: "not executable", said: "it is not executable") { site in
            let path = try site.install(Edition(), as: "plain")
            chmod(path, 0o644)
            return path
        },
        Failure(testDescription: "a script", said: "it is no program, or a script") { site in
            site.file("script", "#!/bin/sh\necho swpm 1 can take over\n", mode: 0o755)
        },
        Failure(testDescription: "another machine", said: "it is a program for another machine") { site in
            try site.install(Edition.foreign(), as: "foreign")
        },
        Failure(testDescription: "not swpm", said: "it is not swpm") { _ in "/bin/true" },
        Failure(testDescription: "its daemon cannot start", said: "boot_iX: No such file") { site in
            try site.install(Edition.looking(at: "/proc/sys/kernel/random/boot_iX"), as: "broken")
        },
        Failure(testDescription: "its daemon hangs", said: "its daemon was not ready within 5 s") { site in
            let pipe = site.scratch.path("fifo-boot")
            mkfifo(pipe, 0o666)
            chmod(pipe, 0o666)
            return try site.install(Edition.looking(at: pipe), as: "hanging")
        },
        Failure(testDescription: "it cannot read the history", said: "history.json") { site in
            try eventually("a history") { exists("\(site.home)/history.json") }
            writeFile("\(site.home)/history.json", "[")
            return "\(site.bin)/swpm"
        },
        Failure(testDescription: "it hangs looking at the state", said: "it hangs") { site in
            unlink("\(site.home)/state.json")
            mkfifo("\(site.home)/state.json", 0o666)
            chmod("\(site.home)/state.json", 0o666)
            return "\(site.bin)/swpm"
        },
        Failure(testDescription: "it cannot read the state", said: "written by a newer swpm") { site in
            unlink("\(site.home)/state.json")
            site.file("home/state.json", "{\"version\": 999}")
            return "\(site.bin)/swpm"
        },
    ]

    @Test func `what cannot take over does not, and says why`() throws {
        let site = try Site(Owner.here.last!)
        defer { site.scratch.end() }
        let port = freePort()
        // The death is for the history.
        try site.must("start", "puppet", "--name", "app", "-i", "2", "--", "--serve", "\(port)")
        kill(try #require(try site.pids(of: "app").first), SIGKILL)
        try eventually(within: .seconds(10), "a replacement") {
            try site.rows(of: "app").contains { $0.restarts == 1 && $0.status == "online" }
        }
        let (before, keeper) = (try site.lives(), try #require(site.part("keeper")))
        let load = try Load(port: port, clients: 4)
        for failure in Self.failures {
            let path = try failure.prepare(site)
            let update = try site.swpm("update", "--binary", path)
            #expect(update.code == 1, "\(failure.testDescription): \(update)\n\(site.daemonLog)")
            #expect(update.errors.contains(failure.said), "\(failure.testDescription): \(update)")
            #expect(site.part("keeper") == keeper)
            #expect(site.programs == ["\(site.bin)/swpm", "\(site.bin)/swpm"], "\(failure.testDescription)")
            #expect(try site.lives() == before, "\(failure.testDescription)\n\(site.daemonLog)")
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        // What was put in the way of the state was not taken for it.
        removeTree("\(site.home)/history.json")
        try site.must("scale", "app", "3")
        try eventually(within: .seconds(10), "a new state") {
            readFile("\(site.home)/state.json")?.contains("next_instance") == true
        }
        try site.must("update")
        #expect(try site.pids(of: "app").count == 3)
    }

    @Test func `a program that ends again and again makes way for the one before`() throws {
        let site = try Site(Owner.here.last!)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app", "--", "--tick", "500ms")
        let before = try site.lives()
        let path = try site.install(Edition(), as: "other")
        try site.must("update", "--binary", path)
        for expected in [path, "\(site.bin)/swpm"] {
            let daemon = try #require(site.part("daemon"))
            kill(daemon, SIGKILL)
            try eventually(within: .seconds(10), "another daemon\n\(site.daemonLog)") {
                try site.part("daemon").map { $0 != daemon } == true && site.swpm("ping").succeeded
            }
            #expect(site.programs == [expected, expected], "\(site.daemonLog)")
        }
        #expect(try site.lives() == before)
        #expect(site.daemonLog.contains("this is the program from before again"))
    }

    @Test func `after an installation a terminal is told what to type, and nobody else`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app", "--", "--tick", "500ms")
        try site.install(Edition.rebuilt())
        let line = "env PATH='\(site.bin)':/usr/bin:/bin sh"
        let terminal = try Tmux(
            line, in: site.scratch, columns: 120, environment: ["SWPM_HOME": site.home, "NO_COLOR": "1"])
        try terminal.type("swpm ping; echo pinged", "Enter")
        let screen = try terminal.wait(for: "swpm update has it go on as this one")
        #expect(screen.contains { $0.hasPrefix("the daemon is another swpm, ") }, "\(screen)")
        for quiet in [["ping"], ["jlist"], ["list", "--json"]] {
            #expect(try site.command(quiet).run().errors == "", "\(quiet)")
        }
        try terminal.type("clear; swpm jlist > /dev/null; swpm --json ping; echo over", "Enter")
        #expect(try !terminal.wait(for: "over").contains { $0.contains("another swpm") })
        try terminal.type("clear; swpm update; swpm ping", "Enter")
        let after = try terminal.wait(for: "the daemon answers")
        #expect(after.contains { $0.hasPrefix("swpm is updated to ") }, "\(after)")
        #expect(!after.contains { $0.contains("another swpm") }, "\(after)")
    }

    @Test func `without a daemon there is nothing to update`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let update = try site.must("update")
        #expect(update.output.hasPrefix("swpm is not running") && site.own.isEmpty, "\(update)")
    }
}

/// What must not change when swpm does.
private struct Life: Equatable {
    var row: Row
    /// In milliseconds since 1970, by a clock that is set now and then.
    var since: Int64

    static func == (one: Life, other: Life) -> Bool {
        one.row == other.row && abs(one.since - other.since) <= 1000
    }
}

extension Site {
    fileprivate func lives() throws -> [Life] {
        let json = try JSON(parsing: Array(try must("jlist").output.utf8), options: .answer)
        guard case .array(let entries) = json else { return [] }
        return try entries.map { entry in
            guard case .integer(let since)? = entry["pm2_env"]?["pm_uptime"], let row = Row(entry) else {
                throw NeverHappened(description: "no life: \(entry)")
            }
            return Life(row: row, since: since)
        }
    }

    /// The process that plays this part: "keeper" or "daemon".
    fileprivate func part(_ name: String) -> Int32? { own.first { $0.command[1] == name }?.id }

    /// The files that keeper and daemon were started from.
    fileprivate var programs: [String] {
        own.map { facts in
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = readlink("/proc/\(facts.id)/exe", &buffer, buffer.count)
            return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        }
    }
}
