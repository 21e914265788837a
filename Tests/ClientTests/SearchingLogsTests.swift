import Console
import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Client

@Suite struct SearchingLogs {
    private let fixture = LogFixture()
    private let start: Int64

    /// Ten lines a second apart, in three files; the oldest is compressed.
    init() throws {
        start = fixture.now
        try fixture.write(lines: ["0", "1", "2"])
        try fixture.rotate(.gzip)
        try fixture.write(lines: ["4", "5", "6"])
        try fixture.rotate()
        try fixture.write(lines: ["8", "9"])
    }

    private func texts(_ span: LogSpan, _ filter: LogFilter? = nil) -> [String] {
        LogReader(fixture.source).texts(span, matching: filter)
    }

    private func at(_ second: Int64) -> Int64 { start + second * LogFixture.second }

    @Test func `every moment finds what was written since and until`() {
        let lines = ["0", "1", "2", "4", "5", "6", "8", "9"]
        for since in Int64(-1)...11 {
            let expected = lines.filter { Int64($0)! >= since }
            #expect(texts(LogSpan(since: at(since))) == expected, "since \(since)")
            for until in since...11 {
                let both = expected.filter { Int64($0)! <= until }
                #expect(texts(LogSpan(since: at(since), until: at(until))) == both, "\(since) to \(until)")
            }
        }
    }

    @Test func `the last lines are those before the end that was asked for`() {
        #expect(texts(LogSpan(lines: 2, until: at(5))) == ["4", "5"])
        #expect(texts(LogSpan(lines: 3, until: at(4))) == ["1", "2", "4"])
        #expect(texts(LogSpan(lines: 5, since: at(5))) == ["5", "6", "8", "9"])
        #expect(texts(LogSpan(lines: 2, since: at(5))) == ["8", "9"])
    }

    @Test func `each line has its time`() {
        let reader = LogReader(fixture.source)
        reader.begin(LogSpan())
        var times: [Int64] = []
        while let line = reader.next() { times.append((line.time! - start) / LogFixture.second) }
        #expect(times == [0, 1, 2, 4, 5, 6, 8, 9])
    }

    @Test func `a time in the middle of a line does not cut it`() throws {
        let fixture = LogFixture()
        try fixture.write("begun ")
        fixture.now += LogFixture.second
        try fixture.write("ended\nnext\n")
        #expect(LogReader(fixture.source).texts(LogSpan(since: fixture.now)) == ["next"])
    }

    @Test func `what has no time is not left out`() throws {
        let fixture = LogFixture()
        try fixture.write(lines: ["a"], indexed: false)
        #expect(LogReader(fixture.source).texts(LogSpan(since: fixture.now)) == ["a"])
    }

    @Test func `an index of another file says nothing`() throws {
        let fixture = LogFixture()
        try fixture.write(lines: ["a", "b"])
        try File.rename(fixture.path, to: fixture.scratch.path("other"))
        try File.append(Array("c\n".utf8), to: fixture.path)
        let reader = LogReader(fixture.source)
        reader.begin(LogSpan())
        #expect(reader.next()?.time == nil)
    }

    @Test func `the last lines that match are found in all files`() throws {
        var filter = LogFilter()
        filter.pattern = try Pattern("[0246]")
        for (count, expected) in [
            (1, ["6"]), (2, ["4", "6"]), (3, ["2", "4", "6"]), (9, ["0", "2", "4", "6"]),
        ] {
            let found = texts(LogSpan(lines: count), filter).filter { ["0", "2", "4", "6"].contains($0) }
            #expect(found == expected)
        }
    }

    @Test func `lines that match are found across blocks, also very long ones`() throws {
        let fixture = LogFixture()
        var generator = SeededGenerator(seed: 1)
        var all: [String] = []
        for number in 0..<400 {
            let length = Int(generator.next() % 3000)
            all.append("\(number % 3 == 0 ? "yes" : "no") \(number) \(String(repeating: "x", count: length))")
        }
        try fixture.write(all.joined(separator: "\n") + "\n")
        var filter = LogFilter()
        filter.pattern = try Pattern("^yes")
        let expected = all.filter { $0.hasPrefix("yes") }
        for count in [1, 7, 100, 134, 200] {
            let found = LogReader(fixture.source).texts(LogSpan(lines: count), matching: filter)
            #expect(found.filter { $0.hasPrefix("yes") } == Array(expected.suffix(count)), "\(count)")
            #expect(found.first == expected.suffix(count).first)
        }
    }

    @Test func `several logs are one, in the order of their times`() throws {
        let second = LogFixture("web-error-0.log")
        second.now = start + LogFixture.second / 2
        try second.write(lines: ["0e", "1e", "2e", "3e", "4e", "5e", "6e", "7e", "8e", "9e"])
        var merge = LogMerge()
        for source in [fixture.source, second.source] {
            let reader = LogReader(source)
            reader.begin(LogSpan())
            merge.add(reader)
        }
        var texts: [String] = []
        while let (_, line) = merge.next() { texts.append(String(decoding: line.bytes, as: UTF8.self)) }
        #expect(
            texts == [
                "0", "0e", "1", "1e", "2", "2e", "3e", "4", "4e", "5", "5e", "6", "6e", "7e", "8", "8e", "9",
                "9e",
            ])
    }

    @Test func `an index of many records is searched, not read`() throws {
        let path = fixture.scratch.path("logs/.big.times")
        var bytes = TimeIndex.header(inode: 7)
        for number in 0..<20_000 {
            bytes += TimeIndex.Record(time: Int64(number) * 10, offset: Int64(number) * 100).bytes
        }
        try File.append(bytes + [1, 2, 3], to: path)
        let times = try #require(LogTimes(path, inode: 7))
        #expect(LogTimes(path, inode: 8) == nil)
        for number in [0, 1, 4095, 4096, 4097, 19_999] {
            #expect(times.offset(since: Int64(number) * 10) == Int64(number) * 100)
            #expect(times.time(at: Int64(number) * 100) == Int64(number) * 10)
            #expect(times.time(at: Int64(number) * 100 + 99) == Int64(number) * 10)
        }
        #expect(times.time(at: -1) == nil)
        #expect(times.time(at: 50) == 0)
        #expect(times.offset(since: 200_000) == nil)
        #expect(times.ending == 1_999_900)
    }
}
