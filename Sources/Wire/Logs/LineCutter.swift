/// Cuts what a program says into lines, whatever pieces it arrives in, and very long ones into parts.
///
/// What comes out depends on the bytes alone, never on how they were cut. The lines are where the caller's buffer
/// is: nothing is copied but what had to wait for its end.
public struct LineCutter: Sendable {
    /// A line longer than this is cut.
    public static let limit = 256 << 10

    private let limit: Int
    private var rest: [UInt8] = []
    private var isContinued = false

    public init(limit: Int = LineCutter.limit) { self.limit = limit }

    /// A line, or a part of one, without its end.
    public struct Line {
        public var bytes: UnsafeRawBufferPointer
        /// The line began earlier.
        public var isContinued: Bool
        /// The line goes on.
        public var isPartial: Bool
    }

    /// How many bytes wait for the end of their line.
    public var waiting: Int { rest.count }

    /// Everything that is complete now.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer, _ body: (Line) -> Void) {
        var start = 0
        while start < bytes.count {
            let tail = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let end = LineCutter.newline(in: tail)
            let piece = UnsafeRawBufferPointer(rebasing: tail[..<(end ?? tail.count)])
            take(piece, isWhole: end != nil, body)
            start += piece.count + (end == nil ? 0 : 1)
        }
    }

    /// What was said without an end, when nothing will follow, or not here.
    public mutating func finish(isPartial: Bool = false, _ body: (Line) -> Void) {
        guard !rest.isEmpty || isContinued else { return }
        rest.withUnsafeBytes { body(Line(bytes: $0, isContinued: isContinued, isPartial: isPartial)) }
        rest = []
        isContinued = false
    }

    /// Forgets what waits; returns how much that was.
    public mutating func drop() -> Int {
        defer { (rest, isContinued) = ([], false) }
        return rest.count
    }

    private mutating func take(_ piece: UnsafeRawBufferPointer, isWhole: Bool, _ body: (Line) -> Void) {
        if rest.isEmpty {
            let left = cut(piece, isWhole: isWhole, body)
            if !isWhole { rest = Array(left) }
        } else {
            rest.append(contentsOf: piece)
            guard isWhole || rest.count > limit else { return }
            let gathered = rest
            gathered.withUnsafeBytes { buffer in
                let left = cut(buffer, isWhole: isWhole, body)
                rest = isWhole ? [] : Array(left)
            }
        }
    }

    /// Hands out what is too long in parts and, if it is whole, the last one; returns what was not handed out.
    private mutating func cut(
        _ line: UnsafeRawBufferPointer, isWhole: Bool, _ body: (Line) -> Void
    ) -> UnsafeRawBufferPointer {
        var left = line
        while left.count > limit {
            let length = LineCutter.boundary(in: left, limit)
            let part = UnsafeRawBufferPointer(rebasing: left[..<length])
            body(Line(bytes: part, isContinued: isContinued, isPartial: true))
            isContinued = true
            left = UnsafeRawBufferPointer(rebasing: left[length...])
        }
        guard isWhole else { return left }
        body(Line(bytes: left, isContinued: isContinued, isPartial: false))
        isContinued = false
        return left
    }

    /// The limit, or a little less where that would be in the middle of a UTF-8 character (RFC 3629).
    private static func boundary(in bytes: UnsafeRawBufferPointer, _ limit: Int) -> Int {
        for length in stride(from: limit, to: limit - 4, by: -1) where bytes[length] & 0xC0 != 0x80 {
            return length
        }
        return limit
    }

    private static func newline(in bytes: UnsafeRawBufferPointer) -> Int? {
        var index = 0
        // Eight at a time: a byte is zero after the exclusive or where it was a newline.
        while index + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ 0x0A0A_0A0A_0A0A_0A0A
            let found = (word &- 0x0101_0101_0101_0101) & ~word & 0x8080_8080_8080_8080
            if found != 0 { return index + UInt64(littleEndian: found).trailingZeroBitCount / 8 }
            index += 8
        }
        while index < bytes.count {
            if bytes[index] == 0x0A { return index }
            index += 1
        }
        return nil
    }
}
