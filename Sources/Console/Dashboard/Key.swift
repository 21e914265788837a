/// A key, as a person names it.
public enum Key: Equatable, Sendable {
    case character(Character)
    case up, down, pageUp, pageDown, home, end
    case enter, escape, interrupt
    /// A sequence that means nothing here.
    case unknown
}

/// Turns what a terminal sends into keys (ECMA-48 and what xterm made of it).
///
/// A sequence may arrive in pieces; a lone escape is known to be a key only when nothing follows it, which the
/// caller says with `flush` when its patience ends.
public struct KeyParser: Sendable {
    private var pending: [UInt8] = []
    private static let longestSequence = 32

    public init() {}

    public var isWaiting: Bool { !pending.isEmpty }

    public mutating func keys(from bytes: [UInt8]) -> [Key] {
        pending += bytes
        var keys: [Key] = []
        while let (key, length) = KeyParser.first(in: pending) {
            pending.removeFirst(length)
            if key != .unknown { keys.append(key) }
        }
        if pending.count > KeyParser.longestSequence { pending = [] }
        return keys
    }

    /// Nothing more came: what is pending is what it looks like.
    public mutating func flush() -> [Key] {
        defer { pending = [] }
        return pending == [0x1B] ? [.escape] : []
    }

    /// The first whole key, and how many bytes it takes; nil: more must come.
    private static func first(in bytes: [UInt8]) -> (Key, Int)? {
        guard let byte = bytes.first else { return nil }
        switch byte {
        case 0x1B: return sequence(bytes)
        case 0x03: return (.interrupt, 1)
        case 0x0D, 0x0A: return (.enter, 1)
        case 0x00..<0x20, 0x7F: return (.unknown, 1)
        case 0x20..<0x7F: return (.character(Character(Unicode.Scalar(byte))), 1)
        case 0xC2..<0xF5: return multibyte(bytes)
        default: return (.unknown, 1)
        }
    }

    private static func multibyte(_ bytes: [UInt8]) -> (Key, Int)? {
        let length = bytes[0] < 0xE0 ? 2 : bytes[0] < 0xF0 ? 3 : 4
        guard bytes.count >= length else { return nil }
        guard let text = String(validating: bytes[..<length], as: UTF8.self), let character = text.first
        else {
            return (.unknown, 1)
        }
        return (.character(character), length)
    }

    private static func sequence(_ bytes: [UInt8]) -> (Key, Int)? {
        guard bytes.count > 1 else { return nil }
        guard bytes[1] == UInt8(ascii: "[") || bytes[1] == UInt8(ascii: "O") else {
            // A second escape begins a new sequence; anything else is a key pressed with Alt.
            return bytes[1] == 0x1B ? (.escape, 1) : (.unknown, 2)
        }
        guard let end = bytes.dropFirst(2).firstIndex(where: { (0x40...0x7E).contains($0) }) else {
            return nil
        }
        return (named(bytes[2..<end], bytes[end]), end + 1)
    }

    private static func named(_ parameters: ArraySlice<UInt8>, _ final: UInt8) -> Key {
        switch (Array(parameters), final) {
        case ([], UInt8(ascii: "A")): .up
        case ([], UInt8(ascii: "B")): .down
        case ([], UInt8(ascii: "H")): .home
        case ([], UInt8(ascii: "F")): .end
        case ([UInt8(ascii: "1")], UInt8(ascii: "~")): .home
        case ([UInt8(ascii: "4")], UInt8(ascii: "~")): .end
        case ([UInt8(ascii: "5")], UInt8(ascii: "~")): .pageUp
        case ([UInt8(ascii: "6")], UInt8(ascii: "~")): .pageDown
        default: .unknown
        }
    }
}
