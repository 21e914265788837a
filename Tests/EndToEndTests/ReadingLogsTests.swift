import Glibc
import Linux
import Support
import Testing
import Wire

/// `swpm logs` on files as daemons leave them.
@Suite(.serialized) struct ReadingLogs {
    private let scratch = Scratch()
    private let home: LogHome
    /// 2026-11-21T09:30:00Z.
    private static let start: Int64 = 1_795_253_400 * LogHome.second

    init() { home = LogHome(scratch) }

    private func lines(_ finished: Finished) -> [String] {
        finished.output.split(separator: "\n").map(String.init)
    }

    // MARK: - Which lines

    @Test func `lines of all logs and rotated files stand in the order of their times`() throws {
        try home.write("web-out-0.log.20261121T093005.000000Z", ["a", "c"], from: Self.start)
        try home.write("web-out-0.log", ["g"], from: Self.start + 6 * LogHome.second)
        try home.write("web-error-0.log", ["b", "d", "f"], from: Self.start + LogHome.second / 2)
        let all = try home.swpm("logs", "--nostream")
        #expect(lines(all) == ["a", "b", "c", "d", "f", "g"].map { "0|web    | \($0)" })
        #expect(all.errors == "")
        let since = try home.swpm("logs", "--nostream", "--raw", "--out", "--since", "2026-11-21T09:30:01Z")
        #expect(lines(since) == ["c", "g"])
        let until = try home.swpm("logs", "--raw", "--out", "--until", "2026-11-21 09:30:01")
        #expect(lines(until) == ["a", "c"])
        let stamped = try home.swpm(
            "logs", "--nostream", "--err", "--lines", "1", "--timestamp", "HH:mm:ss.SSS")
        #expect(lines(stamped) == ["09:30:02.500 0|web    | f"])
        let format = try home.swpm("logs", "--nostream", "--format", "--lines", "1", "--out")
        #expect(lines(format) == ["timestamp=2026-11-21-09:30:06+0000 app=web id=0 type=out message=g"])
    }

    @Test func `what is looked for is found, or its absence, also in bytes that are no text`() throws {
        try File.append(
            Array("GET /a 200\n".utf8) + [0xFF, 0x00] + Array(" Error\nPOST /b 500\n".utf8),
            to: home.path("web-out-0.log"))
        func found(_ options: String...) throws -> [UInt8] {
            var command = home.command(["logs", "--nostream", "--raw"] + options)
            command = Command("sh", ["-c", "\"$@\" > out", "sh", command.program] + command.arguments)
            command.directory = scratch.path
            command.environment = ["SWPM_HOME": home.home]
            let finished = try command.run()
            #expect(finished.code == 0, "\(finished)")
            return readBytes(scratch.path("out")) ?? []
        }
        #expect(try found("--grep", "(GET|POST) /[ab] [25]0") == Array("GET /a 200\nPOST /b 500\n".utf8))
        #expect(try found("--grep", "error") == [])
        #expect(try found("--grep", "error", "-i") == [0xFF, 0x00] + Array(" Error\n".utf8))
        #expect(try found("--grep", "00$", "-v") == [0xFF, 0x00] + Array(" Error\n".utf8))
        #expect(try found("--grep", "0", "--lines", "1") == Array("POST /b 500\n".utf8))
    }

    @Test func `a level leaves out the lesser lines of JSON loggers`() throws {
        try home.write(
            "web-out-0.log",
            [
                #"{"level":30,"time":1531171074631,"msg":"fine"}"#,
                #"{"level":50,"time":1531171074631,"msg":"bad"}"#,
                #"{"level":"warn","ts":1526503345.5,"msg":"odd"}"#, "at main.js:3",
            ], from: Self.start)
        let found = try home.swpm("logs", "--nostream", "--raw", "--level", "warn")
        #expect(lines(found).count == 3 && !found.output.contains("fine"))
    }

