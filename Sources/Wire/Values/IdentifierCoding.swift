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

extension ListenAddress: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        guard case .string(let text) = json, let address = ListenAddress(text: text) else {
            throw JSONMismatch(expected: "an address like \"127.0.0.1:3000\" or \"[::]:3000\"", found: json)
        }
        self = address
    }

    func write(to writer: inout JSONWriter) {
        writer.string(description)
    }

    /// `127.0.0.1:3000`, `[::1]:3000`, and for every address `:3000`.
    init?(text: String) {
        guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
            let port = ASCII.decimal(text.utf8[text.utf8.index(after: colon)...]).flatMap(
                UInt16.init(exactly:))
        else { return nil }
        let host = text[..<colon]
        if host.isEmpty {
            self.init(host: "::", port: port)
        } else if host.hasPrefix("["), host.hasSuffix("]"),
            ListenAddress.isVersion6(host.dropFirst().dropLast())
        {
            self.init(host: String(host.dropFirst().dropLast()), port: port)
        } else if ListenAddress.isVersion4(host) {
            self.init(host: String(host), port: port)
        } else {
            return nil
        }
    }

    private static func isVersion4(_ host: Substring) -> Bool {
        let parts = host.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { ASCII.decimal($0).map { $0 < 256 } ?? false }
    }

    private static func isVersion6(_ host: Substring) -> Bool {
        host.utf8.contains(UInt8(ascii: ":"))
            && host.utf8.allSatisfy {
                $0.hexValue != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
    }
}
