/// The answers that arrive on a client's connection, piece by piece, so that progress is seen as it happens.
public struct ResponseParser: Sendable {
    private let limits: HTTPLimits
    private var buffer: [UInt8] = []
    private var start = 0
    private var received = 0
    private var scanner = HeadScanner()
    private var state = State.head

    private enum State: Sendable {
        case head
        case length(remaining: Int)
        case chunks(ChunkDecoder)
        case untilClose
        case failed(HTTPRefusal)
    }

    public enum Arrival: Equatable, Sendable {
        case head(HTTPResponseHead)
        case data([UInt8])
        case end
    }

    public init(limits: HTTPLimits = .answers) {
        self.limits = limits
    }

    public mutating func feed(_ bytes: some Collection<UInt8>) {
        discardConsumed()
        buffer.append(contentsOf: bytes)
    }

    /// The next piece, or nil if more bytes are needed. A refusal means that this is not the HTTP we speak.
    public mutating func next() throws(HTTPRefusal) -> Arrival? {
        do {
            return try advance()
        } catch {
            state = .failed(error)
            throw error
        }
    }

    /// The connection was closed by the other side: `.end` if that is how the answer ends, nil if none had begun.
    public mutating func finish() throws(HTTPRefusal) -> Arrival? {
        switch state {
        case .untilClose:
            state = .head
            return .end
        case .head where start == buffer.count: return nil
        case .failed(let refusal): throw refusal
        case .head, .length, .chunks: throw .malformed("the answer broke off")
        }
    }

    private mutating func discardConsumed() {
        guard start > 0 else { return }
        buffer.removeSubrange(..<start)
        start = 0
        scanner = HeadScanner()
    }

    private mutating func advance() throws(HTTPRefusal) -> Arrival? {
        switch state {
        case .head: try takeHead()
        case .length(let remaining): takeData(remaining: remaining)
        case .chunks(let decoder): try takeChunks(with: decoder)
        case .untilClose: try takeRest()
        case .failed(let refusal): throw refusal
        }
    }
}

// MARK: - Head

extension ResponseParser {
    private mutating func takeHead() throws(HTTPRefusal) -> Arrival? {
        while let end = try scanner.scan(buffer, from: start, limits: limits) {
            let lines = scanner.lines
            scanner = HeadScanner()
            let (status, isVersionOne) = try statusLine(buffer[lines[0]])
            let headers = try HTTPHeaders(buffer, lines: lines.dropFirst())
            start = end
            // "Continue" and its like only announce the answer.
            if status < 200 { continue }
            received = 0
            try prepare(for: try Framing(headers, isVersionOne: isVersionOne), status: status)
            return .head(HTTPResponseHead(status: status, headers: headers))
        }
        return nil
    }

    private mutating func prepare(for framing: Framing, status: Int) throws(HTTPRefusal) {
        if status == 204 || status == 304 {
            state = .length(remaining: 0)
            return
        }
        switch framing {
        case .none: state = .untilClose
        case .length(let length):
            if length > limits.bodyBytes { throw .bodyTooLarge }
            state = .length(remaining: length)
        case .chunked: state = .chunks(ChunkDecoder(limits: limits))
        }
    }

    private func statusLine(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) -> (
        status: Int, isVersionOne: Bool
    ) {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
        let version = String(decoding: parts[0], as: UTF8.self)
        guard parts.count >= 2, version == "HTTP/1.1" || version == "HTTP/1.0", parts[1].count == 3,
            let status = ASCII.decimal(parts[1]), status >= 100
        else { throw .malformed("the answer is not HTTP") }
        return (status, version == "HTTP/1.0")
    }
}

// MARK: - Body

extension ResponseParser {
    private mutating func takeData(remaining: Int) -> Arrival? {
        if remaining == 0 {
            state = .head
            return .end
        }
        let count = min(remaining, buffer.count - start)
        guard count > 0 else { return nil }
        let data = Array(buffer[start..<start + count])
        start += count
        state = .length(remaining: remaining - count)
        return .data(data)
    }

    private mutating func takeChunks(with decoder: ChunkDecoder) throws(HTTPRefusal) -> Arrival? {
        var decoder = decoder
        if decoder.isFinished {
            state = .head
            return .end
        }
        var data: [UInt8] = []
        do {
            try decoder.take(buffer, from: &start, into: &data, limit: limits.bodyBytes - received)
            state = .chunks(decoder)
        } catch {
            // What came before the fault was said; the next call tells of the fault.
            guard !data.isEmpty else { throw error }
            state = .failed(error)
            return .data(data)
        }
        received += data.count
        if !data.isEmpty { return .data(data) }
        return decoder.isFinished ? try advance() : nil
    }

    private mutating func takeRest() throws(HTTPRefusal) -> Arrival? {
        guard start < buffer.count else { return nil }
        let data = Array(buffer[start...])
        start = buffer.count
        received += data.count
        if received > limits.bodyBytes { throw .bodyTooLarge }
        return .data(data)
    }
}
