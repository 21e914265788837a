import Glibc
import Linux
import Support
import Testing

/// A disk that does not answer at all: everybody who writes to it waits in the kernel.
@Suite(.serialized) struct LogsOnHangingDisks {
    @Test(.enabled(if: geteuid() == 0))
    func `a frozen disk stops neither other logs nor programs nor commands, and what is lost is counted`()
        throws
    {
        let site = try Site(.root)
        defer { site.scratch.end() }
        guard let disk = try frozenLater(site) else { return }
        let (bad, good) = ("\(disk)/bad.log", site.scratch.path("good.log"))
        try start(site, bad: bad, good: good)
        try eventually("both logs\n\(site.daemonLog)") {
            fileSize(bad) ?? 0 > 10_000 && fileSize(good) ?? 0 > 0
        }

        #expect(try Command("fsfreeze", ["-f", disk]).run().succeeded)
        let frozen = fileSize(bad)
        let took = try tick(site, good, for: .seconds(Counts.of(6, soak: 60)))
        #expect(fileSize(bad) == frozen)
        #expect(took.longestGap < .seconds(3), "\(took)")
        #expect(took.medianAnswer < .milliseconds(50) && took.longestAnswer < .seconds(1), "\(took)")
        #expect(try site.must("list").output.contains("of its output dropped"))
        #expect(try site.must("describe", "bad").output.contains("not logged"))
        // A death is heard of, and a new instance begins, though nobody can open its files.
        let before = try site.pids(of: "bad")
        let restart = try site.must("restart", "bad")
        #expect(restart.took < .seconds(10), "\(restart)")
        #expect(try site.pids(of: "bad") != before)

        for _ in 0..<10 {
            let progress = readFile(site.scratch.path("progress"))
            try eventually("the program goes on") { readFile(site.scratch.path("progress")) != progress }
        }
        #expect(try Command("fsfreeze", ["-u", disk]).run().succeeded)
        try eventually("more lines\n\(site.daemonLog)") { fileSize(bad) ?? 0 > (frozen ?? 0) + 100_000 }
        try site.must("stop", "all")
        try expectCounted(bad, site)
        #expect(site.daemonLog.contains("cannot be written (the disk does not answer)"))
    }

    @Test(arguments: Owner.here)
    func `an index that cannot be opened holds up its own log alone`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let (bad, good) = (site.scratch.path("bad.log"), site.scratch.path("good.log"))
        let index = site.file(".bad.log.times", "")
        guard let holder = try lease(index, site.command) else { return }
        try start(site, bad: bad, good: good)
        let took = try tick(site, good, for: .seconds(Counts.of(4, soak: 30)))
        #expect(took.longestGap < .seconds(3), "\(took)")
        #expect(took.medianAnswer < .milliseconds(50) && took.longestAnswer < .seconds(1), "\(took)")
        let size = fileSize(bad) ?? 0
        try holder.stop()
        try eventually("more lines\n\(site.daemonLog)") { fileSize(bad) ?? 0 > size + 100_000 }
        try site.must("stop", "all")
        try expectCounted(bad, site)
    }
}

// MARK: - Programs

/// A million bytes a second in numbered lines of 100 bytes that go to the disk, and a line every 10 ms elsewhere.
private func start(_ site: Site, bad: String, good: String) throws {
    let flood = site.file(
        "flood.py",
        """
        import os, sys, time
        number = 0
        while True:
            block = b"".join(b"%010d%089d\\n" % (os.getpid(), number + i) for i in range(100))
            number += 100
            while block: block = block[os.write(1, block):]
            with open("\(site.scratch.path)/progress.new", "w") as file: file.write(str(number))
            os.rename("\(site.scratch.path)/progress.new", "\(site.scratch.path)/progress")
            time.sleep(0.01)

        """)
    let tick = site.file(
        "tick.py",
        """
        import time
        while True:
            print("tick", flush=True)
            time.sleep(0.01)

        """)
    let file = site.file(
        "apps.json",
        """
        [{ name: "bad", script: "\(flood)", interpreter: "python3", out_file: "\(bad)", merge_logs: true,
           log_rotate: false },
         { name: "good", script: "\(tick)", interpreter: "python3", out_file: "\(good)", merge_logs: true }]
        """)
    try site.must("start", file)
}

/// A file system of its own that can be frozen; nil: a container may forbid it.
private func frozenLater(_ site: Site) throws -> String? {
    let (image, disk) = (site.scratch.path("image"), site.scratch.directory("disk"))
    func can(_ program: String, _ arguments: String...) throws -> Bool {
        try Command(program, arguments).run().succeeded
    }
    guard try can("truncate", "-s", "600M", image), try can("mkfs.ext4", "-q", "-m", "0", image),
        try can("mount", "-o", "loop", image, disk)
    else { return nil }
    site.scratch.atEnd {
        _ = try? Command("fsfreeze", ["-u", disk]).run()
        _ = try? Command("umount", ["-l", disk]).run()
    }
    return disk
}

// MARK: - Looking

private struct Took {
    var longestGap: Duration = .zero
    var medianAnswer: Duration = .zero
    var longestAnswer: Duration = .zero
}

/// How long the other log stood still at most, and how quick commands were meanwhile.
private func tick(_ site: Site, _ log: String, for time: Duration) throws -> Took {
    let end = ContinuousClock.now + time
    var took = Took()
    var answers: [Duration] = []
    var (size, since) = (fileSize(log), ContinuousClock.now)
    while ContinuousClock.now < end {
        answers.append(try site.must("ping").took)
        _ = try Poller().wait(atMost: .milliseconds(30))
        if fileSize(log) == size {
            took.longestGap = max(took.longestGap, ContinuousClock.now - since)
        } else {
            (size, since) = (fileSize(log), ContinuousClock.now)
        }
    }
    answers.sort()
    took.medianAnswer = answers[answers.count / 2]
    took.longestAnswer = answers.last ?? .zero
    return took
}

/// Every line of every instance is there, in order, or is counted in a gap.
private func expectCounted(_ log: String, _ site: Site) throws {
    var next: [Substring: Int] = [:]
    var (missing, counted) = (0, 0)
    for line in (readFile(log) ?? "").split(separator: "\n") {
        if line.hasPrefix("[swpm] "), line.hasSuffix(" bytes dropped: the disk does not answer") {
            counted += Int(line.split(separator: " ")[1]) ?? 0
            continue
        }
        guard line.utf8.count == 99, let number = Int(line.dropFirst(10)) else {
            Issue.record("a torn line: \(line.prefix(200))")
            return
        }
        let expected = next[line.prefix(10), default: 0]
        #expect(number >= expected, "\(line.prefix(10))")
        missing += number - expected
        next[line.prefix(10)] = number + 1
    }
    #expect(
        counted > 0 && counted >= missing * 100,
        "\(counted) bytes counted, \(missing) lines missing\n\(site.daemonLog)")
}
