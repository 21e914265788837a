import Console
import Linux
import Supervision
import Support
import Testing

@testable import Client

@Suite struct ReadingLogs {
    private let fixture = LogFixture()
    private var scratch: Scratch { fixture.scratch }

    private func reader() -> LogReader { LogReader(fixture.source) }

    private func append(_ text: String, to path: String) throws {
        try File.append(Array(text.utf8), to: path)
    }

    @Test func `it begins with the last lines and goes on with what comes`() throws {
        try fixture.write("a\nb\nc\n")
        let reader = reader()
        #expect(reader.begin(lines: 2) == ["b", "c"])
        #expect(reader.texts() == [])
        try fixture.write("d\ne")
        #expect(reader.texts() == ["d"])
        try fixture.write("f\n")
        #expect(reader.texts() == ["ef"])
    }

    @Test func `what one version wrote is found through rotated files, also among lines of another`() throws {
        for (generation, lines) in [(1, "ab"), (2, "cd"), (1, "e"), (2, "f"), (3, "gh")] {
            fixture.generation = UInt16(generation)
            try fixture.write(lines: lines.map { "\($0)" })
            if lines == "cd" || lines == "f" { try fixture.rotate(lines == "cd" ? .gzip : nil) }
        }
        func shown(_ wanted: LogOptions.Generation, lines: Int? = nil) -> [String]? {
            let reader = reader()
            var span = LogSpan(lines: lines)
            guard reader.choose(wanted, &span) else { return nil }
            return reader.texts(span)
        }
        #expect(shown(.number(1)) == ["a", "b", "e"])
        #expect(shown(.number(2)) == ["c", "d", "f"])
        #expect(shown(.number(3)) == ["g", "h"])
        #expect(shown(.number(3), lines: 1) == ["h"])
        #expect(shown(.number(4)) == nil)
        // Of an app that nobody knows any more, what wrote last is the present one.
        #expect(shown(.present) == ["g", "h"])
    }

    @Test func `no lines are as good as any number`() throws {
        try fixture.write("a\nb\n")
        let reader = reader()
        #expect(reader.begin(lines: 0) == [])
        try fixture.write("c\n")
        #expect(reader.texts() == ["c"])
    }

    @Test func `an unfinished last line is shown when nothing will follow`() throws {
        try fixture.write("a\nb")
        #expect(reader().texts(LogSpan(lines: 5)) == ["a", "b"])
        #expect(reader().texts(LogSpan(lines: 1)) == ["b"])
        #expect(reader().begin(lines: 5) == ["a"])
    }

    @Test func `a file that comes later is read from its beginning`() throws {
        let reader = reader()
        #expect(reader.begin(lines: 5) == [])
        try fixture.write("a\nb\n")
        #expect(reader.texts() == ["a", "b"])
    }

    @Test(arguments: [nil, .gzip, .zstd] as [LogCompression?])
    func `the last lines are found across rotated files`(_ compression: LogCompression?) throws {
        try fixture.write(lines: ["a", "b"])
        try fixture.rotate(compression)
        try fixture.write(lines: ["c", "d", "e"])
        try fixture.rotate(compression)
        try fixture.write(lines: ["f"])
        let all = ["a", "b", "c", "d", "e", "f"]
        for lines in 0...8 {
            #expect(reader().texts(LogSpan(lines: lines)) == Array(all.suffix(lines)), "\(lines) lines")
        }
        #expect(reader().texts(LogSpan()) == all)
    }

    @Test func `a line that a rotation has cut is one`() throws {
        try fixture.write("a\nb")
        try fixture.rotate()
        try fixture.write("c\nd\n")
        #expect(reader().texts(LogSpan()) == ["a", "bc", "d"])
    }

    @Test func `what was rotated after the beginning is read to its end, however often`() throws {
        try fixture.write(lines: ["a"])
        let reader = reader()
        #expect(reader.begin(lines: 1) == ["a"])
        try fixture.write(lines: ["b"])
        try fixture.rotate()
        try fixture.write(lines: ["c"])
        try fixture.rotate(.gzip)
        try fixture.write(lines: ["d"])
        try fixture.rotate()
        #expect(reader.texts() == ["b", "c", "d"])
        try fixture.write(lines: ["e"])
        #expect(reader.texts() == ["e"])
        #expect(reader.takeNotes() == [])
    }

