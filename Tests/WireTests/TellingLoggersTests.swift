import Supervision
import Testing

@testable import Wire

/// Lines as other loggers understand them: RFC 5424, and systemd's "Native Journal Protocol".
@Suite struct TellingLoggers {
    /// 2026-11-21T15:37:46.123456789Z
    private let time: Int64 = 1_795_275_466_123_456_789
    private let source = TellingLoggers.source()

    private static func source(_ app: String = "web", _ stream: LogStream = .out) -> LineSource {
        LineSource(app: app, slot: 3, generation: 7, stream: stream)
    }

    private func message(_ line: [UInt8], _ logger: LoggerProtocol, _ source: LineSource) -> [UInt8] {
        line.withUnsafeBytes { logger.message($0, behind: logger.head(source, at: time)) }
    }

    @Test func `a line is a message of RFC 5424, with when, where, who and how serious`() {
        let text = message(Array("hello ] \"x\"".utf8), .syslog(host: "box"), source)
        #expect(
            String(decoding: text, as: UTF8.self)
                == "<30>1 2026-11-21T15:37:46.123456Z box web - out "
                + "[swpm@32473 app=\"web\" slot=\"3\" generation=\"7\" stream=\"out\"] hello ] \"x\"")
        let other = Self.source("web", .error)
        #expect(message([], .syslog(host: "box"), other).starts(with: Array("<27>1 ".utf8)))
    }

    @Test func `names that a header must not have become such as it may, and the data has them whole`() {
        let odd = Self.source("größe \"a\" \\ ]" + String(repeating: "x", count: 60))
        let text = String(decoding: message([], .syslog(host: ""), odd), as: UTF8.self)
        let parts = text.split(separator: " ", maxSplits: 6)
        #expect(parts[2] == "-" && parts[3].utf8.count == 48)
        #expect(parts[3].utf8.allSatisfy { (33...126).contains($0) })
        #expect(text.contains("app=\"größe \\\"a\\\" \\\\ \\]xxx"))
    }

    @Test func `any bytes are in the message as they were, and it is never too long`() {
        var generator = SeededGenerator(seed: 5)
        let long = Self.source(String(repeating: "]", count: 201))
        let host = String(repeating: "h", count: 300)
        for round in 0..<400 {
            let limit = LoggerProtocol.syslog(host: host).lineLimit
            let count = round == 0 ? limit : Int.random(in: 0...200, using: &generator)
            let line = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let text = message(line, .syslog(host: host), long)
            #expect(text.count <= 8192 - LogFormatter.continued.utf8.count && text.suffix(count) == line[...])
        }
    }

    @Test func `a plain line is a field of text, any other one has its length before it`() {
        let plain = message(Array("a\tb=c".utf8), .journald, source)
        let head =
            "PRIORITY=6\nSYSLOG_FACILITY=3\nSYSLOG_IDENTIFIER=web\nSWPM_APP=web\nSWPM_SLOT=3\n"
            + "SWPM_GENERATION=7\nSWPM_STREAM=out\n"
        #expect(plain == Array("\(head)MESSAGE=a\tb=c\n".utf8))
        let odd = message([0x61, 0x0A, 0xFF], .journald, source)
        #expect(odd == Array("\(head)MESSAGE\n".utf8) + [3, 0, 0, 0, 0, 0, 0, 0, 0x61, 0x0A, 0xFF, 0x0A])
        let error = Self.source("a\nb", .error)
        let text = message([], .journald, error)
        #expect(text.starts(with: Array("PRIORITY=3\n".utf8)))
        #expect(
            String(decoding: text, as: UTF8.self).contains(
                "SYSLOG_IDENTIFIER\n\u{3}\0\0\0\0\0\0\0a\nb\nSWPM_APP\n\u{3}\0\0\0\0\0\0\0a\nb\nSWPM_SLOT=3\n"
            ))
    }

    @Test func `the rest of a line that was cut says so, also where its length is told`() {
        let head = LoggerProtocol.journald.head(source, at: time)
        let rest = [UInt8](arrayLiteral: 0xC3, 0xA9).withUnsafeBytes {
            LoggerProtocol.journald.message($0, isContinued: true, behind: head)
        }
        let text = Array(LogFormatter.continued.utf8) + [0xC3, 0xA9]
        let length = [UInt8(text.count), 0, 0, 0, 0, 0, 0, 0]
        #expect(rest == head + Array("MESSAGE\n".utf8) + length + text + [0x0A])
    }

    @Test func `where lines go is read, written and checked`() throws {
        func outlets(_ text: String) throws -> [LogOutlet] {
            try AppReader.outlets(JSON(parsing: Array(text.utf8)))
        }
        #expect(try outlets(#"["journald", "file", "file"]"#) == [.file, .journald])
        #expect(try outlets(#""syslog""#) == [.syslog])
        for wrong in ["[]", "7", #"["files"]"#, #"["file", null]"#] {
            #expect(throws: JSONMismatch.self) { try outlets(wrong) }
        }
        var logs = LogSettings()
        logs.outlets = [.file, .syslog]
        var writer = JSONWriter()
        writer.object { logs.write(to: &$0) }
        #expect(writer.bytes == Array(#"{"log_to":["file","syslog"]}"#.utf8))
        let settings = try HomeSettings(
            parsing: Array(#"{"syslog_socket": "/a", "journald_socket": "/b"}"#.utf8))
        #expect(settings.syslog == "/a" && settings.journald == "/b")
    }
}
