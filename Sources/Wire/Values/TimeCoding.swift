internal import Supervision

extension Instant: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        self = clock.instant(atMilliseconds: try Int64(json: json))
    }

    func write(to writer: inout JSONWriter) {
        writer.integer(writer.clock.milliseconds(of: self))
    }
}

extension Duration: JSONReadable, JSONWritable {
    /// Milliseconds, or a text such as `10s`.
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        let found: Duration?
        switch json {
        case .integer(let milliseconds): found = Duration(milliseconds: Double(milliseconds))
        case .double(let milliseconds): found = Duration(milliseconds: milliseconds)
        case .string(let text): found = Duration(text: text)
        case .null, .bool, .array, .object: found = nil
        }
        guard let found else {
            throw JSONMismatch(
                expected: "milliseconds or a text like \"500ms\", \"10s\", \"1m\", \"2h\"", found: json)
        }
        self = found
    }

    /// Milliseconds, with a fraction where there is one.
    func write(to writer: inout JSONWriter) {
        if nanoseconds % 1_000_000 == 0 {
            writer.integer(milliseconds)
        } else {
            writer.double(Double(nanoseconds) / 1_000_000)
        }
    }

    private init?(milliseconds: Double) {
        guard milliseconds >= 0, let nanoseconds = Int64(exactly: (milliseconds * 1_000_000).rounded()) else {
            return nil
        }
        self = .nanoseconds(nanoseconds)
    }

    /// A number and a unit (`ms`, `s`, `m`, `h`, `d`); without one it counts milliseconds.
    init?(text: String) {
        let digits = text.utf8.prefix { $0.isDigit || $0 == UInt8(ascii: ".") }
        let unit = String(Substring(text.utf8.dropFirst(digits.count)))
        let scales = ["": 1.0, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let first = digits.first, first.isDigit, let number = Double(String(Substring(digits))),
            let scale = scales[unit]
        else { return nil }
        self.init(milliseconds: number * scale)
    }
}
