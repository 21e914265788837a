/// The requests that arrive on one connection (HTTP/1.1, RFC 9112), from whatever pieces the reads deliver.
///
/// It does no I/O and keeps no clock: the shell feeds it bytes and asks for the next arrival until there is none.
/// After a refusal the connection is out of step and must be closed behind the answer.
public struct RequestParser: Sendable {
    private let limits: HTTPLimits
    private var buffer: [UInt8] = []
    private var start = 0
    private var state = State.head
    /// What the chunks brought so far.
    private var body: [UInt8] = []

    private enum State: Sendable {
        case head
        case body(HTTPRequest, length: Int)
        case chunks(HTTPRequest, ChunkDecoder)
        case refused(HTTPRefusal)
    }

    private var scanner = HeadScanner()

    public enum Arrival: Equatable, Sendable {
        /// The head of a request is here, and its sender waits for `HTTPWriter.proceed` before the body.
        case awaitsContinue
        case request(HTTPRequest)
    }

    public init(limits: HTTPLimits = HTTPLimits()) {
        self.limits = limits
    }

    /// Whether a request has begun and is not complete: an idle connection may wait, this one must not for long.
    public var isAmidRequest: Bool {
        if case .head = state { return start < buffer.count }
        return true
    }

    /// What has arrived and is not taken yet.
    public var pendingBytes: Int { buffer.count - start }

    /// Takes bytes in. A sender that does not wait for its answers is refused before it fills the memory.
    public mutating func feed(_ bytes: some Collection<UInt8>) {
        discardConsumed()
        guard buffer.count + bytes.count <= limits.pendingBytes else {
            buffer = []
            state = .refused(HTTPRefusal(413, "too much was sent before it was answered"))
            return
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next thing to act on, or nil if more bytes are needed.
    public mutating func next() throws(HTTPRefusal) -> Arrival? {
        do {
            return try advance()
        } catch {
            state = .refused(error)
            throw error
        }
    }

    private mutating func discardConsumed() {
        guard start > 0 else { return }
        // Offsets into the buffer are kept only while a head is incomplete, and a head begins at zero then.
        buffer.removeSubrange(..<start)
        start = 0
        scanner = HeadScanner()
    }

    private mutating func advance() throws(HTTPRefusal) -> Arrival? {
        switch state {
        case .head: try takeHead()
        case .body(let request, let length): takeBody(of: request, length: length)
        case .chunks(let request, let decoder): try takeChunks(of: request, with: decoder)
        case .refused(let refusal): throw refusal
        }
    }
}

// MARK: - Head

extension RequestParser {
    private mutating func takeHead() throws(HTTPRefusal) -> Arrival? {
        guard let end = try scanner.scan(buffer, from: start, limits: limits) else { return nil }
        let lines = scanner.lines
        scanner = HeadScanner()
        var (request, isVersionOne) = try requestLine(buffer[lines[0]])
        request.headers = try HTTPHeaders(buffer, lines: lines.dropFirst())
        start = end
        let hosts = request.headers.count("host")
        guard hosts == 1 || (hosts == 0 && isVersionOne) else {
            throw .malformed(hosts == 0 ? "the Host header is missing" : "more than one Host header")
        }
        request.keepsAlive =
            isVersionOne
            ? request.headers.list("connection", contains: "keep-alive")
            : !request.headers.list("connection", contains: "close")
        request.takesChunks = !isVersionOne
        let framing = try Framing(request.headers, isVersionOne: isVersionOne)
        return try begin(request, framing, mayWait: !isVersionOne)
    }

    private mutating func begin(
        _ request: HTTPRequest, _ framing: Framing, mayWait: Bool
    ) throws(HTTPRefusal) -> Arrival? {
        switch framing {
        case .none: return .request(request)
        case .length(let length):
            if length > limits.bodyBytes { throw .bodyTooLarge }
            state = .body(request, length: length)
        case .chunked:
            state = .chunks(request, ChunkDecoder(limits: limits))
        }
        if let expectation = request.headers["expect"], mayWait {
            guard ASCII.lowercased(Array(expectation.utf8)[...]) == "100-continue" else {
                throw HTTPRefusal(417, "only the expectation \"100-continue\" is understood")
            }
            if start == buffer.count, framing != .length(0) { return .awaitsContinue }
        }
        return try advance()
    }

    private func requestLine(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) -> (HTTPRequest, Bool) {
        let parts = line.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].allSatisfy(ASCII.isToken) else {
            throw .malformed("a malformed request line")
        }
        let isVersionOne = try version(parts[2])
        guard parts[1].count <= limits.targetBytes else { throw .targetTooLong }
        guard let method = HTTPRequest.Method(rawValue: String(decoding: parts[0], as: UTF8.self)) else {
            throw HTTPRefusal(501, "an unknown method")
        }
        let (path, query) = try target(parts[1])
        return (HTTPRequest(method, path, query: query), isVersionOne)
    }

    /// True for HTTP/1.0.
    private func version(_ text: ArraySlice<UInt8>) throws(HTTPRefusal) -> Bool {
        let name = Array("HTTP/".utf8)
        let number = text.dropFirst(name.count)
        guard text.starts(with: name), number.count == 3, number.first!.isDigit, number.last!.isDigit,
            number.dropFirst().first == UInt8(ascii: ".")
        else { throw .malformed("a malformed request line") }
        guard number.first == UInt8(ascii: "1") else {
            throw HTTPRefusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
        }
        return number.last == UInt8(ascii: "0")
    }
}

// MARK: - Target

extension RequestParser {
    private func target(
        _ bytes: ArraySlice<UInt8>
    ) throws(HTTPRefusal) -> (path: [String], query: [HTTPRequest.QueryItem]) {
        guard bytes.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") }) else {
            throw .malformed("a malformed path")
        }
        let local = try withoutAuthority(bytes)
        let parts = local.split(
            separator: UInt8(ascii: "?"), maxSplits: 1, omittingEmptySubsequences: false)
        var path: [String] = []
        for part in parts[0].dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        {
            guard let text = Percent.decode(part) else { throw .malformed("a malformed path") }
            path.append(text)
        }
        return (path, parts.count == 2 ? try query(parts[1]) : [])
    }

