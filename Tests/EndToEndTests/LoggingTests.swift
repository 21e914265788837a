import Glibc
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
        try site.must("start", script, "--name", "flood", "--interpreter", "sh")
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
}
