/// Writes the parts of a packet, one after the other: numbers in little-endian order, texts with their length.
struct PacketWriter {
    private(set) var bytes: [UInt8]

    init(_ kind: UInt8) { bytes = [kind] }

    mutating func put<Number: FixedWidthInteger>(_ number: Number) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func put(_ text: String) { put(Array(text.utf8)) }

    mutating func put(_ block: [UInt8]) {
        put(UInt16(block.count))
        bytes += block
    }
}

/// Reads the parts of a packet back; nil as soon as one is not there.
struct PacketReader {
    private var rest: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { rest = bytes[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type = Number.self) -> Number? {
        let size = Number.bitWidth / 8
        guard rest.count >= size else { return nil }
        var number = Number(0)
        withUnsafeMutableBytes(of: &number) { $0.copyBytes(from: rest.prefix(size)) }
        rest.removeFirst(size)
        return Number(littleEndian: number)
    }

    mutating func block(atMost limit: Int) -> [UInt8]? {
        guard let count = number(UInt16.self), count <= limit, rest.count >= Int(count) else { return nil }
        let block = Array(rest.prefix(Int(count)))
        rest.removeFirst(Int(count))
        return block
    }

    mutating func text(atMost limit: Int) -> String? {
        block(atMost: limit).flatMap { String(validating: $0, as: UTF8.self) }
    }
}
