/// One reading of one text, from the first byte to the last.
///
/// It works on bytes and indices, never on characters: an answer about a thousand instances is read by a command
/// that should take a millisecond. Only this file and its neighbours touch the raw buffer.
struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let options: JSONOptions
    var index = 0
    private var depth = 0

    /// What is wrong, and at which byte.
    struct Fault: Error {
        var offset: Int
        var message: String
    }

    init(bytes: UnsafeBufferPointer<UInt8>, options: JSONOptions) {
        self.bytes = bytes
        self.options = options
    }

    mutating func document() throws(Fault) -> JSON {
        guard bytes.count <= options.size else {
            throw Fault(offset: 0, message: "larger than \(options.size) bytes")
        }
        try skipPreamble()
        let json = try value()
        try skipTrivia()
        guard index == bytes.count else { throw unexpected("the end") }
        return json
    }

    /// Reads one value; the index stands on its first byte, and stands behind its last byte afterwards.
    mutating func value() throws(Fault) -> JSON {
        guard index < bytes.count else { throw unexpected("a value") }
        switch bytes[index] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "'") where options.relaxed: return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw unexpected("a value")
        }
    }

    /// The text of the next byte, for a message.
    func unexpected(_ expected: String) -> Fault {
        guard index < bytes.count else {
            return Fault(offset: index, message: "expected \(expected), but the text ends")
        }
        let byte = bytes[index]
        let printable = (0x21...0x7E).contains(byte)
        let found = printable ? "'\(Character(Unicode.Scalar(byte)))'" : JSONParser.name(of: byte)
        return Fault(offset: index, message: "expected \(expected), found \(found)")
    }

    private static func name(of byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\n"), UInt8(ascii: "\r"): "the end of the line"
        case UInt8(ascii: "\t"), UInt8(ascii: " "): "a space"
        case 0x80...: "a character that is not ASCII"
        default: "the control character \(byte)"
        }
    }

    private mutating func word(_ text: StaticString, _ json: JSON) throws(Fault) -> JSON {
        let expected = UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        let rest = UnsafeBufferPointer(rebasing: bytes[index...])
        guard rest.starts(with: expected), rest.count == expected.count || !rest[expected.count].isWord else {
            throw Fault(offset: index, message: "expected a value (true, false and null are the only words)")
        }
        index += expected.count
        return json
    }
}

// MARK: - Objects and arrays

extension JSONParser {
    /// Larger objects look for repeated keys in a set.
    private static let pairwiseLimit = 16

    /// Steps behind the opening bracket.
    private mutating func descend() throws(Fault) {
        guard depth < options.depth else {
            throw Fault(offset: index, message: "nested more than \(options.depth) deep")
        }
        depth += 1
        index += 1
        try skipTrivia()
    }

    private mutating func array() throws(Fault) -> JSON {
        try descend()
        defer { depth -= 1 }
        var elements: [JSON] = []
        while !take(UInt8(ascii: "]")) {
            elements.append(try value())
            try separate(before: UInt8(ascii: "]"))
        }
        return .array(elements)
    }

    private mutating func object() throws(Fault) -> JSON {
        try descend()
        defer { depth -= 1 }
        var members: [JSON.Member] = []
        members.reserveCapacity(8)
        var known: Set<String> = []
        while !take(UInt8(ascii: "}")) {
            let start = index
            let key = try key()
            if options.distinctKeys { try distinguish(key, at: start, from: members, known: &known) }
            try skipTrivia()
            guard take(UInt8(ascii: ":")) else { throw unexpected("':' after the key \"\(key)\"") }
            try skipTrivia()
            members.append(JSON.Member(key, try value()))
            try separate(before: UInt8(ascii: "}"))
        }
        return .object(members)
    }

    /// A comma, or the end: a comma before the end is for relaxed texts only.
    private mutating func separate(before end: UInt8) throws(Fault) {
        try skipTrivia()
        if index < bytes.count, bytes[index] == end { return }
        guard take(UInt8(ascii: ",")) else {
            throw unexpected("',' or '\(Character(Unicode.Scalar(end)))'")
        }
        try skipTrivia()
        if !options.relaxed, index < bytes.count, bytes[index] == end {
            throw unexpected("a value after ','")
        }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    private func distinguish(
        _ key: String, at start: Int, from members: [JSON.Member], known: inout Set<String>
    ) throws(Fault) {
        let repeated: Bool
        if members.count < JSONParser.pairwiseLimit {
            repeated = members.contains { $0.key == key }
        } else {
            if known.isEmpty { known = Set(members.map(\.key)) }
            repeated = !known.insert(key).inserted
        }
        if repeated { throw Fault(offset: start, message: "the key \"\(key)\" stands here twice") }
    }

    mutating func key() throws(Fault) -> String {
        guard index < bytes.count else { throw unexpected("a key") }
        let byte = bytes[index]
        if byte == UInt8(ascii: "\"") { return try string() }
        guard options.relaxed else { throw unexpected("a key in double quotes") }
        if byte == UInt8(ascii: "'") { return try string() }
        guard byte.isWord, !byte.isDigit else { throw unexpected("a key") }
        let start = index
        while index < bytes.count, bytes[index].isWord { index += 1 }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }
}

// MARK: - What stands between

extension JSONParser {
    /// Steps to the first value, over a byte order mark.
    mutating func skipPreamble() throws(Fault) {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        if options.relaxed, bytes.starts(with: mark) { index = mark.count }
        try skipTrivia()
    }

    mutating func skipTrivia() throws(Fault) {
        while index < bytes.count {
            switch bytes[index] {
            case 0x20, 0x0A, 0x0D, 0x09: index += 1
            case UInt8(ascii: "/") where options.relaxed: try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(Fault) {
        let start = index
        index += 1
        if take(UInt8(ascii: "/")) {
            while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
        } else if take(UInt8(ascii: "*")) {
            while index + 1 < bytes.count {
                if bytes[index] == UInt8(ascii: "*"), bytes[index + 1] == UInt8(ascii: "/") {
                    index += 2
                    return
                }
                index += 1
            }
            throw Fault(offset: start, message: "this comment never ends")
        } else {
            throw Fault(offset: start, message: "expected a value, found '/'")
        }
    }
}

extension UInt8 {
    var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }

    /// A byte of an identifier: letters, digits, `_` and `$`.
    var isWord: Bool {
        isDigit || (self | 0x20) &- UInt8(ascii: "a") < 26 || self == UInt8(ascii: "_")
            || self == UInt8(ascii: "$")
    }

    var hexValue: UInt8? {
        if isDigit { return self - UInt8(ascii: "0") }
        let letter = (self | 0x20) &- UInt8(ascii: "a")
        return letter < 6 ? letter + 10 : nil
    }
}