    @Test func `what was being read may be compressed meanwhile`() throws {
        try fixture.write(lines: ["a"])
        let reader = reader()
        #expect(reader.begin(lines: 1) == ["a"])
        try fixture.write(lines: ["b"])
        try fixture.rotate(.gzip)
        try fixture.write(lines: ["c"])
        #expect(reader.texts() == ["b", "c"])
        #expect(reader.takeNotes() == [])
    }

    @Test func `who was outrun by rotation is told from when to when`() throws {
        try fixture.write(lines: ["a"])
        let reader = reader()
        #expect(reader.begin(lines: 1) == ["a"])
        let first = try fixture.rotate()
        try fixture.write(lines: ["b"])
        let second = try fixture.rotate()
        // Hours later.
        fixture.now = Clock.wall() + 3600 * LogFixture.second
        let later = fixture.now
        try fixture.write(lines: ["c"])
        try fixture.rotate()
        try fixture.write(lines: ["d"])
        let from = try #require(try File.status(first)).modified
        for path in [first, second] { try File.remove(path) }
        #expect(reader.texts() == ["c", "d"])
        #expect(reader.takeNotes() == [.removed(from: from, to: later)])
    }

    @Test func `rotation by others loses nothing, and joins no lines`() throws {
        try fixture.write("a\n")
        let reader = reader()
        #expect(reader.begin(lines: 1) == ["a"])
        try append("b\nhalf", to: fixture.path)
        try File.rename(fixture.path, to: "\(fixture.path).1")
        try append("c\n", to: fixture.path)
        #expect(reader.texts() == ["b", "half", "c"])
    }

    @Test func `a truncated file begins anew`() throws {
        try fixture.write("a\nb\nc\n")
        let reader = reader()
        #expect(reader.begin(lines: 1) == ["c"])
        try File.open(fixture.path, .write).truncate(to: 0)
        try append("d\n", to: fixture.path)
        #expect(reader.texts() == ["d"])
    }

    @Test func `a file that was emptied and has its old size again begins anew`() throws {
        try fixture.write("a\nb\n")
        let reader = reader()
        #expect(reader.begin(lines: 2) == ["a", "b"])
        try File.open(fixture.path, .write).truncate(to: 0)
        try append("c\nd\n", to: fixture.path)
        #expect(reader.texts() == ["c", "d"])
    }

    @Test func `a file that was removed is waited for`() throws {
        try fixture.write("a\n")
        let reader = reader()
        #expect(reader.begin(lines: 1) == ["a"])
        try File.remove(fixture.path)
        #expect(reader.texts() == [])
        try append("b\n", to: fixture.path)
        #expect(reader.texts() == ["b"])
    }

    @Test func `a line has a longest length`() throws {
        try append(String(repeating: "x", count: 3 << 20) + "\nend\n", to: fixture.path)
        let lines = reader().texts(LogSpan(lines: 2))
        #expect(lines.last == "end")
        #expect(lines.dropLast().joined().utf8.count == 3 << 20)
        #expect(lines.allSatisfy { $0.utf8.count < (1 << 20) + (128 << 10) })
    }

    @Test func `what is compressed and damaged is read as far as it goes, and told of`() throws {
        try fixture.write(lines: (0..<1000).map { "line \($0 * 7919 % 1000)" })
        let path = try fixture.rotate(.gzip)
        try File.open(path, .write).truncate(to: try #require(try File.status(path)).size / 2)
        try fixture.write(lines: ["last"])
        let reader = reader()
        let lines = reader.texts(LogSpan())
        #expect(lines.last?.hasSuffix("last") == true)
        #expect(reader.takeNotes() == [.damaged(path: path)])
    }

    @Test func `a log that may not be read is told of once`() throws {
        // A directory can be opened, but is no log.
        _ = scratch.directory("logs/odd.log")
        let source = LogSource(
            id: SlotID(0), app: AppName("odd"), stream: .out, path: scratch.path("logs/odd.log"))
        let reader = LogReader(source)
        #expect(reader.begin(lines: 3) == [])
        #expect(reader.texts() == [])
        #expect(reader.takeNotes().count <= 1)
    }
}
