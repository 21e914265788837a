import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Daemon

/// Streams whose lines are written in another form, or to several files.
@Suite struct FormattingStreams {
    @Test func `every line gets its time, the last one without an end too`() throws {
        try withPump { pump in
            let (out, error) = (pump.scratch.path("out.log"), pump.scratch.path("error.log"))
            let pipes = try pump.open(1, out: out, error: error) { $0.dateFormat = "[at] YYYY" }
            let process = try start("sh", ["-c", "printf 'one\\ntwo\\nhalf'; printf 'oh\\nno' >&2"], pipes)
            try reap(process)
            pump.finish(1)
            #expect(try pump.lastWords(1) == ["oh", "no"])
            let lines = (readFile(out) ?? "").split(separator: "\n")
            #expect(lines.map { String($0.dropFirst(9)) } == ["one", "two", "half"].map { $0 })
            #expect(lines.allSatisfy { $0.hasPrefix("at 2") && $0.dropFirst(7).hasPrefix(": ") })
        }
    }

    @Test func `one file has the lines of both streams, whole, and each stream its own`() throws {
        try withPump { pump in
            let (out, error) = (pump.scratch.path("out.log"), pump.scratch.path("error.log"))
            let all = pump.scratch.path("all.log")
            let pipes = try pump.open(1, out: out, error: error) { $0.combined = .file(all) }
            let script =
                "i=0; while [ $i -lt 300 ]; do i=$((i+1)); printf a; echo $i; printf b >&2; echo $i >&2; done"
            try reap(try start("sh", ["-c", script], pipes))
            pump.finish(1)
            _ = try pump.lastWords(1)
            let lines = (readFile(all) ?? "").split(separator: "\n").map(String.init)
            #expect(lines.count == 600)
            #expect(lines.filter { $0.hasPrefix("a") } == (1...300).map { "a\($0)" })
            #expect(lines.filter { $0.hasPrefix("b") } == (1...300).map { "b\($0)" })
            #expect(readFile(out) == (1...300).map { "a\($0)\n" }.joined())
            #expect(readFile(error) == (1...300).map { "b\($0)\n" }.joined())
        }
    }

    @Test func `JSON lines are put aside between lines like all others`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let pipes = try pump.open(1, out: out, error: "/dev/null") {
                $0.isJSON = true
                $0.rotation = LogRotation(size: 20_000, keep: 1000, compression: LogRotation.Compression.none)
            }
            try reap(
                try start("sh", ["-c", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo $i; done"], pipes))
            pump.finish(1)
            _ = try pump.lastWords(1)
            let files = rotated(out) + [out]
            #expect(files.count > 5)
            let messages = try files.flatMap { try File.read($0).split(separator: 0x0A) }
                .map { try JSON(parsing: Array($0))["message"] }
            #expect(messages == (1...2000).map { .string("\($0)") })
        }
    }

    @Test func `without a file nothing is written, and last words are known`() throws {
        try withPump { pump in
            let pipes = try pump.open(1, out: "/x", error: "/x") { $0.isDisabled = true }
            try reap(try start("sh", ["-c", "echo out; echo why >&2; exit 1"], pipes))
            pump.finish(1)
            #expect(try pump.lastWords(1) == ["why"])
        }
    }

    @Test func `a log that is a pipe nobody reads holds nobody up`() throws {
        try withPump { pump in
            let fifo = pump.scratch.path("fifo")
            #expect(try Command("mkfifo", [fifo]).run().succeeded)
            let pipes = try pump.open(1, out: fifo, error: "/dev/null")
            let process = try start("sh", ["-c", "head -c 3000000 /dev/zero"], pipes)
            try reap(process)
            try pump.waitForDropping()
        }
    }

    private func withPump(_ body: (StagedPump) throws -> Void) throws {
        let pump = try StagedPump()
        defer { pump.end() }
        try body(pump)
    }
}
