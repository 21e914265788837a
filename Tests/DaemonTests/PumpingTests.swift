import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Daemon

@Suite struct Pumping {
    @Test func `every line of a program is in its file, in order, and the last ones are its last words`()
        throws
    {
        try withPump { pump in
            let (out, error) = (pump.scratch.path("logs/out.log"), pump.scratch.path("logs/error.log"))
            let orders = ["--print", "20000", "--print-error", "100", "--exit-after", "0"]
            let process = try start(Programs.puppet, orders, try pump.open(1, out: out, error: error))
            try reap(process)
            pump.finish(1)
            #expect(try pump.lastWords(1) == (71...100).map { "error \($0)" })
            #expect(text(out) == numbered("line", 20000))
            #expect(try File.status(out)?.mode == 0o600)
            try pump.waitForEnd(1)
        }
    }

    @Test func `of a program that is killed in the middle nothing that it wrote is missing`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let count = pump.scratch.path("count")
            let loop = "i=0; while :; do i=$((i+1)); echo line $i; echo $i > \(count); done"
            let process = try start("sh", ["-c", loop], try pump.open(1, out: out, error: out))
            try eventually("some lines") { (fileSize(out) ?? 0) > 20_000 }
            try Signals.send(Signals.kill, to: process)
            try reap(process)
            pump.finish(1)
            _ = try pump.lastWords(1)
            let lines = text(out).split(separator: "\n")
            #expect(lines.enumerated().allSatisfy { $1 == "line \($0 + 1)" })
            // The count may have been emptied, and not yet written, when the end came.
            if let written = Int(text(count).prefix { $0 != "\n" }) { #expect(lines.count >= written) }
        }
    }

    @Test func `a helper that holds the pipe delays nothing and is still heard`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let error = pump.scratch.path("error.log")
            let gate = pump.scratch.path("gate")
            let script = "mkfifo \(gate); (read x < \(gate); echo late) & echo early; echo why >&2; exit 1"
            let process = try start("sh", ["-c", script], try pump.open(1, out: out, error: error))
            try reap(process)
            pump.finish(1)
            #expect(try pump.lastWords(1) == ["why"])
            #expect(text(out) == "early\n")
            #expect(!pump.isHeardOver)
            try File.open(gate, .write).writeAll(Array("go\n".utf8))
            try pump.waitForEnd(1)
            #expect(text(out) == "early\nlate\n")
        }
    }

    @Test func `last words are those of this life, and a line without an end is among them`() throws {
        try withPump { pump in
            let error = pump.scratch.file("error.log", "from an earlier life\n")
            for (life, word) in [(UInt64(1), "one"), (2, "two")] {
                let process = try start(
                    "sh", ["-c", "printf '\(word)\\nhalf' >&2"],
                    try pump.open(life, out: "/dev/null", error: error))
                try reap(process)
                pump.finish(life)
                #expect(try pump.lastWords(life) == [word, "half"])
                try pump.waitForEnd(life)
            }
            let process = try start("true", [], try pump.open(3, out: "/dev/null", error: error))
            try reap(process)
            pump.finish(3)
            #expect(try pump.lastWords(3) == [])
            #expect(text(error) == "from an earlier life\none\nhalf\ntwo\nhalf")
        }
    }

    @Test func `two instances in one file do not tear each other's lines`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            // Halves of lines, with as much time between them as scheduling brings.
            let script = "i=0; while [ $i -lt 400 ]; do i=$((i+1)); printf \"$0 \"; printf \"$i\\n\"; done"
            let processes = try [UInt64(1), 2, 3].map { instance in
                try start(
                    "sh", ["-c", script, "w\(instance)"],
                    try pump.open(instance, out: out, error: "/dev/null"))
            }
            for process in processes { try reap(process) }
            for instance in [UInt64(1), 2, 3] { try pump.waitForEnd(instance) }
            let lines = text(out).split(separator: "\n").map(String.init)
            #expect(lines.count == 1200)
            for instance in 1...3 {
                #expect(
                    lines.filter { $0.hasPrefix("w\(instance) ") } == (1...400).map { "w\(instance) \($0)" })
            }
        }
    }

    @Test func `a file that was emptied begins anew, one that was removed comes back`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let pipes = try pump.open(1, out: out, error: "/dev/null")
            _ = try pipes.output.descriptor.write(Array("before\n".utf8))
            try eventually("the first line") { text(out) == "before\n" }
            try File.open(out, .write).truncate(to: 0)
            _ = try pipes.output.descriptor.write(Array("after\n".utf8))
            try eventually("the second line") { text(out) == "after\n" }
            try File.remove(out)
            try eventually("a new file") {
                _ = try pipes.output.descriptor.write(Array("again\n".utf8))
                return text(out).hasPrefix("again\n")
            }
        }
    }

    @Test func `a full disk drops with a line that counts, and output goes on when there is room`() throws {
        try withPump { pump in
            let link = pump.scratch.path("out.log")
            let room = pump.scratch.path("room.log")
            #expect(symbolicLink("/dev/full", link))
            let pipes = try pump.open(1, out: link, error: "/dev/null")
            let lost = [UInt8](repeating: 0x78, count: 49_999) + [0x0A]
            // The first is taken, though it has no place to go; the second stays and holds the program up.
            _ = try pipes.output.descriptor.write(lost)
            try eventually("an empty pipe") { try pipes.output.descriptor.readableBytes() == 0 }
            _ = try pipes.output.descriptor.write(lost)
            try pump.waitForDropping()
            #expect(symbolicLink(room, link + ".new"))
            try File.rename(link + ".new", to: link)
            try eventually("the count") {
                text(room) == "[swpm] 100000 bytes dropped: No space left on device\n"
            }
            _ = try pipes.output.descriptor.write(Array("kept\n".utf8))
            try eventually("the next line") { text(room).hasSuffix("device\nkept\n") }
        }
    }

    @Test func `output that goes on in the middle of a line begins with the next one`() throws {
        try withPump { pump in
            let file = LogFile(pump.scratch.path("out.log"), LogRules("web", .never, HomeSettings()))
            let pipe = try Pipe.unbreakable()
            let stream = PumpedStream(
                StreamID(instance: .init(1), stream: .out), pipe.reader,
                file, .new)
            let mark = "[swpm] 5 bytes dropped: No space left on device\n"
            try file.resume(stream.id, behind: Array(mark.utf8), with: Array("half".utf8), at: 0)
            _ = try pipe.writer.descriptor.write(Array(" and half\nnext\n".utf8))
            #expect(stream.turn(at: LogPolicy.chatty) == .untilReadable)
            #expect(text(file.path) == mark + "half and half\nnext\n")
        }
    }

    @Test func `when nobody says anything the pump sleeps`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let pipes = try pump.open(1, out: out, error: "/dev/null")
            for number in 0..<100 { _ = try pipes.output.descriptor.write(Array("line \(number)\n".utf8)) }
            try eventually("all lines") { text(out).hasSuffix("line 99\n") }
            try eventually("rest") {
                let before = wakeups(ofThread: "log pump")
                _ = try Poller().wait(atMost: .milliseconds(200))
                return before == wakeups(ofThread: "log pump")
            }
        }
    }

    @Test func `keys name streams, and tell the path where there is room`() {
        let id = StreamID(instance: .init(7), stream: .error)
        #expect(id.key(path: "/logs/a.log", limit: 200) == "log/7/error/logs/a.log")
        #expect(StreamID.parse(key: "log/7/error/logs/a.log")?.id == id)
        #expect(StreamID.parse(key: "log/7/error/logs/a.log")?.path == "/logs/a.log")
        let long = "/" + String(repeating: "x", count: 300)
        #expect(StreamID.parse(key: id.key(path: long, limit: 200))?.path == nil)
        for foreign in ["log/7", "log/x/out", "log/7/in", "environment/7/out", ""] {
            #expect(StreamID.parse(key: foreign) == nil)
        }
    }

    private func withPump(_ body: (StagedPump) throws -> Void) throws {
        let pump = try StagedPump()
        defer { pump.end() }
        try body(pump)
    }

    private func text(_ path: String) -> String { readFile(path) ?? "" }

    private func numbered(_ word: String, _ count: Int) -> String {
        (1...count).map { "\(word) \($0)\n" }.joined()
    }

    private func symbolicLink(_ target: String, _ path: String) -> Bool {
        (try? Command("ln", ["-s", target, path]).run().succeeded) == true
    }

    /// How often threads of this name were woken, all together (proc_pid_status(5)).
    private func wakeups(ofThread name: String) -> Int {
        names(in: "/proc/self/task").reduce(0) { sum, thread in
            let status = readFile("/proc/self/task/\(thread)/status") ?? ""
            guard status.hasPrefix("Name:\t\(name)\n") else { return sum }
            let line = status.split(separator: "\n").first { $0.hasPrefix("voluntary") }
            return sum + (line.flatMap { Int($0.drop { !$0.isNumber }) } ?? 0)
        }
    }
}
