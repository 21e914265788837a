import Glibc
import Support
import Testing

/// What was stopped is gone: whatever an app has left behind, wherever it went.
@Suite(.serialized) struct StoppingEverything {
    /// A program that spawns a server in a session of its own, which obeys no polite signal.
    private static let next = """
        const { spawn } = require('child_process')
        spawn(process.execPath, ['-e', `
          for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {})
          require('http').createServer((q, r) => r.end('x')).listen(${process.argv[2]})`
        ], { detached: true, stdio: 'inherit' })
        process.on('SIGTERM', () => process.exit(0))
        setInterval(() => {}, 1000)
        """

    /// Forks twice, leads a session of its own in between, and hears no SIGTERM.
    private static let daemon = """
        import os, signal, socket, sys, time
        if os.fork() > 0:
            while True: time.sleep(1)
        os.setsid()
        if os.fork() > 0: os._exit(0)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(5)
        while True:
            c, _ = s.accept(); c.recv(4096); c.sendall(b'HTTP/1.0 200 OK\\r\\nContent-Length: 1\\r\\n\\r\\nx'); c.close()
        """

    /// Ignores the signal itself.
    private static let deaf = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while True: time.sleep(1)
        """

    /// As nginx does by itself: leaves parent and session, and its environment is not to be read any more.
    private static let hidden = """
        import os, socket, sys, time
        if len(sys.argv) > 3:
            open(sys.argv[2], 'w').write(str(os.getpid()))
            while True: time.sleep(1)
        s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(('127.0.0.1', int(sys.argv[1]))); s.listen(5); s.set_inheritable(True)
        if os.fork() > 0:
            while True: time.sleep(1)
        os.setsid()
        if os.fork() > 0: os._exit(0)
        null = os.open('/dev/null', os.O_RDWR)
        for n in range(3): os.dup2(null, n)
        os.execve(sys.executable, [sys.executable] + sys.argv + ['hidden'], {})
        """

    @Test(arguments: Owner.here)
    func `who hides altogether is known by the listener that it has`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let (port, note) = (freePort(), site.scratch.path("pid"))
        let script = site.file("hidden.py", Self.hidden)
        try site.must(
            "start", script, "--name", "app", "--interpreter", "/usr/bin/python3", "--zero-downtime",
            "--kill-timeout", "500ms", "--", "\(port)", note)
        let hidden = try eventually("it is hidden") { readFile(note).flatMap { Int32($0) } }
        defer { if isAlive(hidden) { kill(hidden, SIGKILL) } }
        let stop = try site.must("stop", "app")
        #expect(!isAlive(hidden), "\(stop)")
        #expect(try Load.requests(1, port: port).failed["refused"] == 1)
    }

    enum Program: String, CaseIterable, CustomTestStringConvertible {
        case next, npm, daemon
        var testDescription: String { rawValue }
    }

    private func start(_ program: Program, _ site: Site, _ port: UInt16) throws {
        let common = ["--name", "app", "--kill-timeout", "500ms"]
        switch program {
        case .next:
            let script = site.file("next.js", Self.next)
            _ = try site.command(["start", script] + common + ["--", "\(port)"]).run()
        case .npm:
            // As `npm start` does it: a shell in a shell, each waiting for the next.
            let script = site.file("next.js", Self.next)
            let line = "sh -c 'sh -c \"node \(script) \(port); true\"; true'"
            _ = try site.command(["start", line] + common).run()
        case .daemon:
            let script = site.file("daemon.py", Self.daemon)
            _ = try site.command(
                ["start", script, "--interpreter", "/usr/bin/python3"] + common + ["--", "\(port)"]
            ).run()
        }
    }

    @Test(arguments: Program.allCases, Owner.here)
    func `nothing is left and the port is free`(_ program: Program, _ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        for _ in 0..<Counts.of(2, soak: 20) {
            let port = freePort()
            try start(program, site, port)
            try eventually(within: .seconds(20), "it serves\n\(site.daemonLog)") {
                try Load.requests(1, port: port).failures == 0
            }
            #expect(site.living.count >= 2, "\(site.living)")
            try site.must("stop", "app")
            #expect(site.living.isEmpty, "\(site.living)\n\(site.daemonLog)")
            #expect(try Load.requests(1, port: port).failed["refused"] == 1)
            try site.must("delete", "app")
        }
    }

    @Test(arguments: Program.allCases, Owner.here.suffix(1))
    func `whom it left behind and had to be killed is named`(_ program: Program, _ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try start(program, site, port)
        try eventually(within: .seconds(20), "it serves\n\(site.daemonLog)") {
            try Load.requests(1, port: port).failures == 0
        }
        let main = try #require(try site.pids(of: "app").first)
        let left = try #require(site.living.filter { $0.id != main }.max { $0.id < $1.id })
        let stop = try site.must("stop", "app")
        let named = "process \(left.id): \(left.command[0])"
        #expect(stop.output.contains("app: stopped"), "\(stop)")
        #expect(stop.output.contains("left behind what was killed"), "\(stop)")
        #expect(stop.output.contains(named), "\(stop)")
        #expect(!stop.output.contains("process \(main)"), "\(stop)")
        for command in ["why", "describe"] {
            let text = try site.must(command, "app").output
            #expect(text.contains(named), "\(text)")
        }
    }

    @Test(arguments: Owner.here.suffix(1))
    func `who ignores the signal is named, also by the next daemon`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let script = site.file("deaf.py", Self.deaf)
        try site.must(
            "start", script, "--name", "app", "--interpreter", "/usr/bin/python3", "--kill-timeout", "300ms",
            "--min-uptime", "300ms")
        let main = try #require(try site.pids(of: "app").first)
        let stop = try site.must("stop", "app")
        let said = "process \(main) had not ended 300 ms after the stop signal (kill_timeout), and was killed"
        #expect(stop.output.contains(said), "\(stop)")
        let file = "\(site.home)/history.json"
        try eventually("it is written") { readFile(file)?.contains("\"pid\":\(main)") == true }
        kill(try #require(site.own.first { $0.command[1] == "daemon" }).id, SIGKILL)
        try eventually(within: .seconds(10), "another daemon") {
            try site.swpm("why", "app", within: .seconds(5)).output.contains(said)
        }
        #expect(try site.must("describe", "app").output.contains(said))
        // Who goes when he is asked is not spoken of.
        try site.must("start", "puppet", "--name", "good", "--", "--tick", "1s")
        #expect(try site.must("stop", "good").output == "good: stopped\n")
        #expect(try site.must("why", "good").output.hasPrefix("good: no instance died"))
    }
}
