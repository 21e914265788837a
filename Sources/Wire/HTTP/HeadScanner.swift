/// Finds the end of a message's head in a growing buffer, and its lines.
///
/// It is strict where leniency has let requests be smuggled: lines end in CR LF and in nothing else, and no
/// line continues another. It remembers how far it looked, so that a head sent byte by byte costs no more.
struct HeadScanner {
    private var scanned = 0
    private var lineStart = 0
    private(set) var lines: [Range<Int>] = []

    /// The offset behind the empty line that ends the head, or nil if more bytes are needed.
    mutating func scan(_ buffer: [UInt8], from start: Int, limits: HTTPLimits) throws(HTTPRefusal) -> Int? {
        if scanned < start {
            scanned = start
            lineStart = start
        }
        while scanned < buffer.count {
            if scanned - start == limits.headBytes { throw lines.isEmpty ? .targetTooLong : .headTooLarge }
            let byte = buffer[scanned]
            if byte == ASCII.lineFeed {
                guard scanned > lineStart, buffer[scanned - 1] == ASCII.carriageReturn else {
                    throw .malformed("a line ends without a carriage return")
                }
                let line = lineStart..<scanned - 1
                scanned += 1
                lineStart = scanned
                if !line.isEmpty {
                    lines.append(line)
                    // One more for the start line.
                    if lines.count > limits.headers + 1 { throw .tooManyHeaders }
                } else if !lines.isEmpty {
                    return scanned
                }
            } else {
                if scanned > lineStart, buffer[scanned - 1] == ASCII.carriageReturn {
                    throw .malformed("a carriage return inside a line")
                }
                scanned += 1
            }
        }
        return nil
    }
}

// MARK: - Headers

extension HTTPHeaders {
    init(_ buffer: [UInt8], lines: ArraySlice<Range<Int>>) throws(HTTPRefusal) {
        fields.reserveCapacity(lines.count)
        for line in lines {
            fields.append(try Field(buffer[line]))
        }
    }
}

extension HTTPHeaders.Field {
    init(_ line: ArraySlice<UInt8>) throws(HTTPRefusal) {
        if let first = line.first, ASCII.isBlank(first) {
            throw .malformed("a header is continued on the next line")
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
            throw .malformed("a header without a colon")
        }
        let name = line[..<colon]
        guard !name.isEmpty, name.allSatisfy(ASCII.isToken) else {
            throw .malformed("a malformed header name")
        }
        let value = ASCII.trimmed(line[(colon + 1)...])
        guard value.allSatisfy(ASCII.isFieldByte) else {
            throw .malformed("a control character in a header")
        }
        self.init(ASCII.lowercased(name), String(decoding: value, as: UTF8.self))
    }
}

// MARK: - Framing

/// How long the body of a message is.
enum Framing: Equatable {
    case none
    case length(Int)
    case chunked

    /// A message that says it twice, or in two ways, is refused: two readers might disagree about where it ends.
    init(_ headers: HTTPHeaders, isVersionOne: Bool) throws(HTTPRefusal) {
        let lengths = headers.count("content-length")
        let encodings = headers.count("transfer-encoding")
        if lengths + encodings > 1 {
            throw .malformed(
                lengths > 0 && encodings > 0
                    ? "both Content-Length and Transfer-Encoding" : "the length of the body is given twice")
        }
        if let length = headers["content-length"] {
            guard !length.isEmpty, length.utf8.allSatisfy(\.isDigit) else {
                throw .malformed("a malformed Content-Length")
            }
            guard let count = ASCII.decimal(length.utf8) else { throw .bodyTooLarge }
            self = .length(count)
        } else if let encoding = headers["transfer-encoding"] {
            if isVersionOne { throw .malformed("Transfer-Encoding in HTTP/1.0") }
            guard ASCII.lowercased(Array(encoding.utf8)[...]) == "chunked" else {
                throw HTTPRefusal(501, "only the transfer encoding \"chunked\" is understood")
            }
            self = .chunked
        } else {
            self = .none
        }
    }
}
