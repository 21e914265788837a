import Supervision
import Testing

@testable import Client

/// Whatever is written and rotated however, readers see it once, whole and in order.
@Suite struct ReadingAnyLogs {
    /// What a life of a log was, and what a reader must have seen of it.
    private struct Life {
        let fixture = LogFixture()
        var dice: SeededGenerator
        var written = ""

        mutating func chance(_ of: UInt64) -> Bool { dice.next() % of == 0 }

        /// Text of any length, with its lines' ends anywhere.
        mutating func write() throws {
            var text = ""
            for _ in 0..<(dice.next() % 40) {
                text += chance(6) ? "\n" : String(repeating: "x", count: Int(dice.next() % 90))
            }
            guard !text.isEmpty else { return }
            try fixture.write(text)
            fixture.now += Int64(dice.next() % 3) * LogFixture.second
            written += text
        }

        /// Rotation is where a line has ended.
        mutating func endLine() throws {
            guard written.utf8.last != 0x0a else { return }
            try fixture.write("\n")
            written += "\n"
        }

        var lines: [String] {
            var lines = written.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            if lines.last == "" { lines.removeLast() }
            return lines
        }
    }

    @Test(arguments: UInt64(1)...12) func `a follower and a late reader agree with the writer`(seed: UInt64)
        throws
    {
        var life = Life(dice: SeededGenerator(seed: seed))
        try life.fixture.write("begun\n")
        life.written = "begun\n"
        let follower = LogReader(life.fixture.source)
        var seen = follower.begin(lines: 100)
        for _ in 0..<60 {
            try life.write()
            if life.chance(7) {
                try life.endLine()
                life.fixture.now += LogFixture.second
                try life.fixture.rotate(life.chance(4) ? .gzip : nil)
                // The daemon makes a new file at once.
                try life.fixture.write("new\n")
                life.written += "new\n"
            }
            if life.chance(3) { seen += follower.texts() }
        }
        try life.fixture.write("\nend\n")
        life.written += "\nend\n"
        seen += follower.texts()
        #expect(seen == life.lines)
        #expect(follower.takeNotes() == [])
        #expect(LogReader(life.fixture.source).texts(LogSpan()) == life.lines)
        // The end, and what is since any moment, are the end of the whole.
        for count in [1, 5, 50] {
            let tail = LogReader(life.fixture.source).texts(LogSpan(lines: count))
            #expect(tail == Array(life.lines.suffix(count)), "\(count) lines")
        }
        for step in stride(from: Int64(0), to: 60, by: 7) {
            let since = life.fixture.now - step * LogFixture.second
            let part = LogReader(life.fixture.source).texts(LogSpan(since: since))
            #expect(part == Array(life.lines.suffix(part.count)), "since \(step) s")
        }
    }
}
