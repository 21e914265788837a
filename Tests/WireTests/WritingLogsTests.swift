import Supervision
import Testing

@testable import Wire

@Suite struct WritingLogs {
    private let speaker = LogFormatter.Speaker(app: "web", id: SlotID(3), stream: .error)
    /// 2026-11-21T15:37:46.123456789Z, a Saturday.
    private let time: Int64 = 1_795_275_466_123_456_789

    @Test(arguments: [
        ("YYYY-MM-DDTHH:mm:ss", "2026-11-21T17:37:46"), ("YY M D H h:m:s", "26 11 21 17 5:37:46"),
        ("dddd, MMMM D ddd dd d MMM", "Saturday, November 21 Sat Sa 6 Nov"), ("hh:mm A a", "05:37 PM pm"),
        ("ss.SSS Z ZZ", "46.123 +02:00 +0200"), ("[at] HH[h]", "at 17h"), ("X x", "1795275466 1795275466123"),
        ("%Y-%m-%d %H:%M:%S", "2026-11-21 17:37:46"), ("%F %T.%L %z", "2026-11-21 17:37:46.123 +0200"),
        ("%a %A %b %B %e %j %u %w %p %I", "Sat Saturday Nov November 21 325 6 6 PM 05"),
        ("%f %N %s %% %Q", "123456 123456789 1795275466 % %Q"), ("100 %", "100 %"), ("é", "é"), ("", ""),
    ])
    func `times are written in tokens of day.js and of strftime`(pattern: String, text: String) {
        #expect(LogTimeFormat(pattern).text(at: time, offset: 7200) == text)
    }

    @Test func `the usual time of JSON is JavaScript's`() {
        #expect(LogTimeFormat.iso.text(at: time, offset: 7200) == "2026-11-21T15:37:46.123Z")
        #expect(LogTimeFormat.iso.text(at: -1, offset: 0) == "1969-12-31T23:59:59.999Z")
    }

    @Test func `no pattern is too strange`() {
        var generator = SeededGenerator(seed: 1)
        let letters: [Character] = "YMDdHhmsSZAaXx[]%FTLfN .-é".map { $0 }
        for _ in 0..<2000 {
            let pattern = String(
                (0..<Int.random(in: 0...12, using: &generator)).map { _ -> Character in
                    letters.randomElement(using: &generator)!
                })
            let text = LogTimeFormat(pattern).text(at: time, offset: -3600 * 5)
            #expect(text.utf8.count <= pattern.utf8.count * 30)
        }
    }

