internal import Supervision

/// How a time is written before a line: in tokens of day.js, as PM2 takes them (`YYYY-MM-DD HH:mm:ss`), or, if
/// there is a `%` in it, of strftime(3).
public struct LogTimeFormat: Equatable, Sendable {
    private var pieces: [Piece]

    /// What PM2 takes for `time: true`.
    public static let usual = "YYYY-MM-DDTHH:mm:ss"
    /// As JavaScript writes dates: UTC, with milliseconds.
    public static let iso = LogTimeFormat(pieces: [])

    private enum Piece: Equatable, Sendable {
        case text(String)
        case field(Field)
    }

    private enum Field: Equatable, Sendable {
        case year, shortYear, month, day, dayOfYear, hour, minute, second
        /// Without a leading zero, or with a space for it.
        case bareMonth, bareDay, bareHour, bareMinute, bareSecond, bareTwelve, spacedDay
        case twelve, millisecond, microsecond, nanosecond
        case monthName, shortMonthName, dayName, shortDayName, shortestDayName, weekday, weekdayFromMonday
        case halfDay, lowerHalfDay
        case offset, offsetWithColon
        case seconds, milliseconds
    }

    private init(pieces: [Piece]) { self.pieces = pieces }

    public init(_ pattern: String) {
        pieces =
            pattern.utf8.contains(UInt8(ascii: "%"))
            ? LogTimeFormat.strftime(pattern) : LogTimeFormat.tokens(pattern)
    }
}

// MARK: - Writing

extension LogTimeFormat {
    /// `time` in nanoseconds since 1970; `offset`: how many seconds the place is ahead of UTC.
    public func text(at time: Int64, offset: Int) -> String {
        let isISO = pieces.isEmpty
        var (seconds, fraction) = time.quotientAndRemainder(dividingBy: 1_000_000_000)
        if fraction < 0 { (seconds, fraction) = (seconds - 1, fraction + 1_000_000_000) }
        let civil = CivilTime(seconds: seconds, offset: isISO ? 0 : offset)
        let moment = Moment(civil: civil, seconds: seconds, fraction: Int(fraction))
        guard !isISO else { return LogTimeFormat.isoText(moment) }
        var text = ""
        for piece in pieces {
            switch piece {
            case .text(let plain): text += plain
            case .field(let field): text += LogTimeFormat.text(field, moment)
            }
        }
        return text
    }

    private struct Moment {
        var civil: CivilTime
        var seconds: Int64
        var fraction: Int
    }

    private static func isoText(_ moment: Moment) -> String {
        let civil = moment.civil
        return "\(padded(civil.year, 4))-\(padded(civil.month))-\(padded(civil.day))T\(padded(civil.hour)):"
            + "\(padded(civil.minute)):\(padded(civil.second)).\(padded(moment.fraction / 1_000_000, 3))Z"
    }

    private static func text(_ field: Field, _ moment: Moment) -> String {
        let civil = moment.civil
        let twelve = civil.hour % 12 == 0 ? 12 : civil.hour % 12
        return switch field {
        case .year: padded(civil.year, 4)
        case .shortYear: padded(civil.year % 100)
        case .month: padded(civil.month)
        case .day: padded(civil.day)
        case .dayOfYear: padded(civil.dayOfYear, 3)
        case .hour: padded(civil.hour)
        case .minute: padded(civil.minute)
        case .second: padded(civil.second)
        case .bareMonth: String(civil.month)
        case .bareDay: String(civil.day)
        case .bareHour: String(civil.hour)
        case .bareMinute: String(civil.minute)
        case .bareSecond: String(civil.second)
        case .bareTwelve: String(twelve)
        case .spacedDay: civil.day < 10 ? " \(civil.day)" : String(civil.day)
        case .twelve: padded(twelve)
        case .millisecond: padded(moment.fraction / 1_000_000, 3)
        case .microsecond: padded(moment.fraction / 1000, 6)
        case .nanosecond: padded(moment.fraction, 9)
        case .monthName: months[civil.month - 1]
        case .shortMonthName: String(months[civil.month - 1].prefix(3))
        case .dayName: days[civil.weekday]
        case .shortDayName: String(days[civil.weekday].prefix(3))
        case .shortestDayName: String(days[civil.weekday].prefix(2))
        case .weekday: String(civil.weekday)
        case .weekdayFromMonday: String(civil.weekday == 0 ? 7 : civil.weekday)
        case .halfDay: civil.hour < 12 ? "AM" : "PM"
        case .lowerHalfDay: civil.hour < 12 ? "am" : "pm"
        case .offset: shift(civil.offset, "")
        case .offsetWithColon: shift(civil.offset, ":")
        case .seconds: String(moment.seconds)
        case .milliseconds: String(moment.seconds * 1000 + Int64(moment.fraction / 1_000_000))
        }
    }

