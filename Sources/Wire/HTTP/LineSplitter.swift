/// Cuts a stream into lines, whatever pieces it arrives in.
public struct LineSplitter: Sendable {
    /// The longest line of a stream of ours: a reply about every instance.
    public static let lineLimit = 8 << 20

    private let limit: Int
    private var rest: [UInt8] = []

    public init(limit: Int = LineSplitter.lineLimit) {
        self.limit = limit
    }

    /// Whether bytes wait for the end of their line.
    public var isAmidLine: Bool { !rest.isEmpty }

    /// The lines that are complete now, without their ends; throws when one grows beyond the limit.
    public mutating func feed(_ bytes: [UInt8]) throws(HTTPRefusal) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: ASCII.lineFeed) {
            try extend(with: bytes[start..<end])
            lines.append(rest)
            rest = []
            start = end + 1
        }
        try extend(with: bytes[start...])
        return lines
    }

    private mutating func extend(with bytes: ArraySlice<UInt8>) throws(HTTPRefusal) {
        guard rest.count + bytes.count <= limit else { throw HTTPRefusal(413, "a line is too long") }
        rest += bytes
    }
}
