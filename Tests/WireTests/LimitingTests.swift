import Testing

@testable import Wire

/// Everything that can be sent has a bound, and the bound is exact.
@Suite struct Limiting {
    private func get(target: String = "/", headers: [String] = []) -> String {
        "GET \(target) HTTP/1.1\r\n" + (["Host: h"] + headers).map { $0 + "\r\n" }.joined() + "\r\n"
    }

    private func fill(_ count: Int) -> String { String(repeating: "a", count: count) }

    @Test func `the path`() {
        #expect(refusal(of: get(target: "/" + fill(4095))) == nil)
        #expect(refusal(of: get(target: "/" + fill(4096))) == 414)
        #expect(refusal(of: "GET /" + fill(20_000)) == 414, "a line that never ends")
    }

    @Test func `the number of headers`() {
        #expect(refusal(of: get(headers: Array(repeating: "X: y", count: 63))) == nil)
        #expect(refusal(of: get(headers: Array(repeating: "X: y", count: 64))) == 431)
    }

    @Test func `the size of the head`() {
        let room = (16 << 10) - get(headers: ["X: "]).utf8.count
        #expect(refusal(of: get(headers: ["X: " + fill(room)])) == nil)
        #expect(refusal(of: get(headers: ["X: " + fill(room + 1)])) == 431)
        #expect(refusal(of: "GET / HTTP/1.1\r\nX: " + fill(20_000)) == 431, "a header that never ends")
        #expect(refusal(of: String(repeating: "\r\n", count: 9000)) != nil, "empty lines without end")
    }

    @Test func `the body`() {
        var limits = HTTPLimits()
        limits.bodyBytes = 10
        let head = "POST / HTTP/1.1\r\nHost: h\r\n"
        #expect(refusal(of: head + "Content-Length: 10\r\n\r\n", limits: limits) == nil)
        #expect(refusal(of: head + "Content-Length: 11\r\n\r\n", limits: limits) == 413)
        let chunked = head + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
        #expect(refusal(of: chunked + "5\r\n", limits: limits) == nil)
        #expect(refusal(of: chunked + "6\r\n", limits: limits) == 413)
        #expect(refusal(of: chunked + "ffffffffffffffffff\r\n", limits: limits) == 413)
    }

    @Test func `what comes with chunks`() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(refusal(of: head + "5;" + fill(1000)) == 400)
        #expect(refusal(of: head + "0\r\nX: " + fill(20_000)) == 431)
        #expect(refusal(of: head + "0\r\n" + String(repeating: "X: y\r\n", count: 65)) == 431)
    }

    @Test func `what is sent without waiting for answers`() throws {
        var parser = RequestParser()
        for _ in 0..<200 { parser.feed([UInt8](repeating: UInt8(ascii: "a"), count: 1 << 16)) }
        #expect(parser.pendingBytes <= HTTPLimits().pendingBytes)
        do {
            _ = try parser.next()
            Issue.record("13 MB were kept")
        } catch {
            #expect(error.status == 413)
        }
    }

    @Test func `the body of an answer, over all its chunks`() throws {
        var limits = HTTPLimits.answers
        limits.bodyBytes = 10
        func received(_ chunks: [String], _ head: [UInt8] = HTTPWriter.stream()) throws -> Int {
            var parser = ResponseParser(limits: limits)
            parser.feed(head)
            var count = 0
            for chunk in chunks {
                parser.feed(head == HTTPWriter.stream() ? HTTPWriter.chunk([UInt8](chunk)) : [UInt8](chunk))
                while let arrival = try parser.next() {
                    if case .data(let data) = arrival { count += data.count }
                }
            }
            return count
        }
        #expect(try received(["hello", "hello"]) == 10)
        #expect(throws: HTTPRefusal.self) { try received(["hello", "hello", "!"]) }
        let unframed = HTTPWriter.stream(chunked: false)
        #expect(try received(["hello", "hello"], unframed) == 10)
        #expect(throws: HTTPRefusal.self) { try received(["hello", "hello", "!"], unframed) }
        #expect(throws: HTTPRefusal.self) {
            try received([""], HTTPWriter.response(200, [UInt8](fill(11).utf8)))
        }
    }

    @Test func `the depth and the size of a JSON text`() throws {
        var options = JSONOptions.strict
        options.size = 128
        #expect(throws: Never.self) { try JSON(parsing: nested(64), options: options) }
        #expect(throws: JSONError.self) { try JSON(parsing: nested(65), options: options) }
        options.size = 127
        #expect(throws: JSONError.self) { try JSON(parsing: nested(64), options: options) }
        #expect(throws: JSONError.self) {
            try JSON(parsing: [UInt8](repeating: UInt8(ascii: "["), count: 1 << 20))
        }
    }

    private func nested(_ depth: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(ascii: "["), count: depth)
            + [UInt8](repeating: UInt8(ascii: "]"), count: depth)
    }

    @Test func `a line of a stream`() throws {
        var splitter = LineSplitter(limit: 4)
        #expect(try splitter.feed([UInt8]("abcd\nab")) == [[UInt8]("abcd")])
        #expect(throws: HTTPRefusal.self) { try splitter.feed([UInt8]("cde")) }
    }

    @Test func `the number of apps in a request`() throws {
        let apps = (0...1000).map { "{\"script\":\"/a\",\"cwd\":\"/\",\"name\":\"a\($0)\"}" }.joined(
            separator: ",")
        let request = HTTPRequest(.post, ["v1", "apps"], body: [UInt8]("{\"apps\":[\(apps)]}"))
        #expect(throws: APIRefusal.self) { try APICall(request) }
    }
}
