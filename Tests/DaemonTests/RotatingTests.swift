import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Daemon

/// Logs that are put aside, made smaller and removed.
@Suite struct Rotating {
    @Test func `a hundred rotations at full speed neither lose nor tear a line`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let script = "i=0; while [ $i -lt 33000 ]; do i=$((i+1)); echo line $i \(filler); done"
            let pipes = try pump.open(1, out: out, error: pump.scratch.path("error.log")) {
                $0.rotation = LogRotation(size: 30_000, keep: 1000, compression: LogRotation.Compression.none)
            }
            // A shell writes each line by itself, head(1) blocks that end in the middle of one.
            try reap(try start("sh", ["-c", "(\(script)) | head -c 3000000"], pipes))
            pump.finish(1)
            _ = try pump.lastWords(1)
            let files = rotated(out)
            #expect(files.count >= 90)
            var all = ""
            for file in files + [out] {
                let text = readFile(file) ?? ""
                #expect(text.hasSuffix("\n") || file == out)
                #expect(text.utf8.count <= 31_000)
                all += text
            }
            #expect(all.utf8.count == 3_000_000)
            let expected = (1...33_000).map { "line \($0) \(filler)\n" }.joined()
            #expect(expected.hasPrefix(all))
        }
    }

    @Test func `a line that never ends is not waited for`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let pipes = try pump.open(1, out: out, error: "/dev/null") {
                $0.rotation = LogRotation(size: 10_000, compression: LogRotation.Compression.none)
            }
            try reap(try start("sh", ["-c", "head -c 1000000 /dev/zero"], pipes))
            pump.finish(1)
            _ = try pump.lastWords(1)
            let sizes = (rotated(out) + [out]).map { fileSize($0) ?? 0 }
            #expect(sizes.reduce(0, +) == 1_000_000)
            #expect(sizes.allSatisfy { $0 <= 400_000 } && sizes.count >= 3)
        }
    }

    @Test(arguments: [LogCompression.gzip, .zstd])
    func `all but the newest are compressed, and the oldest go`(_ program: LogCompression) throws {
        guard try Command("which", [program.rawValue]).run().succeeded else { return }
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let pipes = try pump.open(1, out: out, error: "/dev/null") {
                $0.rotation = LogRotation(size: 5000, keep: 4, compression: .by(program))
            }
            let suffix = ".\(program.fileExtension)"
            for round in 0..<6 {
                let lines = (0..<100).map { "round \(round) line \($0) \(filler)\n" }.joined()
                _ = try pipes.output.descriptor.write(Array(lines.utf8))
                try eventually("round \(round)") { (readFile(out) ?? "").hasSuffix(lines.suffix(40)) }
            }
            try eventually("four, of which three are compressed: \(rotated(out))") {
                let files = rotated(out)
                return files.count == 4 && files.dropLast().allSatisfy { $0.hasSuffix(suffix) }
                    && !files[3].hasSuffix(suffix)
            }
            let newest = rotated(out)[2]
            let unpacked = try Command(program.rawValue, ["-dc", newest]).run().output
            #expect(unpacked.hasPrefix("round") && unpacked.hasSuffix("\n"))
            #expect(try File.status(newest)?.mode == 0o600)
            let index = try #require(
                TimeIndex(
                    parsing: try File.read(TimeIndex.path(ofLog: String(newest.dropLast(suffix.count))))))
            #expect(!index.records.isEmpty)
        }
    }

    @Test func `logs of which nobody knows whose they are stay as they are`() throws {
        try withPump { pump in
            let logs = pump.scratch.directory("logs")
            let (known, left, gone) = ("\(logs)/web.log", "\(logs)/left.log", "\(logs)/gone.log")
            for number in 1...13 {
                let stamp = RotatedLog.stamp(atMicroseconds: Int64(number) * 1_000_000)
                for name in ["web", "left", "gone"] { pump.scratch.file("logs/\(name).log.\(stamp)", "x\n") }
            }
            // The state is lost, and somebody still writes to one of them.
            let pipe = try Pipe.unbreakable()
            let plan = StreamPlan(path: left, .out, LogPlace(directory: logs))
            pump.send(.open(StreamID(instance: InstanceID(7), stream: .out), pipe.reader, plan, .left))
            _ = try pump.open(1, out: known, error: "/dev/null") {
                $0.rotation = LogRotation(compression: LogRotation.Compression.none)
            }
            try eventually("those of an app that is known") { rotated(known).count == 10 }
            // Whatever is compressed was begun with by the next time.
            _ = try pump.open(2, out: known + ".2", error: "/dev/null")
            try eventually("another look") { exists(known + ".2") }
            for log in [left, gone] {
                #expect(rotated(log).count == 13 && rotated(log).allSatisfy { !$0.hasSuffix(".gz") })
            }
        }
    }

    @Test func `what a dead daemon left half done is finished, and nothing is lost`() throws {
        try withPump { pump in
            let out = pump.scratch.path("logs/out.log")
            let stamps = (1...4).map { RotatedLog.stamp(atMicroseconds: $0 * 1_000_000) }
            // Half compressed; compressed and not yet removed; whole; the newest.
            for stamp in [stamps[0], stamps[2], stamps[3]] {
                pump.scratch.file("logs/out.log.\(stamp)", "\(stamp)\n")
            }
            pump.scratch.file("logs/out.log.\(stamps[0]).gz.part", "half")
            pump.scratch.file("logs/out.log.\(stamps[1])", "\(stamps[1])\n")
            #expect(try Command("gzip", ["-k", "\(out).\(stamps[1])"]).run().succeeded)
            pump.scratch.file("logs/.out.log.\(RotatedLog.stamp(atMicroseconds: 5)).times", "of nobody")
            pump.scratch.file("logs/out.log.1", "another's")
            _ = try pump.open(1, out: out, error: "/dev/null")
            try eventually("order: \(names(in: pump.scratch.path("logs")))") {
                rotated(out) == stamps.dropLast().map { "\(out).\($0).gz" } + ["\(out).\(stamps[3])"]
                    && names(in: pump.scratch.path("logs")).sorted()
                        == (stamps.dropLast().map { "out.log.\($0).gz" } + [
                            "out.log", "out.log.1", "out.log.\(stamps[3])",
                        ]).sorted()
            }
            for (stamp, file) in zip(stamps.dropLast(), rotated(out)) {
                #expect(try Command("gzip", ["-dc", file]).run().output == "\(stamp)\n")
            }
        }
    }

    @Test func `an app's logs stay within its budget, whichever of them are old`() throws {
        try withPump { pump in
            let (out, error) = (pump.scratch.path("out.log"), pump.scratch.path("error.log"))
            for number in 1...5 {
                let stamp = RotatedLog.stamp(atMicroseconds: Int64(number) * 1_000_000)
                let text = String(repeating: "x", count: 999) + "\n"
                pump.scratch.file("\(number % 2 == 0 ? "out" : "error").log.\(stamp)", text)
            }
            _ = try pump.open(1, out: out, error: error) {
                $0.rotation = LogRotation(total: 2500, compression: LogRotation.Compression.none)
            }
            try eventually("two are left") { rotated(out).count == 1 && rotated(error).count == 1 }
        }
    }

    @Test func `a flush empties the log and its past, reopening follows what others did`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let pipes = try pump.open(1, out: out, error: "/dev/null") {
                $0.rotation = LogRotation(size: 5000, compression: LogRotation.Compression.none)
            }
            let lines = (0..<100).map { "line \($0) \(filler)\n" }.joined()
            for _ in 0..<3 { _ = try pipes.output.descriptor.write(Array(lines.utf8)) }
            try eventually("rotations") { rotated(out).count >= 3 }
            pump.send(.flush([out]))
            try pump.settle()
            #expect(fileSize(out) == 0)
            try eventually("nothing") { rotated(out).isEmpty }
            _ = try pipes.output.descriptor.write(Array("after\n".utf8))
            try eventually("the next line") { readFile(out) == "after\n" }
            try File.rename(out, to: out + ".1")
            pump.send(.reopen)
            try pump.settle()
            _ = try pipes.output.descriptor.write(Array("anew\n".utf8))
            try eventually("a new file") { readFile(out) == "anew\n" }
            #expect(readFile(out + ".1") == "after\n")
        }
    }

    @Test func `a log that is old enough is put aside, small as it is`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let pipes = try pump.open(1, out: out, error: "/dev/null") {
                $0.rotation = LogRotation(interval: .milliseconds(50))
            }
            _ = try pipes.output.descriptor.write(Array("one\n".utf8))
            try eventually("the first line") { readFile(out) == "one\n" }
            try eventually("another file") {
                _ = try pipes.output.descriptor.write(Array("two\n".utf8))
                return !rotated(out).isEmpty
            }
        }
    }

    @Test func `a log is put aside when its schedule says, with what was written before`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            // Written in the first minute of this decade, as far as its index knows.
            writeFile(out, "old\n")
            let inode = try #require(try File.status(out)).inode
            let began = TimeIndex.Record(time: 1_577_836_800_000_000_000, offset: 0)
            try File.append(TimeIndex.header(inode: inode) + began.bytes, to: TimeIndex.path(ofLog: out))
            let pipes = try pump.open(1, out: out, error: "/dev/null") {
                $0.rotation = LogRotation(schedule: Schedule("0 0 1 1 *"))
            }
            _ = try pipes.output.descriptor.write(Array("new\n".utf8))
            try eventually("another file") { readFile(out) == "new\n" }
            #expect(rotated(out).compactMap { readFile($0) } == ["old\n"])
            _ = try pipes.output.descriptor.write(Array("newer\n".utf8))
            try eventually("the next line in it") { readFile(out) == "new\nnewer\n" }
        }
    }

    @Test(arguments: [LogRotation(interval: .seconds(3600)), LogRotation(schedule: Schedule("0 0 1 1 *"))])
    func `what began in times to come is put aside, for the clock was wrong then`(_ rotation: LogRotation)
        throws
    {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            writeFile(out, "old\n")
            let inode = try #require(try File.status(out)).inode
            let began = TimeIndex.Record(time: Clock.wall() + 7_200_000_000_000, offset: 0)
            try File.append(TimeIndex.header(inode: inode) + began.bytes, to: TimeIndex.path(ofLog: out))
            let pipes = try pump.open(1, out: out, error: "/dev/null") { $0.rotation = rotation }
            _ = try pipes.output.descriptor.write(Array("new\n".utf8))
            try eventually("another file") { readFile(out) == "new\n" }
            #expect(rotated(out).compactMap { readFile($0) } == ["old\n"])
        }
    }

    @Test(arguments: [Int64.max, .min], [Schedule("0 0 1 1 *"), nil])
    func `an index with times that cannot be is begun anew`(_ time: Int64, _ schedule: Schedule?) throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            writeFile(out, "old\n")
            let inode = try #require(try File.status(out)).inode
            let record = TimeIndex.Record(time: time, offset: 0)
            try File.append(TimeIndex.header(inode: inode) + record.bytes, to: TimeIndex.path(ofLog: out))
            let pipes = try pump.open(1, out: out, error: "/dev/null") {
                $0.rotation = LogRotation(interval: .seconds(3600), schedule: schedule)
            }
            _ = try pipes.output.descriptor.write(Array("new\n".utf8))
            try eventually("the line") { readFile(out) == "old\nnew\n" }
            let index = try #require(TimeIndex(parsing: try File.read(TimeIndex.path(ofLog: out))))
            #expect(index.records.map(\.offset) == [4])
            #expect(index.records[0].time != time)
        }
    }

    @Test func `the index says whose instance wrote, at each change at once`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            for generation in [UInt16(1), 2, 1] {
                let pipes = try pump.open(
                    UInt64(fileSize(out) ?? 0) + 1, out: out, error: "/dev/null", generation: generation)
                let size = fileSize(out) ?? 0
                _ = try pipes.output.descriptor.write(Array("line\n".utf8))
                try eventually("a line") { (fileSize(out) ?? 0) > size }
            }
            let index = try #require(TimeIndex(parsing: try File.read(TimeIndex.path(ofLog: out))))
            #expect(index.records.map(\.offset) == [0, 5, 10])
            #expect(index.records.map(\.generation) == [1, 2, 1])
        }
    }

    @Test func `other rules are obeyed by streams that are open`() throws {
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            let pipes = try pump.open(1, out: out, error: "/dev/null") { $0.rotation = .never }
            let lines = Array((0..<100).map { "line \($0) \(filler)\n" }.joined().utf8)
            for _ in 0..<3 { _ = try pipes.output.descriptor.write(lines) }
            try eventually("all of it") { fileSize(out) == 3 * lines.count }
            #expect(rotated(out).isEmpty)
            pump.send(
                .keep([
                    pump.plan(out: out) {
                        $0.rotation = LogRotation(
                            size: 5000, keep: 2, compression: LogRotation.Compression.none)
                    }
                ]))
            for _ in 0..<5 {
                _ = try pipes.output.descriptor.write(lines)
                try eventually("it to be read") { try pipes.output.descriptor.readableBytes() == 0 }
            }
            try eventually("two, of which one is small: \(rotated(out))") {
                let sizes = rotated(out).compactMap { fileSize($0) }
                return sizes.count == 2 && sizes[1] < 10_000
            }
        }
    }

    @Test func `the index says when each line came, and goes on after a restart`() throws {
        let before = Clock.wall()
        try withPump { pump in
            let out = pump.scratch.path("out.log")
            for life in [UInt64(1), 2] {
                let pipes = try pump.open(life, out: out, error: "/dev/null")
                for number in 0..<3 {
                    let size = fileSize(out) ?? 0
                    _ = try pipes.output.descriptor.write(Array("line \(number)\n".utf8))
                    try eventually("line \(number)") { (fileSize(out) ?? 0) > size }
                    _ = try Poller().wait(atMost: .milliseconds(30))
                }
                pump.finish(life)
                _ = try pump.lastWords(life)
            }
            let index = try #require(TimeIndex(parsing: try File.read(TimeIndex.path(ofLog: out))))
            #expect(index.inode == (try File.status(out))?.inode)
            #expect(index.records.map(\.offset) == [0, 7, 14, 21, 28, 35])
            #expect(index.records.allSatisfy { $0.time >= before && $0.time <= Clock.wall() })
        }
    }

    private let filler = String(repeating: "x", count: 80)

    private func withPump(_ body: (StagedPump) throws -> Void) throws {
        let pump = try StagedPump()
        defer { pump.end() }
        try body(pump)
    }
}

/// What was put aside of a log, oldest first.
func rotated(_ log: String) -> [String] {
    let (directory, name) = LogFile.parts(of: log)
    return names(in: directory).compactMap { RotatedLog(name: $0, of: name) }.sorted().map {
        $0.name(of: log)
    }
}