    @Test func `programs get an object for each line, whatever bytes it has`() throws {
        let log = home.path("web-out-0.log")
        try File.append(Array("plain \"quoted\"\n".utf8) + [0xFF, 0x0A], to: log)
        try home.index("web-out-0.log", [(Self.start, 0)])
        var shell = Command(
            "sh",
            [
                "-c",
                "'\(Programs.swpm)' logs --nostream --json | jq -c '[.message, .timestamp, .type, .process_id, .app_name, .message_base64]'",
            ])
        shell.environment = ["SWPM_HOME": home.home]
        let found = try shell.run()
        #expect(
            lines(found) == [
                #"["plain \"quoted\"","2026-11-21T09:30:00.000Z","out",0,"web",null]"#,
                #"["�","2026-11-21T09:30:00.000Z","out",0,"web","/w=="]"#,
            ])
    }

    @Test func `mistakes are named, with what to type instead`() throws {
        try home.write("web-out-0.log", ["a"], from: Self.start)
        let nobody = try home.swpm("logs", "wbe", "--nostream")
        #expect(nobody.code == 3 && nobody.errors.contains("did you mean: swpm logs web"), "\(nobody)")
        let pattern = try home.swpm("logs", "--grep", "(")
        #expect(pattern.code == 2 && pattern.errors.contains("is no regular expression: "), "\(pattern)")
        for option in ["--since", "--until"] {
            let time = try home.swpm("logs", option, "soon")
            #expect(time.code == 2 && time.errors.contains("as in: 10m, 2h, 2026-11-21T09:30:00Z"), "\(time)")
        }
        #expect(try home.swpm("logs", "--level", "loud").code == 2)
        let cleared = try home.swpm("logs", "--clear-deleted")
        #expect(cleared.code == 4 && exists(home.path("web-out-0.log")), "\(cleared)")
    }

    // MARK: - Without reading what it need not

    @Test func `the end of ten gigabytes is there at once`() throws {
        let path = home.path("big-out-0.log")
        do {
            let file = try File.open(path, [.write, .create])
            try file.truncate(to: 10 << 30)
            try file.write(Array(("\n" + (1...20).map { "line \($0)\n" }.joined()).utf8), at: 10 << 30)
        }
        let tail = try home.swpm("logs", "big", "--nostream", "--raw", within: .seconds(30))
        #expect(lines(tail) == (6...20).map { "line \($0)" })
        #expect(tail.took < .seconds(2))
    }

    @Test func `a time in compressed logs is found by names and indexes, and older ones are not opened`()
        throws
    {
        let megabytes = Counts.of(200, soak: 5000)
        let files = 10
        let lines = megabytes * 10_000 / files
        // One file of numbered lines of 100 bytes, compressed once: the others differ in their times only.
        let make = Command(
            "sh",
            [
                "-c",
                "awk 'BEGIN { for (i = 0; i < \(lines); i++) printf \"line %094d\\n\", i }' | gzip -1 > '\(scratch.path("file.gz"))'",
            ])
        try #require(try make.run(within: .seconds(300)).succeeded)
        let hour = 3600 * LogHome.second
        for number in 0..<files {
            let name = "big-out-0.log.20261121T\(10 + number)0000.000000Z.gz"
            if number < files - 1 {
                // What must not be read cannot be read.
                try File.append(Array("damaged".utf8), to: home.path(name))
            } else {
                try File.rename(scratch.path("file.gz"), to: home.path(name))
            }
            let first = Self.start + Int64(number) * hour - hour / 2
            var records: [(time: Int64, offset: Int64)] = []
            for part in 0..<Int64(100) { records.append((first + part * (hour / 100), part * Int64(lines))) }
            try home.index(name, records)
        }
        try home.write("big-out-0.log", ["live"], from: Self.start + 10 * hour)
        // In the last hundredth of the last compressed file.
        let found = try home.swpm("logs", "big", "--nostream", "--raw", "--since", "2026-11-21T18:59:20Z")
        #expect(found.errors == "", "\(found.errors)")
        let shown = self.lines(found)
        #expect(shown.count == lines / 100 + 1)
        let number = "\(lines - lines / 100)"
        let zeros = String(repeating: "0", count: 94 - number.count)
        #expect(shown.first == "line \(zeros)\(number)")
        #expect(shown.last == "live")
        #expect(Counts.isSoak || found.took < .seconds(3), "\(found.took)")
    }

    // MARK: - Following

    @Test func `following sees rotation, truncation and new files, and does nothing while nothing happens`()
        throws
    {
        let path = home.path("web-out-0.log")
        try home.write("web-out-0.log", ["a"], from: Self.start)
        let reader = try home.command(["logs", "--raw"]).start()
        func shows(_ text: String) throws {
            try eventually("\(text) in \(reader.outputSoFar)\(reader.errorsSoFar)") {
                reader.outputSoFar == text
            }
        }
        try shows("a\n")
        try File.append(Array("b\n".utf8), to: path)
        try shows("a\nb\n")
        try File.append(Array("c\n".utf8), to: path)
        try File.rename(path, to: "\(path).20261121T100000.000000Z")
        try File.append(Array("d\n".utf8), to: path)
        try shows("a\nb\nc\nd\n")
        try File.open(path, .write).truncate(to: 0)
        try File.append(Array("e\n".utf8), to: path)
        try shows("a\nb\nc\nd\ne\n")
        try File.append(Array("f\n".utf8), to: home.path("web-out-1.log"))
        try shows("a\nb\nc\nd\ne\nf\n")
        // Whoever polls wakes up.
        let before = try wakeups(reader)
        usleep(600_000)
        #expect(try wakeups(reader) - before <= 2)
        #expect(try reader.stop(SIGINT).code == 0)
        #expect(reader.errorsSoFar == "")
    }

    @Test func `a reader that was stopped is told what rotation took away`() throws {
        let path = home.path("web-out-0.log")
        try home.write("web-out-0.log", ["a"], from: Self.start)
        let reader = try home.command(["logs", "--raw"]).start()
        try eventually("the first line") { reader.outputSoFar == "a\n" }
        reader.send(SIGSTOP)
        defer { reader.send(SIGCONT) }
        try eventually("it stands still") { factsAbout(reader.process)?.state == "T" }
        try File.rename(path, to: "\(path).20261121T100000.000000Z")
        try File.append(Array("lost\n".utf8), to: path)
        try File.rename(path, to: "\(path).20261121T100001.000000Z")
        try File.append(Array("b\n".utf8), to: "\(path).20261121T100002.000000Z")
        try home.index("web-out-0.log.20261121T100002.000000Z", [(Clock.wall() + 60 * LogHome.second, 0)])
        try File.append(Array("c\n".utf8), to: path)
        try File.remove("\(path).20261121T100000.000000Z")
        try File.remove("\(path).20261121T100001.000000Z")
        reader.send(SIGCONT)
        try eventually("what is left: \(reader.outputSoFar)") { reader.outputSoFar == "a\nb\nc\n" }
        try eventually("the gap: \(reader.errorsSoFar)") {
            reader.errorsSoFar.hasPrefix("[swpm] 0|web: what was written between ")
                && reader.errorsSoFar.contains("was rotated away before it was read")
        }
    }

    private func wakeups(_ program: Running) throws -> Int {
        let status = try #require(readFile("/proc/\(program.process)/status"))
        let line = try #require(
            status.split(separator: "\n").first { $0.hasPrefix("voluntary_ctxt_switches:") })
        return try #require(Int(line.split(separator: "\t").last ?? ""))
    }

    // MARK: - On a terminal

    @Test func `a terminal gets times, colours and readable JSON, and nothing that steers it`() throws {
        try home.write(
            "web-out-0.log",
            [
                "a\u{1B}[2Jb\u{1B}[5;5Hc", #"{"level":50,"time":1795253401000,"msg":"failed","code":7}"#,
                "find me here",
            ], from: Self.start)
        let terminal = try Tmux(
            "'\(Programs.swpm)' logs --highlight me; exec sleep 1000", in: scratch,
            environment: ["SWPM_HOME": home.home, "TZ": "UTC", "NO_COLOR": nil])
        let screen = try terminal.wait(for: "2026-11-21 09:30:02 0|web    | find me here")
        #expect(screen[0] == "2026-11-21 09:30:00 0|web    | abc")
        #expect(screen[1] == "2026-11-21 09:30:01 0|web    | ERROR failed code=7")
        let coloured = try terminal.colouredScreen()
        // The level, the app, and what was to be marked.
        for colour in ["[31mERROR", "[36m", "[43m"] { #expect(coloured.contains(colour), "\(coloured)") }
        try terminal.type("C-c")
        try eventually("it ends") {
            !runningProcesses().contains {
                $0.command.dropFirst() == ["logs", "--highlight", "me"]
                    && readFile("/proc/\($0.id)/environ")?.contains(home.home) == true
            }
        }
    }
}
