/// A JSON text that grows from left to right.
///
/// Encoders write straight into it, without a tree in between: the daemon answers `list` from its only thread.
/// Instants leave as milliseconds of the Unix epoch, for which it carries the clock.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    let clock: WallClock
    let secrets: Secrets
    private var needsComma = false

    /// Secrets stay masked unless the reader is ourselves.
    public init(clock: WallClock = WallClock(), secrets: Secrets = .masked, reserving capacity: Int = 0) {
        self.clock = clock
        self.secrets = secrets
        bytes.reserveCapacity(capacity)
    }
}

// MARK: - Structure

extension JSONWriter {
    public mutating func object(_ members: (inout JSONWriter) -> Void) {
        enclose(UInt8(ascii: "{"), UInt8(ascii: "}"), members)
    }

    public mutating func array<Element>(
        _ elements: some Sequence<Element>, _ write: (inout JSONWriter, Element) -> Void
    ) {
        enclose(UInt8(ascii: "["), UInt8(ascii: "]")) { writer in
            for element in elements { write(&writer, element) }
        }
    }

    private mutating func enclose(_ open: UInt8, _ close: UInt8, _ content: (inout JSONWriter) -> Void) {
        separate()
        bytes.append(open)
        needsComma = false
        content(&self)
        bytes.append(close)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// The name of the next member.
    public mutating func key(_ key: StaticString) {
        let count = key.utf8CodeUnitCount
        let followsAnother = needsComma
        write(atMost: count + 4) { start in
            var next = start
            if followsAnother { next = next.put(UInt8(ascii: ",")) }
            next = next.put(UInt8(ascii: "\""))
            next.update(from: key.utf8Start, count: count)
            next = (next + count).put(UInt8(ascii: "\"")).put(UInt8(ascii: ":"))
            return next - start
        }
        needsComma = false
    }

    public mutating func key(_ key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Ends the line: the next value starts a text of its own.
    mutating func newline() {
        bytes.append(UInt8(ascii: "\n"))
        needsComma = false
    }
}

// MARK: - Values

extension JSONWriter {
    public mutating func null() {
        separate()
        append("null")
    }

    public mutating func bool(_ value: Bool) {
        separate()
        append(value ? "true" : "false")
    }

    public mutating func integer(_ value: some FixedWidthInteger) {
        separate()
        var magnitude = UInt64(value.magnitude)
        // The longest is -9223372036854775808.
        write(atMost: 20) { start in
            var length = value < 0 ? 2 : 1
            var rest = magnitude
            while rest >= 10 {
                rest /= 10
                length += 1
            }
            if value < 0 { start[0] = UInt8(ascii: "-") }
            var index = length
            repeat {
                index -= 1
                start[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
                magnitude /= 10
            } while magnitude > 0
            return length
        }
    }

    /// Not a number and the infinities have no form in JSON.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        separate()
        bytes.append(contentsOf: value.description.utf8)
    }

    public mutating func string(_ value: String) {
        separate()
        var value = value
        value.withUTF8 { quote($0) }
    }

    public mutating func value(_ json: JSON) {
        switch json {
        case .null: null()
        case .bool(let value): bool(value)
        case .integer(let value): integer(value)
        case .double(let value): double(value)
        case .string(let value): string(value)
        case .array(let elements): array(elements) { $0.value($1) }
        case .object(let members):
            object { writer in
                for member in members {
                    writer.key(member.key)
                    writer.value(member.value)
                }
            }
        }
    }

    private mutating func append(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private mutating func quote(_ text: UnsafeBufferPointer<UInt8>) {
        var isPlain = true
        write(atMost: text.count + 2) { start in
            var next = start.put(UInt8(ascii: "\""))
            for byte in text {
                if JSONWriter.mustBeEscaped(byte) {
                    isPlain = false
                    return 0
                }
                next = next.put(byte)
            }
            return next.put(UInt8(ascii: "\"")) - start
        }
        if !isPlain { quoteEscaped(text) }
    }

    private static func mustBeEscaped(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func quoteEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text {
            JSONWriter.mustBeEscaped(byte) ? escape(byte) : bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case UInt8(ascii: "\""): append("\\\"")
        case UInt8(ascii: "\\"): append("\\\\")
        case 0x0A: append("\\n")
        case 0x0D: append("\\r")
        case 0x09: append("\\t")
        default:
            append("\\u00")
            for digit in [byte >> 4, byte & 15] {
                bytes.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            }
        }
    }
}

// MARK: - Bytes

extension JSONWriter {
    /// Lets `fill` put bytes where the text ends, and takes as many as it returns.
    private mutating func write(atMost count: Int, _ fill: (UnsafeMutablePointer<UInt8>) -> Int) {
        bytes.append(addingCapacity: count) { (span: inout OutputSpan<UInt8>) in
            span.withUnsafeMutableBufferPointer { buffer, written in
                guard let base = buffer.baseAddress else { return }
                written += fill(base + written)
            }
        }
    }
}

extension UnsafeMutablePointer<UInt8> {
    /// Puts a byte here; returns where the next one belongs.
    fileprivate func put(_ byte: UInt8) -> UnsafeMutablePointer<UInt8> {
        pointee = byte
        return self + 1
    }
}

// MARK: - Members

extension JSONWriter {
    mutating func field(_ name: StaticString, _ value: String) {
        key(name)
        string(value)
    }

    mutating func field(_ name: StaticString, _ value: some FixedWidthInteger) {
        key(name)
        integer(value)
    }

    mutating func field(_ name: StaticString, _ value: Bool) {
        key(name)
        bool(value)
    }

    mutating func field(_ name: StaticString, _ value: [String]) {
        key(name)
        array(value) { $0.string($1) }
    }

    mutating func field(_ name: StaticString, _ values: [Int]) {
        key(name)
        array(values) { $0.integer($1) }
    }

    mutating func field(_ name: StaticString, _ value: some JSONWritable) {
        key(name)
        value.write(to: &self)
    }

    mutating func field(_ name: StaticString, _ values: [some JSONWritable]) {
        key(name)
        array(values) { $1.write(to: &$0) }
    }
}