    private static func shift(_ offset: Int, _ separator: String) -> String {
        let minutes = offset.magnitude / 60
        return (offset < 0 ? "-" : "+") + padded(Int(minutes / 60)) + separator + padded(Int(minutes % 60))
    }

    private static func padded(_ number: Int, _ width: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
        "November", "December",
    ]
    private static let days = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]
}

// MARK: - Reading patterns

extension LogTimeFormat {
    /// Longest first, as day.js takes them; what is in brackets stands for itself.
    private static let dayjs: [(String, Field)] = [
        ("YYYY", .year), ("YY", .shortYear),
        ("MMMM", .monthName), ("MMM", .shortMonthName), ("MM", .month), ("M", .bareMonth),
        ("DDDD", .dayOfYear), ("DD", .day), ("D", .bareDay),
        ("dddd", .dayName), ("ddd", .shortDayName), ("dd", .shortestDayName), ("d", .weekday),
        ("HH", .hour), ("H", .bareHour), ("hh", .twelve), ("h", .bareTwelve),
        ("mm", .minute), ("m", .bareMinute), ("SSS", .millisecond), ("ss", .second), ("s", .bareSecond),
        ("ZZ", .offset), ("Z", .offsetWithColon), ("A", .halfDay), ("a", .lowerHalfDay),
        ("X", .seconds), ("x", .milliseconds),
    ]

    private static func tokens(_ pattern: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = pattern[...]
        while let first = rest.first {
            if first == "[", let end = rest.firstIndex(of: "]") {
                append(String(rest[rest.index(after: rest.startIndex)..<end]), to: &pieces)
                rest = rest[rest.index(after: end)...]
            } else if let (token, field) = dayjs.first(where: { rest.hasPrefix($0.0) }) {
                pieces.append(.field(field))
                rest = rest.dropFirst(token.count)
            } else {
                append(String(first), to: &pieces)
                rest = rest.dropFirst()
            }
        }
        return pieces.isEmpty ? [.text("")] : pieces
    }

    /// `%L` is milliseconds and `%f` microseconds, as other languages have it; what is not known stands for itself.
    private static func strftime(_ pattern: String) -> [Piece] {
        var pieces: [Piece] = []
        var rest = pattern[...]
        while let first = rest.first {
            rest = rest.dropFirst()
            guard first == "%", let letter = rest.first else {
                append(String(first), to: &pieces)
                continue
            }
            rest = rest.dropFirst()
            if let found = conversion(letter) { pieces += found } else { append("%\(letter)", to: &pieces) }
        }
        return pieces
    }

    private static func conversion(_ letter: Character) -> [Piece]? {
        switch letter {
        case "F": return strftime("%Y-%m-%d")
        case "T": return strftime("%H:%M:%S")
        case "R": return strftime("%H:%M")
        case "D": return strftime("%m/%d/%y")
        case "n": return [.text("\n")]
        case "t": return [.text("\t")]
        case "%": return [.text("%")]
        default: return field(letter).map { [.field($0)] }
        }
    }

    private static func field(_ letter: Character) -> Field? {
        switch letter {
        case "Y": .year
        case "y": .shortYear
        case "m": .month
        case "d": .day
        case "e": .spacedDay
        case "j": .dayOfYear
        case "H": .hour
        case "I": .twelve
        case "M": .minute
        case "S": .second
        case "L": .millisecond
        case "f": .microsecond
        case "N": .nanosecond
        case "B": .monthName
        case "b", "h": .shortMonthName
        case "A": .dayName
        case "a": .shortDayName
        case "w": .weekday
        case "u": .weekdayFromMonday
        case "p": .halfDay
        case "P": .lowerHalfDay
        case "z": .offset
        case "s": .seconds
        default: nil
        }
    }

    private static func append(_ text: String, to pieces: inout [Piece]) {
        if case .text(let before)? = pieces.last {
            pieces[pieces.count - 1] = .text(before + text)
        } else {
            pieces.append(.text(text))
        }
    }
}
