import Glibc
import Support
import Testing

/// Descriptors, processes, memory and disks run out, and come back: who serves goes on serving, what is wrong is said, and
/// afterwards everything is as it was asked for, without anybody's help.
@Suite(.serialized) struct LivingThroughFaults {
    @Test(arguments: Owner.here)
    func `whatever is refused, programs serve on, and what was asked for comes true`(_ owner: Owner) throws {
        let site = try Site(owner)
        try site.mountHome()
        defer { site.endWithDisk() }
        let port = freePort()
        try site.must("start", "puppet", "--name", "web", "-i", "2", "--", "--serve", "\(port)")
        try site.must("start", "puppet", "--name", "worker", "--", "--tick", "5ms")
        let web = try site.pids(of: "web")
        let load = try Load(port: port, clients: 4, pause: 5)
        for trouble in Trouble.all(for: site) {
            try site.live(through: trouble)
            try #require(site.pids(of: "web") == web, "\(trouble.name)\n\(site.daemonLog)")
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        try site.must("kill")
        #expect(site.living.isEmpty, "\(site.living)")
    }

    /// Who took it for empty would end what runs as nobody's, and forget everything.
    @Test(arguments: Owner.here)
    func `a state that cannot be read for now is waited for, and what runs is left alone`(_ owner: Owner)
        throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app")
        let pids = try site.pids(of: "app")
        try site.killBoth()
        let state = "\(site.home)/state.json"
        rename(state, "\(site.home)/kept")
        // It leads to itself: there is something, and nobody can open it.
        try #require(symlink("state.json", state) == 0)
        let other = try site.command(["start", "puppet", "--name", "other"]).start()
        try eventually(within: .seconds(10), "it is said\n\(site.daemonLog)") {
            site.daemonLog.contains("the daemon cannot go on: cannot look at \(state)")
        }
        // In one step: between two there would be none, and that is an empty one.
        try #require(rename("\(site.home)/kept", state) == 0)
        try #require(other.wait().succeeded, "\(site.daemonLog)")
        #expect(try site.pids(of: "app") == pids, "\(site.daemonLog)")
    }

    /// EINTR, everywhere and a thousand times: nobody hears of it.
    @Test func `a storm of signals to daemon and keeper disturbs no reload`() throws {
        let site = try Site(try #require(Owner.here.last))
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.swift, instances: 2, port: port)
        let load = try Load(port: port, clients: 4, pause: 5)
        let own = site.own.map(\.id)
        for _ in 0..<Counts.of(2, soak: 20) {
            let reload = try site.command(["reload", "app"]).start()
            var signals = 0
            while reload.isRunning {
                for process in own {
                    // A stopped process that goes on finds its calls interrupted, whatever it ignores.
                    for signal in [SIGWINCH, SIGCHLD, SIGURG, SIGSTOP, SIGCONT] { kill(process, signal) }
                }
                signals += 1
            }
            let finished = try reload.wait()
            #expect(finished.succeeded && signals > 100, "\(signals): \(finished)\n\(site.daemonLog)")
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(site.own.map(\.id) == own)
        #expect(try site.agrees(site.rows(of: "app")))
    }
}

extension Site {
    /// A crash and a command, while something is refused.
    fileprivate func live(through trouble: Trouble) throws {
        let victim = try pids(of: "worker")[0]
        let before = fileSize("\(home)/daemon.log") ?? 0
        let end = try trouble.begin(self)
        kill(victim, SIGKILL)
        let meanwhile = try command(["start", "puppet", "--name", "guest"]).start()
        if trouble.isAwaited {
            try eventually(within: .seconds(10), "\(trouble.name): it is said\n\(daemonLog)") {
                said(trouble.words, after: before)
            }
        } else {
            #expect(try swpm("list").succeeded, "\(trouble.name)\n\(daemonLog)")
            // It has met the trouble before that ends.
            try eventually(within: .seconds(10), "\(trouble.name): a worker meanwhile\n\(daemonLog)") {
                try trouble.endsStarts || hasNewWorker(after: victim)
            }
        }
        end()
        _ = try meanwhile.wait(within: .seconds(30))
        try eventually(within: .seconds(20), "\(trouble.name): a new worker\n\(daemonLog)") {
            try hasNewWorker(after: victim)
        }
        try eventually(within: .seconds(10), "\(trouble.name): it is said\n\(daemonLog)") {
            said(trouble.words, after: before)
        }
        let worker = try pids(of: "worker")[0]
        try eventually(within: .seconds(10), "\(trouble.name): the state is on disk\n\(daemonLog)") {
            readFile("\(home)/state.json")?.contains("\(worker)") == true
        }
        // Its start may have been refused.
        try swpm("delete", "guest")
    }

    private func hasNewWorker(after victim: Int32) throws -> Bool {
        try rows(of: "worker").allSatisfy { $0.status == "online" && $0.pid > 0 && $0.pid != victim }
    }

    private func said(_ words: String, after size: Int) -> Bool {
        if words.isEmpty { return true }
        let bytes = readBytes("\(home)/daemon.log") ?? []
        return String(decoding: bytes.dropFirst(size), as: UTF8.self).contains(words)
    }
}
