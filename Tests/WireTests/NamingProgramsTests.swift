import Testing

@testable import Wire

@Suite struct NamingPrograms {
    @Test func `a program's name is what it was when it arrives`() {
        for name in [
            ProgramName(version: "0.1.0", build: "6f24e5e73e75"), ProgramName(version: "1.0", build: ""),
        ] {
            #expect(ProgramName(header: name.header) == name)
        }
        for other in ["", "nginx/1.2", "swpm", "swpm/1 (a) b"] { #expect(ProgramName(header: other) == nil) }
    }

    @Test func `versions are compared number by number`() {
        func isOlder(_ one: String, _ other: String) -> Bool {
            ProgramName(version: one, build: "").isOlder(than: ProgramName(version: other, build: ""))
        }
        #expect(isOlder("0.9.0", "0.10.0") && isOlder("1.0", "1.0.1") && isOlder("0.1.0", "1.0.0"))
        #expect(!isOlder("0.10.0", "0.9.0") && !isOlder("1.0.0", "1.0.0") && !isOlder("x", "0"))
    }

    @Test func `an answer says whose it is`() throws {
        let bytes =
            HTTPWriter.response(200, [], server: "swpm/0.1.0 (6f24)")
            + HTTPWriter.stream(server: "swpm/0.1.0")
        var parser = ResponseParser()
        parser.feed(bytes)
        guard case .head(let head)? = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.headers["server"] == "swpm/0.1.0 (6f24)")
        #expect(try parser.next() == .end)
        guard case .head(let stream)? = try parser.next() else {
            Issue.record("no second head")
            return
        }
        #expect(stream.headers["server"] == "swpm/0.1.0")
    }
}