    /// `http://anything/path` means `/path` (RFC 9112 section 3.2.2).
    private func withoutAuthority(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal) -> ArraySlice<UInt8> {
        if bytes.first == UInt8(ascii: "/") { return bytes }
        let scheme = Array("http://".utf8)
        guard bytes.starts(with: scheme) else { throw .malformed("a malformed path") }
        let rest = bytes.dropFirst(scheme.count)
        return rest.firstIndex(of: UInt8(ascii: "/")).map { rest[$0...] } ?? [UInt8(ascii: "/")]
    }

    private func query(_ bytes: ArraySlice<UInt8>) throws(HTTPRefusal) -> [HTTPRequest.QueryItem] {
        var items: [HTTPRequest.QueryItem] = []
        for part in bytes.split(separator: UInt8(ascii: "&")) {
            let pair = part.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Percent.decode(pair[0], plusIsSpace: true),
                let value = pair.count == 2 ? Percent.decode(pair[1], plusIsSpace: true) : ""
            else { throw .malformed("a malformed query") }
            items.append(HTTPRequest.QueryItem(name, value))
        }
        return items
    }
}

// MARK: - Body

extension RequestParser {
    private mutating func takeBody(of request: HTTPRequest, length: Int) -> Arrival? {
        guard buffer.count - start >= length else { return nil }
        var request = request
        request.body = Array(buffer[start..<start + length])
        start += length
        state = .head
        return .request(request)
    }

    private mutating func takeChunks(
        of request: HTTPRequest, with decoder: ChunkDecoder
    ) throws(HTTPRefusal) -> Arrival? {
        var (request, decoder) = (request, decoder)
        try decoder.take(buffer, from: &start, into: &body, limit: limits.bodyBytes)
        guard decoder.isFinished else {
            state = .chunks(request, decoder)
            return nil
        }
        request.body = body
        body = []
        state = .head
        return .request(request)
    }
}
