/// Takes the chunks of a body apart (RFC 9112 section 7.1), at whatever bytes the reads happen to end.
struct ChunkDecoder {
    private enum State: Equatable {
        case size
        case data(remaining: Int)
        /// The CR LF behind a chunk's data.
        case dataEnd
        case trailers
        case finished
    }

    private let limits: HTTPLimits
    private var state = State.size
    private var line: [UInt8] = []
    private var trailerBytes = 0
    private var trailers = 0

    init(limits: HTTPLimits) {
        self.limits = limits
    }

    var isFinished: Bool { state == .finished }

    /// Moves data from `buffer[index...]` behind `body`; stops at the end of the body or of the buffer.
    ///
    /// `limit` is how many bytes `body` may hold.
    mutating func take(
        _ buffer: [UInt8], from index: inout Int, into body: inout [UInt8], limit: Int
    ) throws(HTTPRefusal) {
        while index < buffer.count, state != .finished {
            if case .data(let remaining) = state {
                let count = min(remaining, buffer.count - index)
                body.append(contentsOf: buffer[index..<index + count])
                index += count
                state = count == remaining ? .dataEnd : .data(remaining: remaining - count)
            } else if try collectLine(buffer[index]) {
                try endLine(room: limit - body.count)
                line.removeAll(keepingCapacity: true)
                index += 1
            } else {
                index += 1
            }
        }
    }

    /// True at the end of a line, which then stands in `line` without its CR LF.
    private mutating func collectLine(_ byte: UInt8) throws(HTTPRefusal) -> Bool {
        let follows = line.last == ASCII.carriageReturn
        guard (byte == ASCII.lineFeed) == follows else {
            throw .malformed("a line of a chunked body does not end in CR LF")
        }
        if follows {
            line.removeLast()
            return true
        }
        if state == .dataEnd, byte != ASCII.carriageReturn {
            throw .malformed("a chunk is longer than announced")
        }
        line.append(byte)
        let limit = state == .trailers ? limits.headBytes - trailerBytes : limits.chunkLineBytes
        if line.count > limit {
            throw state == .trailers
                ? .headTooLarge : .malformed("the line that announces a chunk is too long")
        }
        return false
    }

    private mutating func endLine(room: Int) throws(HTTPRefusal) {
        switch state {
        case .size:
            let size = try chunkSize()
            if size > room { throw .bodyTooLarge }
            state = size == 0 ? .trailers : .data(remaining: size)
        case .dataEnd:
            state = .size
        case .trailers:
            if line.isEmpty {
                state = .finished
            } else {
                // Checked, and then forgotten: nothing we say or understand comes after a body.
                _ = try HTTPHeaders.Field(line[...])
                trailers += 1
                trailerBytes += line.count
                if trailers > limits.headers { throw .tooManyHeaders }
            }
        case .data, .finished:
            preconditionFailure("a line ended where no line was")
        }
    }

    private func chunkSize() throws(HTTPRefusal) -> Int {
        var size = 0
        let digits = line.prefix { $0.hexValue != nil }
        guard !digits.isEmpty else { throw .malformed("a chunk without a size") }
        for digit in digits {
            guard size <= Int.max >> 4 else { throw .bodyTooLarge }
            size = size << 4 | Int(digit.hexValue!)
        }
        let rest = ASCII.trimmed(line[digits.endIndex...])
        guard rest.isEmpty || rest.first == UInt8(ascii: ";"), rest.allSatisfy(ASCII.isFieldByte) else {
            throw .malformed("a malformed chunk size")
        }
        return size
    }
}
