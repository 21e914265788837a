import Glibc
import Linux
import Support
import Testing

/// What a program says is in its file: once, whole and in order, whoever dies meanwhile.
@Suite(.serialized) struct Logging {
    @Test(arguments: Owner.here)
    func `no line is lost, doubled or torn while the daemon is killed again and again`(_ owner: Owner) throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let rest = String(repeating: "x", count: 80)
        let script = site.file("flood.sh", "i=0; while :; do i=$((i+1)); echo line $i \(rest); done\n")
        let file = site.file(
            "flood.json",
            "[{ name: 'flood', script: '\(script)', interpreter: 'sh', log_rotate: false }]")
        try site.must("start", file)
        let log = "\(site.home)/logs/flood-out-0.log"
        let pid = try site.pids(of: "flood")
        for _ in 0..<Counts.of(5, soak: 50) {
            let size = fileSize(log) ?? 0
            try eventually("more lines\n\(site.daemonLog)") { (fileSize(log) ?? 0) > size + 100_000 }
            try site.replaceDaemon()
        }
        #expect(try site.pids(of: "flood") == pid)
        try site.must("stop", "flood")
        var expected = 0
        for line in (readBytes(log) ?? []).split(separator: 0x0a) {
            expected += 1
            guard line.elementsEqual("line \(expected) \(rest)".utf8) else {
                Issue.record("line \(expected) is \(String(decoding: line, as: UTF8.self))")
                break
            }
        }
        #expect(expected > 2000)
    }

    @Test(arguments: Owner.here)
    func `a helper that outlives its program is heard also by the next daemon`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let gate = site.scratch.path("gate")
        let script = site.file(
            "parent.sh",
            "mkfifo \(gate); (read x < \(gate); echo late) & echo early; while :; do sleep 1; done\n")
        try site.must("start", script, "--name", "parent", "--interpreter", "sh")
        let log = "\(site.home)/logs/parent-out-0.log"
        try eventually("the first line") { readFile(log) == "early\n" }
        kill(try site.daemon, SIGKILL)
        writeFile(gate, "go\n")
        try eventually("the helper's line\n\(site.daemonLog)") { readFile(log) == "early\nlate\n" }
    }

    /// Whoever is restored first may rotate its log before the last one is known.
    @Test(arguments: Owner.here)
    func `a daemon that has just begun removes nothing that an app wants kept`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let file = site.file(
            "apps.json",
            """
            [{ name: "a", script: "yes", log_rotate: { size: "64K", keep: 2, compress: false }},
             { name: "quiet", script: "sleep", args: "600", instances: 100, min_uptime: "20ms",
               log_rotate: { keep: 1000, compress: false }}]
            """)
        try site.must("start", file)
        let log = "\(site.home)/logs/quiet-out-99.log"
        for number in 10..<40 {
            site.file("home/logs/quiet-out-99.log.20260101T000000.0000\(number)Z", "x\n")
        }
        for _ in 0..<Counts.of(3, soak: 20) {
            try site.replaceDaemon()
            let last = rotated("\(site.home)/logs/a-out-0.log").last
            try eventually(within: .seconds(20), "another rotation\n\(site.daemonLog)") {
                rotated("\(site.home)/logs/a-out-0.log").last != last
            }
        }
        #expect(rotated(log).count == 30, "\(rotated(log).count)")
    }

    @Test(arguments: Owner.here)
    func `a hundred rotations at full speed keep every line, whoever dies meanwhile`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let rest = String(repeating: "x", count: 80)
        for run in 0..<Counts.of(3, soak: 20) {
            let end = ["exit 0", "kill -ABRT $$", "kill -KILL $$"][run % 3]
            let script = site.file(
                "writer\(run).sh",
                "i=0; while [ $i -lt 60000 ]; do i=$((i+1)); echo line $i \(rest); done; \(end)\n")
            let file = site.file(
                "rotate\(run).json",
                """
                [{ name: "writer\(run)", script: "\(script)", interpreter: "sh", autorestart: false,
                   min_uptime: "20ms", log_rotate: { size: "50K", keep: 1000, compress: \(run % 2 == 0) } }]
                """)
            try site.must("start", file)
            let log = "\(site.home)/logs/writer\(run)-out-0.log"
            try eventually("rotations\n\(site.daemonLog)") { rotated(log).count > 10 }
            let daemon = try #require(site.own.first { $0.command[1] == "daemon" })
            kill(daemon.id, SIGKILL)
            try eventually(within: .seconds(60), "the last line\n\(site.daemonLog)") {
                (readFile(log) ?? "").hasSuffix("line 60000 \(rest)\n")
            }
            if run % 2 == 0 {
                try eventually(within: .seconds(60), "compression\n\(site.daemonLog)") {
                    rotated(log).dropLast().allSatisfy { $0.hasSuffix(".gz") }
                }
            }
            #expect(rotated(log).count >= 100)
            #expect(try countNumbered(log, rest) == 60_000)
        }
    }

    @Test(.enabled(if: geteuid() == 0))
    func
        `a full disk and a follower that stopped stop no program, cost no memory, and what is lost is counted`()
        throws
    {
        let site = try Site(.root)
        defer { site.scratch.end() }
        let disk = site.scratch.directory("disk")
        guard try Command("mount", ["-t", "tmpfs", "-o", "size=24m", "swpm-test", disk]).run().succeeded
        else {
            // A container may forbid it.
            return
        }
        site.scratch.atEnd { _ = try? Command("umount", ["-l", disk]).run() }
        writeFile("\(disk)/ballast", String(repeating: "x", count: 16 << 20))
        let script = site.file("flood.py", flood)
        let file = site.file(
            "flood.json",
            """
            [{ name: "flood", script: "\(script)", interpreter: "python3", out_file: "\(disk)/out.log",
               merge_logs: true, log_rotate: false }]
            """)
        try site.must("start", file)
        try eventually("drops\n\(site.daemonLog)") {
            try site.must("describe", "flood").output.contains("not logged")
        }
        let daemon = try #require(site.own.first { $0.command[1] == "daemon" }).id
        // One who reads, and then does not any more.
        let follower = try site.command(["logs", "flood", "--raw", "--lines", "1"]).start()
        try eventually("the follower's first line") { !follower.outputSoFar.isEmpty }
        follower.send(SIGSTOP)
        let pings = try pings(site, for: .seconds(Counts.of(15, soak: 600)))
        // The whole command, on a machine that has something else to do.
        #expect(pings[pings.count / 2] < .milliseconds(50), "\(pings)")
        #expect(memory(of: daemon) < 64 << 20)
        #expect(try site.must("list").output.contains("of its output dropped"))
        let before = fileSize("\(disk)/out.log") ?? 0
        #expect(unlink("\(disk)/ballast") == 0)
        try eventually("more lines\n\(site.daemonLog)") {
            (fileSize("\(disk)/out.log") ?? 0) > before + 1_000_000
        }
        // It reads what there is by now, and nobody had waited for it.
        let read = follower.outputSoFar.utf8.count
        follower.send(SIGCONT)
        try eventually("more from the follower") { follower.outputSoFar.utf8.count > read }
        try site.must("stop", "flood")
        #expect(countedGaps(in: readBytes("\(disk)/out.log") ?? []) >= 1)
        #expect(site.daemonLog.contains("cannot be written") && site.daemonLog.contains("written again"))
    }

    /// 50 MB a second, in numbered lines of 100 bytes.
    private let flood = """
        import os, time
        number = 0
        while True:
            block = b"".join(b"%099d\\n" % (number + i) for i in range(5000))
            number += 5000
            while block: block = block[os.write(1, block):]
            time.sleep(0.008)

        """

    /// How long each whole command took, sorted; ten a second.
    private func pings(_ site: Site, for time: Duration) throws -> [Duration] {
        let end = ContinuousClock.now + time
        var took: [Duration] = []
        while ContinuousClock.now < end {
            _ = try Poller().wait(atMost: .milliseconds(100))
            took.append(try site.must("ping").took)
        }
        return took.sorted()
    }

    @Test(arguments: Owner.here)
    func `two hundred programs beside one that floods are all heard`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let file = site.file(
            "many.json",
            """
            [{ name: "flood", script: "yes", args: ["\(String(repeating: "x", count: 99))"], interpreter: "none",
               log_rotate: { size: "20M", keep: 1, compress: false } },
             { name: "many", script: "\(site.bin)/puppet", args: ["--tick", "300ms"], interpreter: "none",
               instances: 200, exec_mode: "fork", zero_downtime: false }]
            """)
        try site.must("start", file)
        let logs = (0..<200).map { "\(site.home)/logs/many-out-\($0).log" }
        for round in 0..<3 {
            let sizes = logs.map { fileSize($0) ?? 0 }
            try eventually(within: .seconds(10), "a line of each in round \(round)\n\(site.daemonLog)") {
                zip(logs, sizes).allSatisfy { (fileSize($0) ?? 0) > $1 }
            }
        }
        #expect(try site.must("ping").took < .seconds(1))
        try site.must("stop", "all", within: .seconds(60))
    }

    /// How often lines of 100 bytes are missing between their numbers; each time just as many as the log says.
    private func countedGaps(in log: [UInt8]) -> Int {
        var next = 0
        var gaps = 0
        for line in log.split(separator: 0x0A) {
            if let number = line.count == 99 ? Int(String(decoding: line, as: UTF8.self)) : nil {
                #expect(number == next)
                next = number + 1
                continue
            }
            let words = String(decoding: line, as: UTF8.self).split(separator: " ")
            let bytes = words.count > 2 && words[0] == "[swpm]" ? Int(words[1]) : nil
            guard let bytes, bytes % 100 == 0 else {
                Issue.record("a torn line: \(String(decoding: line.prefix(200), as: UTF8.self))")
                return gaps
            }
            next += bytes / 100
            gaps += 1
        }
        return gaps
    }

    /// Resident bytes (proc_pid_status(5)).
    private func memory(of process: Int32) -> Int {
        let status = readFile("/proc/\(process)/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return (line.flatMap { Int($0.filter(\.isNumber)) } ?? .max / 1024) * 1024
    }
}
