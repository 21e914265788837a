import Glibc
import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Daemon

/// Files that do not answer. What blocks in the kernel is the opening of an index that somebody else has leased
/// (fcntl(2), F_SETLEASE), which an ordinary user can do, too.
@Suite(.serialized) struct HangingDisks {
    @Test func `a file that does not answer holds up no other, and what it loses is counted in it`() throws {
        let pump = try StagedPump()
        defer { pump.end() }
        let (bad, good) = (pump.scratch.path("bad.log"), pump.scratch.path("good.log"))
        guard let lease = try lease(pump.scratch.file(".bad.log.times", "")) else { return }
        let pipes = [
            try pump.open(1, out: bad, error: "/dev/null"), try pump.open(2, out: good, error: "/dev/null"),
        ]
        try say("first\n", to: pipes[0])
        try eventually("the first line") { text(bad) == "first\n" }
        try say("beside\n", to: pipes[1])
        try eventually(within: .seconds(4), "the other file") { text(good) == "beside\n" }
        for round in 1...10 {
            try say(String(repeating: "x", count: 49_999) + "\n", to: pipes[0])
            try eventually("an empty pipe") { try pipes[0].output.descriptor.readableBytes() == 0 }
            try say("\(round)\n", to: pipes[1])
            try eventually("the other file, \(round)") { text(good).hasSuffix("\n\(round)\n") }
        }
        try pump.waitForDropping()
        // New streams of the same file, and deaths, do not ask it anything.
        let next = try pump.open(3, out: bad, error: "/dev/null")
        try say("next\n", to: next)
        pump.finish(1)
        #expect(try pump.lastWords(1) == [])
        #expect(text(bad) == "first\n")

        try lease.stop()
        let mark = "[swpm] 500000 bytes dropped: the disk does not answer\n"
        try eventually("the count: \(text(bad))") {
            text(bad).hasPrefix("first\n\(mark)") || text(bad).hasPrefix("first\nnext\n\(mark)")
        }
        try say("last\n", to: next)
        try eventually("the next lines: \(text(bad))") { text(bad).hasSuffix("last\n") }
        #expect(text(bad).split(separator: "\n").count == 4)
    }

    @Test func `what a thread writes that comes back after a gap is taken back`() throws {
        let scratch = Scratch()
        defer { scratch.end() }
        let file = LogFile(scratch.path("out.log"), LogRules("web", .never, HomeSettings()))
        let pipe = try Pipe.unbreakable()
        let stream = PumpedStream(StreamID(instance: .init(1), stream: .out), pipe.reader, file, .new)
        try say("one\nha", to: LogPump.Pipes(output: pipe.writer, error: pipe.writer))
        _ = stream.turn(at: LogPolicy.chatty)
        let gap = file.end
        try say("lf of another\nrest\n", to: LogPump.Pipes(output: pipe.writer, error: pipe.writer))
        _ = stream.turn(at: 2 * LogPolicy.chatty)
        #expect(stream.takeBack(to: gap, file.turnover) == 19)
        #expect(file.takeBackLine(of: stream.id) == 2)
        #expect(text(file.path) == "one\n")
        #expect(stream.takeBack(to: 0, file.turnover + 1) == 0)
    }

    @Test func `the second file of a disk that hangs stands for all of them, the first for itself`() {
        let rules = LogRules("web", .never, HomeSettings())
        func file(_ path: String) -> LogFile { LogFile(path, rules) }
        let (one, two) = (file("/a/one"), file("/a/two"))
        let first = Stall(Tenure(), Attempt(files: (one, nil)), beside: [])
        #expect(first.covers(one) && !first.covers(two))
        let second = Stall(Tenure(), Attempt(files: (two, nil)), beside: [first])
        #expect(second.covers(file("/a/three")) && !second.covers(file("/b/three")))
        let elsewhere = Stall(Tenure(), Attempt(files: (file("/b/one"), nil)), beside: [first, second])
        #expect(!elsewhere.covers(file("/b/two")))
        let pair = Stall(Tenure(), Attempt(files: (file("/a/x"), file("/c/x"))), beside: [first])
        #expect(!pair.covers(file("/c/y")))
        let device = Stall(Tenure(), Attempt(files: (file("/dev/pts/1"), nil)), beside: [first, second])
        #expect(!device.covers(file("/dev/pts/2")))
    }

    @Test func `a thread is given up or comes back, and never both`() {
        let tenure = Tenure()
        tenure.begin(at: 7)
        #expect(tenure.busySince == 7 && tenure.finish(begun: 7) && !tenure.giveUp(begun: 7))
        tenure.begin(at: 8)
        #expect(!tenure.giveUp(begun: 7) && tenure.giveUp(begun: 8))
        #expect(!tenure.finish(begun: 8) && tenure.isOver && tenure.busySince == nil)
    }

    private func say(_ text: String, to pipes: LogPump.Pipes) throws {
        _ = try pipes.output.descriptor.write(Array(text.utf8))
    }

    private func text(_ path: String) -> String { readFile(path) ?? "" }
}
