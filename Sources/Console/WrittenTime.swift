internal import Supervision

/// A moment as people and programs write it.
public enum WrittenTime: Equatable, Sendable {
    /// Nanoseconds since 1970.
    case moment(Int64)
    /// So long before now.
    case ago(Duration)
    /// On a clock of this place; without a date, of today.
    case local(LocalTime)

    /// What a clock and a calendar on a wall show.
    public struct LocalTime: Equatable, Sendable {
        public var date: Date?
        /// Since midnight, in nanoseconds.
        public var time: Int64

        public struct Date: Equatable, Sendable {
            public var year: Int
            public var month: Int
            public var day: Int

            public init(year: Int, month: Int, day: Int) {
                self.year = year
                self.month = month
                self.day = day
            }
        }

        public init(date: Date? = nil, time: Int64) {
            self.date = date
            self.time = time
        }
    }

    /// `10m`, `1h30m`, `2d`; `2026-11-21T09:30:00Z` (RFC 3339); `2026-11-21 09:30`, `2026-11-21`, `09:30`; `@1763717400`
    /// (seconds since 1970).
    public init?(_ text: String) {
        if let duration = WrittenTime.duration(text) {
            self = .ago(duration)
        } else if text.hasPrefix("@"), let seconds = Int64(text.dropFirst()), seconds.magnitude < 1 << 33 {
            self = .moment(seconds * 1_000_000_000)
        } else {
            self.init(stamp: text)
        }
    }

    /// A date, a time of day, or both, with an offset from UTC or without.
    public init?(stamp text: String) {
        var reader = StampReader(text)
        guard let found = reader.stamp() else { return nil }
        self = found
    }

    public static let examples = "10m, 2h, 2026-11-21T09:30:00Z, \u{22}2026-11-21 09:30\u{22}, 09:30"

    private static func duration(_ text: String) -> Duration? {
        var rest = Array(text.utf8)[...]
        var total: Int64 = 0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { (0x30...0x39).contains($0) }
            guard !digits.isEmpty, digits.count < 10, let unit = rest.dropFirst(digits.count).first else {
                return nil
            }
            let seconds: Int64
            switch unit {
            case UInt8(ascii: "s"): seconds = 1
            case UInt8(ascii: "m"): seconds = 60
            case UInt8(ascii: "h"): seconds = 3600
            case UInt8(ascii: "d"): seconds = 86_400
            case UInt8(ascii: "w"): seconds = 604_800
            default: return nil
            }
            total += digits.reduce(0) { $0 * 10 + Int64($1 - 0x30) } * seconds
            rest = rest.dropFirst(digits.count + 1)
        }
        // A hundred years are as good as for ever, and can be counted in nanoseconds.
        return total < 3_155_760_000 ? .seconds(total) : nil
    }
}

/// Reads a stamp from left to right.
private struct StampReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: String) { rest = Array(text.utf8)[...] }

    mutating func stamp() -> WrittenTime? {
        let whole = rest
        var date: WrittenTime.LocalTime.Date?
        if let found = self.date() {
            date = found
            if rest.isEmpty { return .local(.init(date: date, time: 0)) }
            guard take("T") || take("t") || take(" ") else { return nil }
        } else {
            rest = whole
        }
        guard let time = time() else { return nil }
        if rest.isEmpty { return .local(.init(date: date, time: time)) }
        _ = take(" ")
        guard let date, let offset = offset() else { return nil }
        let days = Int64(CivilTime.days(year: date.year, month: date.month, day: date.day))
        return .moment(days * 86_400_000_000_000 + time - offset * 1_000_000_000)
    }

    private mutating func date() -> WrittenTime.LocalTime.Date? {
        guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2),
            (1970...2200).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        return .init(year: year, month: month, day: day)
    }

    private mutating func time() -> Int64? {
        guard let hour = number(2), take(":"), let minute = number(2), hour < 24, minute < 60 else {
            return nil
        }
        var seconds = Int64(hour * 3600 + minute * 60)
        var nanoseconds: Int64 = 0
        if take(":") {
            // 60 is a leap second.
            guard let second = number(2), second <= 60 else { return nil }
            seconds += Int64(second)
            if take(".") || take(",") {
                guard let part = fraction() else { return nil }
                nanoseconds = part
            }
        }
        return seconds * 1_000_000_000 + nanoseconds
    }

    /// As nanoseconds; what is finer is left out.
    private mutating func fraction() -> Int64? {
        let digits = rest.prefix { (0x30...0x39).contains($0) }
        guard !digits.isEmpty else { return nil }
        rest = rest.dropFirst(digits.count)
        var value: Int64 = 0
        for index in 0..<9 {
            let place = digits.startIndex + index
            value = value * 10 + (place < digits.endIndex ? Int64(digits[place] - 0x30) : 0)
        }
        return value
    }

    /// In seconds east of UTC; Go writes the zone's name behind it.
    private mutating func offset() -> Int64? {
        if take("Z") || take("z") { return rest.isEmpty ? 0 : nil }
        let sign: Int64 = take("-") ? -1 : take("+") ? 1 : 0
        guard sign != 0, let hours = number(2) else { return nil }
        _ = take(":")
        let minutes = number(2) ?? 0
        guard hours < 24, minutes < 60, rest.isEmpty || rest.first == 0x20 else { return nil }
        return sign * Int64(hours * 3600 + minutes * 60)
    }

    private mutating func number(_ digits: Int) -> Int? {
        let taken = rest.prefix(digits)
        guard taken.count == digits, taken.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        rest = rest.dropFirst(digits)
        return taken.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest = rest.dropFirst()
        return true
    }
}
