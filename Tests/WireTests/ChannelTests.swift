import Supervision
import Testing
import Wire

/// What Node programs write to their message channel.
@Suite struct ReadingChannels {
    private func read(_ text: String, in pieces: Int) -> [ChannelReader.Arrival] {
        var reader = ChannelReader()
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: pieces).flatMap { start in
            reader.feed(Array(bytes[start..<min(bytes.count, start + pieces)]))
        }
    }

    @Test func `messages arrive whole, whatever pieces they come in`() throws {
        let text = "\"ready\"\n{\"type\":\"process:msg\",\"data\":\"é🚀\"}\n42\nnull\n"
        let expected: [ChannelReader.Arrival] = [
            .value(.string("ready")),
            .value(
                .object([
                    JSON.Member("type", .string("process:msg")), JSON.Member("data", .string("é🚀")),
                ])),
            .value(.integer(42)), .value(.null),
        ]
        for size in 1...text.utf8.count { #expect(read(text, in: size) == expected) }
    }

    @Test func `what cannot be read is passed over and what follows is heard`() {
        let deep = String(repeating: "[", count: 100) + String(repeating: "]", count: 100)
        #expect(
            read("{\"a\":\nhello\n\(deep)\n\n7\n", in: 5)
                == [.unreadable, .unreadable, .unreadable, .value(.integer(7))])
    }

    @Test func `a line has a length it may not exceed`() {
        var reader = ChannelReader()
        let longest = "\"" + String(repeating: "x", count: ChannelReader.lineLimit - 2) + "\""
        #expect(reader.feed(Array("\(longest)\n".utf8)).count == 1)
        #expect(reader.feed(Array("\(longest)x".utf8)).isEmpty)
        #expect(reader.isAmidLine)
        #expect(reader.feed(Array("more\n\"after\"\n".utf8)) == [.tooLong, .value(.string("after"))])
        #expect(!reader.isAmidLine)
    }

    private func message(_ text: String) throws -> ChannelMessage {
        ChannelMessage(try JSON(parsing: Array(text.utf8)))
    }

    @Test func `Node's own messages are told from the program's`() throws {
        #expect(try message("\"ready\"") == .own(.string("ready")))
        #expect(
            try message("{\"cmd\":\"NODE_\"}") == .own(try JSON(parsing: Array("{\"cmd\":\"NODE_\"}".utf8))))
        #expect(try message("{\"cmd\":\"NODE_SOMETHING\"}") == .ignored)
        #expect(try message("{\"cmd\":\"NODE_CLUSTER\",\"act\":\"online\"}") == .cluster(.online))
        #expect(try message("{\"cmd\":\"NODE_HANDLE_NACK\"}") == .cluster(.handleLost))
        #expect(
            try message("{\"cmd\":\"NODE_HANDLE\",\"type\":\"net.Socket\",\"msg\":\"take\"}")
                == .withDescriptor(.string("take")))
    }
}

/// The preload and its daemon.
@Suite struct SpeakingWithPreloads {
    private func message(_ text: String) throws -> ChannelMessage {
        ChannelMessage(try JSON(parsing: Array(text.utf8)))
    }

    @Test func `what a preload says is understood, and nothing else`() throws {
        #expect(
            try message("{\"cmd\":\"NODE_SWPM\",\"act\":\"present\",\"signals\":[\"SIGINT\"]}")
                == .preload(.present(signals: [.interrupt])))
        #expect(try message("{\"cmd\":\"NODE_SWPM\",\"act\":\"drained\"}") == .preload(.drained))
        #expect(try message("{\"cmd\":\"NODE_SWPM\",\"act\":\"gone\"}") == .preload(.gone))
        for text in [
            "{\"cmd\":\"NODE_SWPM\"}", "{\"cmd\":\"NODE_SWPM\",\"act\":\"present\"}",
            "{\"cmd\":\"NODE_SWPM\",\"act\":\"reboot\"}",
            "{\"cmd\":\"NODE_SWPM\",\"act\":\"present\",\"signals\":7}",
        ] {
            #expect(try message(text) == .ignored)
        }
    }

    @Test func `it is told what to do in one line`() {
        func text(_ order: PreloadOrder) -> String { String(decoding: order.line, as: UTF8.self) }
        #expect(text(.hello) == "{\"cmd\":\"NODE_SWPM\",\"act\":\"hello\"}\n")
        #expect(
            text(.drain(idle: .seconds(5), isDeaf: true))
                == "{\"cmd\":\"NODE_SWPM\",\"act\":\"drain\",\"idle\":5000,\"deaf\":true}\n")
        #expect(
            text(.drain(idle: nil, isDeaf: false))
                == "{\"cmd\":\"NODE_SWPM\",\"act\":\"drain\",\"deaf\":false}\n")
    }

    @Test func `the program's own options come first and stay as they are`() {
        func options(_ given: String?, _ arguments: [String] = [], path: String = "/h/preload.cjs") -> String?
        {
            NodeOptions.loading(path, before: given, arguments: arguments)
        }
        #expect(options(nil) == "--require \"/h/preload.cjs\"")
        #expect(options("") == "--require \"/h/preload.cjs\"")
        #expect(options("--inspect -r a") == "--inspect -r a --require \"/h/preload.cjs\"")
        #expect(options(nil, path: "/a \"b\"\\c/p.cjs") == "--require \"/a \\\"b\\\"\\\\c/p.cjs\"")
        // Said already, below a wrapper.
        #expect(options("-r a --require \"/h/preload.cjs\"") == "-r a --require \"/h/preload.cjs\"")
        #expect(options("--permission") == nil)
        #expect(options(nil, ["--experimental-permission", "app.js"]) == nil)
        #expect(options("--experimental-policy=x") == nil)
    }
}
