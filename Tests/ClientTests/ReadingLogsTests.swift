import Linux
import Supervision
import Support
import Testing

@testable import Client

@Suite struct ReadingLogs {
    private let scratch = Scratch()

    private func reader(_ path: String) -> LogReader {
        LogReader(LogSource(id: SlotID(0), app: AppName("web"), isError: false, path: path))
    }

    private func text(_ lines: [[UInt8]]) -> [String] { lines.map { String(decoding: $0, as: UTF8.self) } }

    private func append(_ text: String, to path: String) throws {
        try File.append(Array(text.utf8), to: path)
    }

    @Test func `it begins with the last lines and goes on with what comes`() throws {
        let path = scratch.file("log", "a\nb\nc\n")
        let reader = reader(path)
        #expect(text(reader.begin(lines: 2)) == ["b", "c"])
        #expect(reader.more() == [])
        try append("d\ne", to: path)
        #expect(text(reader.more()) == ["d"])
        try append("f\n", to: path)
        #expect(text(reader.more()) == ["ef"])
    }

    @Test func `no lines are as good as any number`() throws {
        let path = scratch.file("log", "a\nb\n")
        let reader = reader(path)
        #expect(reader.begin(lines: 0) == [])
        try append("c\n", to: path)
        #expect(text(reader.more()) == ["c"])
    }

    @Test func `an unfinished last line is shown at the end`() {
        let reader = reader(scratch.file("log", "a\nb"))
        #expect(text(reader.begin(lines: 5)) == ["a"])
        #expect(text(reader.finish()) == ["b"])
        #expect(reader.finish() == [])
    }

    @Test func `a file that comes later is read from its beginning`() {
        let path = scratch.path("log")
        let reader = reader(path)
        #expect(reader.begin(lines: 5) == [])
        #expect(reader.more() == [])
        scratch.file("log", "a\nb\n")
        #expect(text(reader.more()) == ["a", "b"])
    }

    @Test func `rotation loses nothing`() throws {
        let path = scratch.file("log", "a\n")
        let reader = reader(path)
        _ = reader.begin(lines: 1)
        try append("b\n", to: path)
        try File.rename(path, to: "\(path).1")
        try append("c\n", to: path)
        #expect(text(reader.more()) == ["b", "c"])
    }

    @Test func `a truncated file begins anew`() throws {
        let path = scratch.file("log", "a\nb\nc\n")
        let reader = reader(path)
        _ = reader.begin(lines: 1)
        try File.open(path, .write).truncate(to: 0)
        try append("d\n", to: path)
        #expect(text(reader.more()) == ["d"])
    }

    @Test func `files name their app, stream and slot`() {
        let source = LogCatalogue.source(named: "my-app-error-12.log", in: "/h/logs")
        let expected = LogSource(
            id: SlotID(12), app: AppName("my-app"), isError: true, path: "/h/logs/my-app-error-12.log")
        #expect(source == expected)
        for name in ["web.log", "web-out-x.log", "web-log-0.log", "web-out-0.log.1", "out-0.log"] {
            #expect(LogCatalogue.source(named: name, in: "/h") == nil)
        }
    }

    @Test func `logs are chosen by name before namespace before id`() {
        func source(_ id: Int, _ app: AppName) -> LogSource {
            LogSource(id: SlotID(id), app: app, isError: false, path: "/\(id)")
        }
        let sources = [
            source(0, AppName("web")), source(1, AppName("a", in: "shop")), source(2, AppName("0")),
        ]
        let catalogue = LogCatalogue(sources: sources)
        #expect(catalogue.matching(nil) == sources)
        #expect(catalogue.matching("shop") == [sources[1]])
        #expect(catalogue.matching("shop:a") == [sources[1]])
        #expect(catalogue.matching("0") == [sources[2]])
        #expect(catalogue.matching("1") == [sources[1]])
        #expect(catalogue.matching("nothing") == [])
    }
}
