import Glibc
import Support
import Testing

/// A daemon that breaks tells why, is back at once, and costs no program anything.
@Suite(.serialized) struct CrashReporting {
    @Test(arguments: Owner.here)
    func `a daemon that crashes leaves a trace, and list tells of it until an update`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app", "-i", "2", "--", "--tick", "500ms")
        let before = try site.pids(of: "app")
        #expect(try site.must("list").errors == "")
        for signal in [SIGSEGV, SIGABRT] {
            let daemon = try #require(site.own.first { $0.command[1] == "daemon" }).id
            kill(daemon, signal)
            try eventually(within: .seconds(10), "another daemon\n\(site.daemonLog)") {
                let isBack = site.own.contains { $0.command[1] == "daemon" && $0.id != daemon }
                return try isBack && site.swpm("ping").succeeded
            }
            let name = signal == SIGSEGV ? "SIGSEGV" : "SIGABRT"
            #expect(site.daemonLog.contains("daemon, process \(daemon), thread \(daemon): ended by \(name)"))
            #expect(site.daemonLog.contains("keeper: the daemon was ended by signal \(signal)"))
            #expect(site.daemonLog.contains("\n  0x"))
        }
        let said = try site.must("list").errors
        #expect(said.hasPrefix("the daemon was restarted 2 times, the last time "), "\(said)")
        #expect(said.hasSuffix("see \(site.home)/daemon.log\n"), "\(said)")
        #expect(try site.pids(of: "app") == before)
        try site.must("update")
        #expect(try site.must("list").errors == "")
        #expect(try site.pids(of: "app") == before)
    }

    @Test func `the names for a trace are those of the program that broke`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let map = "\(Programs.root)/.build/swpm.map"
        try #require(exists(map), "swift build -c release writes it")
        let share = site.scratch.directory("share")
        let build = try #require(try site.must("version").output.split(separator: "(").last?.prefix(12))
        let make =
            "PATH=/usr/bin:/bin '\(Programs.root)/.ci/symbols' '\(map)' | gzip > '\(share)/\(build).names.gz'"
        try #require(try Command("/bin/sh", ["-c", make]).run().succeeded)
        copyFile("\(Programs.root)/.ci/names", to: "\(share)/names")
        try site.must("start", "puppet", "--name", "app", "--", "--tick", "500ms")
        let daemon = try #require(site.own.first { $0.command[1] == "daemon" }).id
        kill(daemon, SIGSEGV)
        try eventually(within: .seconds(10), "a trace") { site.daemonLog.contains("ended by SIGSEGV") }
        let named = try Command("\(share)/names", ["\(site.home)/daemon.log"]).run()
        // Mangled here, because the compiler's tools may be elsewhere.
        #expect(named.output.contains("$s6Daemon4LoopC3run"), "\(named)")
        #expect(named.output.contains("  main") || named.output.contains("swpm_main"), "\(named)")
    }

    @Test func `a daemon that crashes again and again is started more and more patiently`() throws {
        let site = try Site(Owner.here.last!)
        defer { site.scratch.end() }
        let port = freePort()
        try site.must("start", "puppet", "--name", "app", "-i", "2", "--", "--serve", "\(port)")
        let before = try site.pids(of: "app")
        let load = try Load(port: port, clients: 4)
        var last: Int32 = 0
        for _ in 0..<5 {
            last = try eventually(within: .seconds(10), "the next daemon\n\(site.daemonLog)") {
                site.own.first { $0.command[1] == "daemon" && $0.id != last }?.id
            }
            kill(last, SIGSEGV)
        }
        // After five short lives it waits for most of a second.
        let starts = site.daemonLog.split(separator: "\n").filter { $0.contains("ended by signal 11") }
        #expect(starts.count >= 4, "\(site.daemonLog)")
        try eventually(within: .seconds(20), "peace\n\(site.daemonLog)") { try site.swpm("ping").succeeded }
        #expect(try site.pids(of: "app") == before)
        #expect(try load.stop().failures == 0)
    }

    @Test func `the log of the daemon does not grow for ever`() throws {
        let site = try Site(Owner.here.last!)
        defer { site.scratch.end() }
        let log = "\(site.home)/daemon.log"
        try site.must("start", "puppet", "--name", "app", "--", "--tick", "500ms")
        for age in 1...4 {
            try #require(truncate(log, 11 << 20) == 0)
            let victim = try eventually("an instance") { try site.pids(of: "app").first { $0 > 0 } }
            kill(victim, SIGKILL)
            try eventually(within: .seconds(10), "another file") { (fileSize(log) ?? 0) < 1 << 20 }
            #expect(exists("\(log).\(min(age, 3))"))
            #expect(!exists("\(log).4"))
        }
        // The keeper follows.
        kill(try #require(site.own.first { $0.command[1] == "daemon" }).id, SIGKILL)
        try eventually(within: .seconds(10), "a word of the keeper in the new file") {
            site.daemonLog.contains("keeper: the daemon was ended by signal 9")
        }
        #expect((fileSize(log) ?? .max) < 1 << 20)
    }
}
