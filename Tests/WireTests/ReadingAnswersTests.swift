import Testing

@testable import Wire

@Suite struct ReadingAnswers {
    private func arrivals(_ text: String, closed: Bool = false) throws -> [ResponseParser.Arrival] {
        var parser = ResponseParser()
        parser.feed([UInt8](text))
        var arrivals: [ResponseParser.Arrival] = []
        while let arrival = try parser.next() { arrivals.append(arrival) }
        if closed, let last = try parser.finish() { arrivals.append(last) }
        return arrivals
    }

    @Test func `a whole answer`() throws {
        let bytes = HTTPWriter.response(404, [UInt8]("{}"), keepsAlive: false)
        let head = HTTPResponseHead(
            status: 404,
            headers: HTTPHeaders([
                .init("content-type", "application/json"), .init("connection", "close"),
                .init("content-length", "2"),
            ]))
        #expect(try arrivals(bytes.text) == [.head(head), .data([UInt8]("{}")), .end])
    }

    @Test func `progress is seen line by line as it happens`() throws {
        var parser = ResponseParser()
        var splitter = LineSplitter()
        parser.feed(HTTPWriter.proceed + HTTPWriter.stream())
        guard case .head(let head)? = try parser.next() else {
            Issue.record("no head")
            return
        }
        #expect(head.status == 200 && head.headers["content-type"] == HTTPWriter.lines)
        var lines: [[UInt8]] = []
        for line in ["{\"a\":1}\n", "{\"b\"", ":2}\n{\"c\":3}\n"] {
            parser.feed(HTTPWriter.chunk([UInt8](line)))
            guard case .data(let data)? = try parser.next() else {
                Issue.record("no data for \(line)")
                return
            }
            #expect(try parser.next() == nil)
            lines += try splitter.feed(data)
        }
        #expect(lines.map(\.text) == ["{\"a\":1}", "{\"b\":2}", "{\"c\":3}"])
        parser.feed(HTTPWriter.lastChunk)
        #expect(try parser.next() == .end)
        #expect(try parser.finish() == nil)
    }

    @Test func `an answer without a length ends with the connection`() throws {
        let all = try arrivals(HTTPWriter.stream(chunked: false).text + "hello", closed: true)
        #expect(all.dropFirst() == [.data([UInt8]("hello")), .end])
    }

    @Test func `answers that have no body have none`() throws {
        #expect(try arrivals("HTTP/1.1 204 No Content\r\n\r\n").last == .end)
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nConte",
    ])
    func `an answer that breaks off is noticed`(text: String) {
        #expect(throws: HTTPRefusal.self) { try arrivals(text, closed: true) }
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/2 200\r\n\r\n",
        "HTTP/1.1\r\n\r\n", "HTTP/1.1 099 Odd\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ])
    func `what is not an answer is refused`(text: String) {
        #expect(throws: HTTPRefusal.self) { try arrivals(text) }
    }

    @Test func `an error that is not ours is still an error`() {
        let foreign = Answer.refusal([UInt8]("<html>"), status: 502)
        #expect(foreign == .http(APIRefusal(status: 502, code: "unknown", message: "Status 502")))
        let routing = APIRefusal(status: 404, code: "not_found", message: "there is no such path")
        #expect(Answer.refusal(Answer.bytes(routing), status: 404) == .http(routing))
    }
}
