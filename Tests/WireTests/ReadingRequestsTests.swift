import Testing

@testable import Wire

@Suite struct ReadingRequests {
    private func request(_ text: String) throws -> HTTPRequest {
        var parser = RequestParser()
        parser.feed([UInt8](text))
        guard case .request(let request)? = try parser.next() else { throw HTTPRefusal(0, "not complete") }
        return request
    }

    @Test func `method, path, query, headers and body are told apart`() throws {
        let found = try request(
            "POST /v1/apps/a%2Fb?x=1&y=a+b%26&z HTTP/1.1\r\nHost: h\r\nX-Thing:  two words \r\nContent-Length: 2\r\n\r\nhi"
        )
        #expect(found.method == .post)
        #expect(found.path == ["v1", "apps", "a/b"])
        #expect(found.query == [.init("x", "1"), .init("y", "a b&"), .init("z", "")])
        #expect(found.headers["x-thing"] == "two words")
        #expect(found.body == [UInt8]("hi"))
        #expect(found.keepsAlive && found.takesChunks)
    }

    @Test func `a body that was not announced is none, and an announced one may be empty`() throws {
        #expect(try request("POST / HTTP/1.1\r\nHost: h\r\n\r\n").body == nil)
        #expect(try request("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n").body == [])
    }

    @Test func `chunks are joined, and what comes with them is dropped`() throws {
        let found = try request(
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n"
        )
        #expect(found.body?.text == "abc0123456789")
        #expect(found.headers["t"] == nil)
    }

    @Test func `the connection ends when either side is too old or says so`() throws {
        #expect(
            try request("GET / HTTP/1.1\r\nHost: h\r\nConnection: foo, Close\r\n\r\n").keepsAlive == false)
        #expect(try request("GET / HTTP/1.0\r\n\r\n").keepsAlive == false)
        #expect(try request("GET / HTTP/1.0\r\n\r\n").takesChunks == false)
        #expect(try request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keepsAlive)
    }

    @Test func `requests may follow each other without a pause`() {
        let all = outcomes(of: validRequests.joined())
        #expect(all.count == validRequests.count)
        let one = validRequests.flatMap { outcomes(of: $0) }.filter { $0 != .awaitsContinue }
        #expect(all == one)
    }

    @Test func `a client that waits before its body is told to go on`() {
        let head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n"
        guard case .request(let request)? = outcomes(of: [[UInt8](head), [UInt8]("hi")]).last else {
            Issue.record("no request")
            return
        }
        #expect(outcomes(of: [[UInt8](head), [UInt8]("hi")]) == [.awaitsContinue, .request(request)])
        #expect(outcomes(of: head + "hi") == [.request(request)], "the body is here already")
        #expect(refusal(of: head.replacing("100-Continue", with: "a miracle")) == 417)
    }

    @Test func `a request that has begun is known as such`() throws {
        var parser = RequestParser()
        #expect(!parser.isAmidRequest)
        parser.feed([UInt8]("G"))
        #expect(try parser.next() == nil)
        #expect(parser.isAmidRequest)
        parser.feed([UInt8]("ET / HTTP/1.1\r\nHost: h\r\n\r\n"))
        #expect(try parser.next() != nil)
        #expect(!parser.isAmidRequest)
        parser.feed([UInt8]("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n"))
        #expect(try parser.next() == nil)
        #expect(parser.isAmidRequest)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\nHost: h\n\n", 400), ("GET / HTTP/1.1\r\nHost: h\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400), ("GET /\r\nHost: h\r\n\r\n", 400),
        (" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("G<T / HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n folded: x\r\nHost: h\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n: h\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: h\u{0}\r\n\r\n", 400),
        ("GET /a\u{7F} HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET /é HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET /%4 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET /%ff HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET /?a=%ff HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET /#a HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400), ("GET apps HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        ("BREW / HTTP/1.1\r\nHost: h\r\n\r\n", 501), ("get / HTTP/1.1\r\nHost: h\r\n\r\n", 501),
        ("GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505), ("GET / HTTP/0.9\r\nHost: h\r\n\r\n", 505),
        ("GET / HTTP/1.12\r\nHost: h\r\n\r\n", 400), ("GET / http/1.1\r\nHost: h\r\n\r\n", 400),
        ("\u{16}\u{3}\u{1}\u{2}\r\n\r\n", 400),
    ])
    func `a malformed head is refused`(text: String, status: Int) {
        #expect(refusal(of: text) == status)
    }

    @Test(arguments: [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400),
        ("Content-Length: 5\r\nContent-Length: 5", 400),
        ("Content-Length: 5\r\nContent-Length: 6", 400), ("Content-Length: 5, 5", 400),
        ("Content-Length: +5", 400), ("Content-Length: -5", 400), ("Content-Length: 0x5", 400),
        ("Content-Length: 5 5", 400), ("Content-Length:", 400), ("Content-Length: 99999999999999999999", 413),
        ("Transfer-Encoding: gzip", 501), ("Transfer-Encoding: gzip, chunked", 501),
        ("Transfer-Encoding: chunked, chunked", 501), ("Transfer-Encoding: identity", 501),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400),
        ("Transfer-Encoding : chunked", 400), ("Transfer-Encoding: \u{B}chunked", 400),
    ])
    func `a message whose end two readers might see in two places is refused`(headers: String, status: Int) {
        #expect(refusal(of: "POST / HTTP/1.1\r\nHost: h\r\n\(headers)\r\n\r\nhello") == status)
    }

    @Test(arguments: [
        "5\nhello", "5\r\nhello!", "5\r\nhello\n", "g\r\n", "\r\n", "-1\r\n", "0x5\r\nhello\r\n",
        " 5\r\nhello\r\n",
        "5 x\r\nhello\r\n", "5\rx", "5;\u{0}\r\n", "0\r\n folded\r\n", "0\r\nnocolon\r\n", "0\r\nX: y\n",
    ])
    func `a malformed chunk is refused`(body: String) {
        #expect(
            refusal(of: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n\(body)") == 400,
            "\(body)")
    }

    @Test func `transfer codings are not for HTTP 1.0`() {
        #expect(refusal(of: "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") == 400)
    }
}
