// MARK: - Strings

extension JSONParser {
    /// Reads a string; the index stands on its opening quote.
    mutating func string() throws(Fault) -> String {
        let opening = index
        let quote = bytes[index]
        index += 1
        let start = index
        var seen: UInt8 = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote {
                defer { index += 1 }
                return try text(bytes[start..<index], ascii: seen < 0x80)
            }
            if byte == UInt8(ascii: "\\") {
                return try escapedString(from: start, quote: quote, opening: opening)
            }
            if byte < 0x20 { throw unfinished(at: index, opening: opening) }
            seen |= byte
            index += 1
        }
        throw Fault(offset: opening, message: "this string never ends")
    }

    private func unfinished(at offset: Int, opening: Int) -> Fault {
        if bytes[offset] == UInt8(ascii: "\n") || bytes[offset] == UInt8(ascii: "\r") {
            return Fault(offset: opening, message: "this string does not end on its line")
        }
        return Fault(
            offset: offset, message: "a control character in a string; write it as \\u\(hex4(bytes[offset]))")
    }

    private func hex4(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    private func text(_ slice: Slice<UnsafeBufferPointer<UInt8>>, ascii: Bool) throws(Fault) -> String {
        let run = UnsafeBufferPointer(rebasing: slice)
        if ascii { return String(decoding: run, as: UTF8.self) }
        guard let text = String(validating: run, as: UTF8.self) else {
            throw Fault(offset: slice.startIndex, message: "this string is not valid UTF-8")
        }
        return text
    }

    /// The rarer kind: what stood before the first backslash is kept, and the rest is taken piece by piece.
    private mutating func escapedString(from start: Int, quote: UInt8, opening: Int) throws(Fault) -> String {
        var collected = [UInt8](bytes[start..<index])
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote {
                index += 1
                guard let text = String(validating: collected, as: UTF8.self) else {
                    throw Fault(offset: start, message: "this string is not valid UTF-8")
                }
                return text
            }
            if byte == UInt8(ascii: "\\") {
                try escape(into: &collected, opening: opening)
            } else if byte < 0x20 {
                throw unfinished(at: index, opening: opening)
            } else {
                collected.append(byte)
                index += 1
            }
        }
        throw Fault(offset: opening, message: "this string never ends")
    }

    private mutating func escape(into collected: inout [UInt8], opening: Int) throws(Fault) {
        let start = index
        index += 1
        guard index < bytes.count else { throw Fault(offset: opening, message: "this string never ends") }
        let byte = bytes[index]
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): collected.append(byte)
        case UInt8(ascii: "n"): collected.append(0x0A)
        case UInt8(ascii: "t"): collected.append(0x09)
        case UInt8(ascii: "r"): collected.append(0x0D)
        case UInt8(ascii: "b"): collected.append(0x08)
        case UInt8(ascii: "f"): collected.append(0x0C)
        case UInt8(ascii: "u"): try scalar(from: start, into: &collected)
        case UInt8(ascii: "'") where options.relaxed: collected.append(byte)
        case UInt8(ascii: "\n") where options.relaxed: break
        default:
            throw Fault(offset: start, message: "an unknown escape in a string; a backslash is written \\\\")
        }
    }

    private mutating func scalar(from start: Int, into collected: inout [UInt8]) throws(Fault) {
        var code = try codeUnit(from: start)
        if code & 0xFC00 == 0xD800 {
            guard take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw lone(start) }
            let low = try codeUnit(from: start)
            guard low & 0xFC00 == 0xDC00 else { throw lone(start) }
            code = 0x10000 + (code & 0x3FF) << 10 + (low & 0x3FF)
        }
        guard let scalar = Unicode.Scalar(code) else { throw lone(start) }
        collected.append(contentsOf: UTF8.encode(scalar)!)
    }

    private func lone(_ start: Int) -> Fault {
        Fault(offset: start, message: "half of a surrogate pair without the other half")
    }

    private mutating func codeUnit(from start: Int) throws(Fault) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard index < bytes.count, let digit = bytes[index].hexValue else {
                throw Fault(offset: start, message: "\\u needs four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            index += 1
        }
        return code
    }
}

// MARK: - Numbers

extension JSONParser {
    /// Reads a number; whole ones that fit become integers.
    mutating func number() throws(Fault) -> JSON {
        let start = index
        let negative = take(UInt8(ascii: "-"))
        let digits = index
        var magnitude: UInt64 = 0
        var fits = true
        while index < bytes.count, bytes[index].isDigit {
            let (tens, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carry) = tens.addingReportingOverflow(UInt64(bytes[index] - UInt8(ascii: "0")))
            magnitude = sum
            fits = fits && !overflow && !carry
            index += 1
        }
        guard index > digits else { throw unexpected("a digit") }
        guard bytes[digits] != UInt8(ascii: "0") || index == digits + 1 else {
            throw Fault(offset: start, message: "a number must not begin with 0")
        }
        let whole = try skipFraction()
        if index < bytes.count, bytes[index].isWord { throw unexpected("the end of the number") }
        if whole, fits, let integer = JSONParser.signed(magnitude, negative: negative) {
            return .integer(integer)
        }
        let double = Double(String(decoding: bytes[start..<index], as: UTF8.self))
        guard let double, double.isFinite else {
            throw Fault(offset: start, message: "this number is too large")
        }
        return .double(double)
    }

    private static func signed(_ magnitude: UInt64, negative: Bool) -> Int64? {
        if !negative { return Int64(exactly: magnitude) }
        return magnitude <= Int64.min.magnitude ? Int64(truncatingIfNeeded: 0 &- magnitude) : nil
    }

    /// True if there was none: the number is whole.
    private mutating func skipFraction() throws(Fault) -> Bool {
        var whole = true
        if take(UInt8(ascii: ".")) {
            whole = false
            try skipDigits()
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            whole = false
            index += 1
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try skipDigits()
        }
        return whole
    }

    private mutating func skipDigits() throws(Fault) {
        let start = index
        while index < bytes.count, bytes[index].isDigit { index += 1 }
        guard index > start else { throw unexpected("a digit") }
    }
}