    @Test(arguments: [LogFormatter.Style.plain, .stamped(.iso), .json(.iso)])
    func `the file depends on the bytes and not on how they came`(style: LogFormatter.Style) {
        var generator = SeededGenerator(seed: 2)
        for round in 0..<200 {
            let isLong = round % 20 == 0
            let length = Int.random(in: 0...(isLong ? 3 * LineCutter.limit : 300), using: &generator)
            let alphabet: [UInt8] =
                isLong ? [0x78, 0xC3, 0xA9] : [0x0A, 0x0D, 0, 0x22, 0x78, 0xC3, 0xA9, 0xFF, 0xF0]
            let bytes = (0..<length).map { _ in alphabet.randomElement(using: &generator)! }
            let whole = written([bytes], style)
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...(isLong ? 200_000 : 20), using: &generator)
                pieces.append(Array(rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            #expect(written(pieces, style) == whole)
            #expect(whole.isEmpty || whole.last == 0x0A)
            if style == .plain, !isLong {
                #expect(whole == (bytes.isEmpty || bytes.last == 0x0A ? bytes : bytes + [0x0A]))
            }
        }
    }

    @Test func `a very long line is cut between characters, and says so`() throws {
        let line = String(repeating: "é", count: LineCutter.limit)
        let text = String(decoding: written([Array("x\(line)\nnext\n".utf8)], .stamped(.iso)), as: UTF8.self)
        let lines = text.split(separator: "\n")
        let stamp = "2026-11-21T15:37:46.123Z: "
        #expect(lines.count == 4 && lines.allSatisfy { $0.hasPrefix(stamp) })
        #expect(lines[1].hasPrefix("\(stamp)[swpm] continued: é"))
        let joined = lines.dropLast().map {
            $0.dropFirst(stamp.count).replacing("[swpm] continued: ", with: "")
        }.joined()
        #expect(joined == "x\(line)")
        #expect(lines[3] == "\(stamp)next")
    }

    @Test func `JSON logs have one object for each line, in PM2's keys`() throws {
        let bytes = Array("one\n\ntab\t\"q\"\r\n".utf8) + [0x61, 0xFF, 0x62, 0x0A]
        let lines = String(decoding: written([bytes], .json(.iso)), as: UTF8.self).split(separator: "\n")
        let rest = #""timestamp":"2026-11-21T15:37:46.123Z","type":"err","process_id":3,"app_name":"web""#
        #expect(
            lines == [
                "{\"message\":\"one\",\(rest)}", "{\"message\":\"\",\(rest)}",
                "{\"message\":\"tab\\t\\\"q\\\"\\r\",\(rest)}",
                "{\"message\":\"a\u{FFFD}b\",\(rest),\"message_base64\":\"Yf9i\"}",
            ])
        let formatter = LogFormatter(.json(.iso), speaker)
        let mark = formatter.mark(dropped: 14, "No space left on device", at: time, offset: 0)
        #expect(try JSON(parsing: mark)["dropped"] == .integer(14))
        let long = written([[UInt8](repeating: 0x78, count: LineCutter.limit + 1) + [0x0A]], .json(.iso))
        let parts = try long.split(separator: 0x0A).map { try JSON(parsing: Array($0)) }
        #expect(parts.map { $0["partial"] } == [.bool(true), nil])
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")])
    func `bytes as text are as the RFC has them`(bytes: String, text: String) {
        #expect(Array(bytes.utf8).withUnsafeBytes { Base64.text($0) } == text)
    }

    private func written(_ pieces: [[UInt8]], _ style: LogFormatter.Style) -> [UInt8] {
        var formatter = LogFormatter(style, speaker)
        var output: [UInt8] = []
        for piece in pieces { output += formatter.take(piece, at: time, offset: 0) }
        return output + formatter.finish(at: time, offset: 0)
    }
}

@Suite struct IndexingLogs {
    @Test func `an index tells when a byte was written, and where a time begins`() throws {
        let index = TimeIndex(
            inode: 42,
            records: [(10, 0), (20, 100), (30, 100), (40, 500)].map { TimeIndex.Record(time: $0, offset: $1) }
        )
        let bytes = TimeIndex.header(inode: 42) + index.records.flatMap(\.bytes)
        #expect(TimeIndex(parsing: bytes) == index)
        #expect(TimeIndex(parsing: bytes + [1, 2, 3]) == index)
        #expect([0, 99, 100, 499, 500].map { index.time(at: $0) } == [10, 10, 30, 30, 40])
        #expect([9, 10, 20, 35, 99].map { index.offset(at: $0) } == [0, 0, 100, 100, 500])
        #expect(TimeIndex(inode: 1).time(at: 5) == nil)
        #expect(TimeIndex.path(ofLog: "/a/web.log") == "/a/.web.log.times")
        #expect(TimeIndex(parsing: Array("swpmtimX".utf8) + [UInt8](repeating: 0, count: 8)) == nil)
    }

    @Test func `no generation has the mark of none, nor that of its neighbour`() {
        #expect(
            [0, 1, 2, 65_535, 65_536, 65_537, -1].map(TimeIndex.Record.mark) == [0, 1, 2, 65_535, 1, 2, 0])
    }

    @Test func `whatever is read as an index is in order`() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2000 {
            let garbage = (0..<Int.random(in: 0...100, using: &generator)).map { _ in
                UInt8.random(in: 0...3, using: &generator)
            }
            guard let index = TimeIndex(parsing: TimeIndex.header(inode: 1) + garbage) else {
                Issue.record("a header was not recognised")
                continue
            }
            for (one, next) in zip(index.records, index.records.dropFirst()) {
                #expect(one.time <= next.time && one.offset <= next.offset)
            }
        }
    }

    @Test(arguments: [
        ("{}", 20 << 20, 10 << 30), (#"{"log_rotate": {"size": "5M"}, "log_total": "1G"}"#, 5 << 20, 1 << 30),
        (#"{"log_rotate": false}"#, 0, 10 << 30),
    ])
    func `a home says what holds for its logs`(text: String, size: Int, total: Int) throws {
        let settings = try HomeSettings(parsing: Array(text.utf8))
        #expect(settings.rotation.size == Int64(size) && settings.total == Int64(total))
        #expect(throws: JSONError.self) { try HomeSettings(parsing: Array("{\"log_rotat\": 1}".utf8)) }
    }

    @Test func `neither a huge disk is left half empty nor a tiny one never used`() {
        let free = HomeSettings.FreeSpace()
        #expect(free.limit(ofDisk: 1 << 40) == 200 << 20)
        #expect(free.limit(ofDisk: 100_000_000) == 5_000_000)
    }
}
