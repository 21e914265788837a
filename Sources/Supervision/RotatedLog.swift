/// What a rotated log was made smaller by: a program, and the files it makes.
public enum LogCompression: String, CaseIterable, Sendable {
    case gzip, zstd

    public var fileExtension: String {
        switch self {
        case .gzip: "gz"
        case .zstd: "zst"
        }
    }
}

/// A log that was put aside: `web-out-0.log.20261121T153746.123456Z`, and `.gz` or `.zst` behind it once it is compressed.
///
/// The time is that of the rotation, in UTC and of fixed width, so that names sort as the contents follow each other.
public struct RotatedLog: Hashable, Comparable, Sendable {
    /// `20261121T153746.123456Z`.
    public var stamp: String
    /// Nil: plain.
    public var compression: LogCompression?

    public init(stamp: String, compression: LogCompression? = nil) {
        self.stamp = stamp
        self.compression = compression
    }

    /// Nil: this file is no rotated one of that log; one that is being made is none yet. Both without directory.
    public init?(name: String, of log: String) {
        guard let found = RotatedLog.parse(name), found.log == log else { return nil }
        self = found.rotated
    }

    /// The log that a file of this name once was; nil: it was none of ours.
    public static func parse(_ name: String) -> (log: String, rotated: RotatedLog)? {
        var rest = name[...]
        let compression = LogCompression.allCases.first { rest.hasSuffix(".\($0.fileExtension)") }
        if let compression { rest = rest.dropLast(compression.fileExtension.count + 1) }
        guard rest.utf8.count > stampLength + 1, isStamp(rest.suffix(stampLength)) else { return nil }
        let stamp = String(rest.suffix(stampLength))
        rest = rest.dropLast(stampLength)
        guard rest.last == "." else { return nil }
        return (String(rest.dropLast()), RotatedLog(stamp: stamp, compression: compression))
    }

    public static func < (left: RotatedLog, right: RotatedLog) -> Bool {
        left.stamp == right.stamp
            ? left.compression == nil && right.compression != nil : left.stamp < right.stamp
    }

    /// Its file's name or path, after that of the log.
    public func name(of log: String) -> String { RotatedLog.name(log, stamp: stamp, compression) }

    public static func name(_ log: String, stamp: String, _ compression: LogCompression?) -> String {
        "\(log).\(stamp)\(compression.map { ".\($0.fileExtension)" } ?? "")"
    }
}

// MARK: - Stamps

extension RotatedLog {
    private static let stampLength = 23
    private static let pattern = Array("dddddddd_dddddd.dddddd_".utf8)

    /// From microseconds since 1970.
    public static func stamp(atMicroseconds time: Int64) -> String {
        let (seconds, fraction) = time.quotientAndRemainder(dividingBy: 1_000_000)
        let moment = CivilTime(seconds: seconds, offset: 0)
        return padded(Int64(moment.year), 4) + padded(Int64(moment.month), 2) + padded(Int64(moment.day), 2)
            + "T" + padded(Int64(moment.hour), 2) + padded(Int64(moment.minute), 2)
            + padded(Int64(moment.second), 2) + "." + padded(fraction, 6) + "Z"
    }

    /// When the log was put aside, in microseconds since 1970.
    public var microseconds: Int64 {
        let digits = stamp.utf8.filter { $0 >= 0x30 && $0 <= 0x39 }.map { Int($0) - 0x30 }
        func number(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
        guard digits.count == 20 else { return 0 }
        let days = CivilTime.days(year: number(0..<4), month: number(4..<6), day: number(6..<8))
        let seconds = number(8..<10) * 3600 + number(10..<12) * 60 + number(12..<14)
        return (Int64(days) * 86400 + Int64(seconds)) * 1_000_000 + Int64(number(14..<20))
    }

    private static func isStamp(_ text: Substring) -> Bool {
        let bytes = Array(text.utf8)
        return bytes.count == stampLength
            && zip(bytes, pattern).allSatisfy { byte, kind in
                switch kind {
                case UInt8(ascii: "d"): byte >= 0x30 && byte <= 0x39
                case UInt8(ascii: "."): byte == kind
                default: byte == UInt8(ascii: "T") || byte == UInt8(ascii: "Z")
                }
            }
    }

    private static func padded(_ number: Int64, _ width: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }
}
