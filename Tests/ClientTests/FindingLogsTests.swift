import Console
import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Client

@Suite struct FindingLogs {
    private let scratch = Scratch()
    private var logs: String { scratch.path("logs") }

    private func source(_ id: Int, _ app: AppName, _ path: String? = nil, _ stream: LogStream? = .out)
        -> LogSource
    {
        LogSource(id: SlotID(id), app: app, stream: stream, path: path ?? "/\(id)")
    }

    @Test func `files name their app, stream and slot`() {
        let found = LogCatalogue.source(named: "my-app-error-12.log", in: "/h/logs")
        #expect(found == source(12, AppName("my-app"), "/h/logs/my-app-error-12.log", .error))
        for name in ["web-out-0.log.1", ".web-out-0.log.times", "web.txt", ".log"] {
            #expect(LogCatalogue.source(named: name, in: "/h") == nil)
        }
    }

    @Test func `logs are chosen by name before namespace before id`() {
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

    @Test func `a file that several write to is read once`() {
        let shared = LogCatalogue(sources: [
            source(0, AppName("web"), "/x", .out), source(0, AppName("web"), "/x", .error),
            source(1, AppName("web"), "/x", .out), source(2, AppName("db"), "/y", .error),
        ]).matching(nil)
        #expect(shared.map(\.path) == ["/x", "/y"])
        #expect(shared[0].isShared && shared[0].stream == nil)
        #expect(!shared[1].isShared && shared[1].stream == .error)
    }

    @Test func `one file for both streams is read where there is no other`() {
        let app = AppName("web")
        let apart = LogFiles(output: "/o", error: LogFiles.nowhere, combined: "/c")
        #expect(LogSource.of(SlotID(0), app, apart).map(\.path) == ["/o"])
        let combined = LogFiles(output: LogFiles.nowhere, error: LogFiles.nowhere, combined: "/c")
        #expect(LogSource.of(SlotID(0), app, combined).map(\.path) == ["/c"])
        let none = LogFiles(output: LogFiles.nowhere, error: LogFiles.nowhere)
        #expect(LogSource.of(SlotID(0), app, none) == [])
    }

    @Test func `what is left of deleted apps is found, and nothing else`() throws {
        scratch.directory("logs")
        let stamp = "20261121T153746.123456Z"
        let gone = [
            ".old-out-0.log.\(stamp).times", ".old-out-0.log.times", ".whole.log.times", "old-error-0.log",
            "old-out-0.log",
            "old-out-0.log.\(stamp)", "old-out-0.log.\(stamp).gz", "old-out-7.log.\(stamp).zst", "whole.log",
        ]
        let kept = [
            // Of apps that are known, also of slots that they have no more.
            "web-out-0.log", "web-out-9.log", ".web-out-0.log.times", "web-error-0.log.\(stamp).gz",
            "a-out-1.log",
            // Whose names are not ours.
            "notes.log", "old.txt", "old-out-0.log.1", "old-out-0.log.\(stamp).gz.part", "README", ".hidden",
            "old-out-0.log.bak", ".old-out-0.log", "custom-out-0.log",
        ]
        for name in gone + kept { scratch.file("logs/\(name)", "x") }
        let known = [
            source(0, AppName("web"), "\(logs)/web-out-0.log"), source(1, AppName("a-out")),
            source(2, AppName("other"), "\(logs)/custom-out-0.log"),
        ]
        let found = LogClearing.leftovers(in: logs, besides: known)
        #expect(found.map { String($0.path.dropFirst(logs.count + 1)) } == gone.sorted())
        #expect(Set(found.map(\.app)) == ["old", "whole"])
        #expect(LogClearing.leftovers(in: scratch.path("none"), besides: known) == [])
    }
}

@Suite struct ShowingLogs {
    private func shown(_ line: String, _ patterns: [String] = []) throws -> String {
        LogMarker(try patterns.map { try Pattern($0) }, .colourful).shown(Array(line.utf8)[...])
    }

    @Test func `a hostile line cannot steer the terminal`() throws {
        #expect(try shown("a\u{1B}[2Jb\u{1B}]0;title\u{07}c\rd") == "abc\u{FFFD}d")
        #expect(try shown("end\r") == "end")
        #expect(try shown("\u{1B}[31mred") == "\u{1B}[31mred\u{1B}[0m")
    }

    @Test func `what was looked for stands out, as whole characters`() throws {
        #expect(try shown("an error here", ["error"]) == "an \u{1B}[1;30;43merror\u{1B}[0m here")
        #expect(try shown("error error", ["error"]).split(separator: "\u{1B}[1;30;43m").count == 2)
        // Half of the character is found, the whole of it is marked.
        #expect(try shown("aüb", ["a."]) == "\u{1B}[1;30;43maü\u{1B}[0mb")
        #expect(try shown("abc", ["ab", "bc"]) == "\u{1B}[1;30;43mab\u{1B}[0m\u{1B}[1;30;43mc\u{1B}[0m")
    }

    @Test func `what swpm wrapped in an object is unwrapped`() {
        let source = {
            var source = LogSource(id: SlotID(3), app: AppName("web"), stream: nil, path: "/x")
            source.isJSON = true
            return source
        }()
        let line =
            #"{"message":"hello","timestamp":"2026-11-21T09:30:00.000Z","type":"err","process_id":3,"app_name":"web"}"#
        let contents = LogContents(Array(line.utf8)[...], of: source)
        #expect(contents.text.elementsEqual("hello".utf8))
        #expect(contents.isError)
        #expect(contents.time == 1_795_253_400_000_000_000)
        let bytes =
            #"{"message":"\ufffd","timestamp":"x","type":"out","process_id":3,"app_name":"web","message_base64":"/w=="}"#
        #expect(Array(LogContents(Array(bytes.utf8)[...], of: source).text) == [0xFF])
        #expect(LogContents(Array("{bad".utf8)[...], of: source).text.elementsEqual("{bad".utf8))
    }
}
