/// What has come of one answer so far.
struct Answer {
    private(set) var bytes: [UInt8] = []
    private var head: Head?

    fileprivate struct Head {
        var length: Int
        var status: Int
        var body: Body
        var closes: Bool
    }

    fileprivate enum Body {
        case counted(Int), chunked, untilClose
    }

    enum Progress {
        /// Whole: its status, the first word of its body, and whether the connection ends with it.
        case whole(status: Int, word: String, closes: Bool)
        case partial
        case malformed
    }

    /// Nothing that answers a probe is larger.
    static let limit = 1 << 20

    mutating func append(_ more: ArraySlice<UInt8>) { bytes += more }

    /// Looks at what is there; `ended` when nothing more will come.
    mutating func progress(ended: Bool) -> Progress {
        if head == nil {
            guard let end = endOfHead else { return bytes.count > Self.limit ? .malformed : .partial }
            guard let parsed = Head(bytes[..<end]) else { return .malformed }
            head = parsed
        }
        guard let head, let body = body(after: head, ended: ended) else {
            return bytes.count > Self.limit ? .malformed : .partial
        }
        return .whole(status: head.status, word: firstWord(body), closes: head.closes)
    }

    private var endOfHead: Int? {
        guard bytes.count >= 4 else { return nil }
        return (4...bytes.count).first {
            bytes[$0 - 1] == 10 && bytes[$0 - 2] == 13 && bytes[$0 - 3] == 10 && bytes[$0 - 4] == 13
        }
    }

    /// Nil while it is not whole.
    private func body(after head: Head, ended: Bool) -> ArraySlice<UInt8>? {
        let rest = bytes[head.length...]
        switch head.body {
        case .counted(let count): return rest.count >= count ? rest.prefix(count) : nil
        case .untilClose: return ended ? rest : nil
        case .chunked: return wholeChunks(rest)
        }
    }

    /// The body of a chunked answer (RFC 9112, section 7.1); nil before its last chunk.
    private func wholeChunks(_ rest: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var rest = rest
        var body: [UInt8] = []
        while let end = rest.firstIndex(of: 10) {
            let line = String(decoding: rest[..<end], as: UTF8.self)
            guard let size = Int(line.prefix { $0.isHexDigit }, radix: 16) else { return nil }
            rest = rest[(end + 1)...]
            guard rest.count >= size + 2 else { return nil }
            if size == 0 { return body[...] }
            body += rest.prefix(size)
            rest = rest.dropFirst(size + 2)
        }
        return nil
    }

    private func firstWord(_ body: ArraySlice<UInt8>) -> String {
        String(decoding: body.prefix { $0 > 32 }.prefix(40), as: UTF8.self)
    }
}

extension Answer.Head {
    fileprivate init?(_ bytes: ArraySlice<UInt8>) {
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let code = Int(words[1]) else { return nil }
        length = bytes.count
        status = code
        body = .untilClose
        closes = words[0] == "HTTP/1.0"
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == " " }.lowercased()
            switch line[..<colon].lowercased() {
            case "content-length":
                guard let count = Int(value), count >= 0 else { return nil }
                body = .counted(count)
            case "transfer-encoding": body = .chunked
            case "connection": closes = value == "close"
            default: break
            }
        }
    }
}
