/// Cuts what a Node program writes to its message channel into values, whatever pieces it arrives in.
///
/// A line that cannot be used is passed over and said so: the channel goes on with the next one, because a program
/// that sends nonsense must not lose what it says afterwards.
public struct ChannelReader: Sendable {
    /// The longest message that is taken from a program.
    public static let lineLimit = 1 << 20

    public enum Arrival: Equatable, Sendable {
        case value(JSON)
        case tooLong
        /// Not JSON, or nested too deeply.
        case unreadable
    }

    private var rest: [UInt8] = []
    private var isPassingOver = false

    public init() {}

    /// Whether bytes wait for the end of their line.
    public var isAmidLine: Bool { isPassingOver || !rest.isEmpty }

    /// What is complete now, in order.
    public mutating func feed(_ bytes: [UInt8]) -> [Arrival] {
        var arrivals: [Arrival] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            extend(with: bytes[start..<end])
            if let arrival = takeLine() { arrivals.append(arrival) }
            start = end + 1
        }
        extend(with: bytes[start...])
        return arrivals
    }

    private mutating func extend(with bytes: ArraySlice<UInt8>) {
        if isPassingOver { return }
        if rest.count + bytes.count > ChannelReader.lineLimit {
            isPassingOver = true
            rest = []
        } else {
            rest += bytes
        }
    }

    private mutating func takeLine() -> Arrival? {
        defer {
            rest = []
            isPassingOver = false
        }
        if isPassingOver { return .tooLong }
        if rest.isEmpty { return nil }
        do throws(JSONError) { return .value(try JSON(parsing: rest)) } catch { return .unreadable }
    }
}
