/// When something comes round again, in the five fields of crontab(5): minute, hour, day, month, weekday.
public struct Schedule: Equatable, Sendable {
    /// As it was written.
    public let text: String
    /// Of each field a bit for every number that it allows.
    private let allowed: [UInt64]
    /// A day is meant by both fields if one of them is open (`*`), and else by either.
    private let needsBothDays: Bool

    private static let ranges = [0...59, 0...23, 1...31, 1...12, 0...7]
    private static let names = [
        3: ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
        4: ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
    ]
    private static let words = [
        "@hourly": "0 * * * *", "@daily": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *",
        "@yearly": "0 0 1 1 *",
    ]
    private static let everyHour: UInt64 = 0xFF_FFFF
    private static let day: Int64 = 86_400
    /// From one 29th of February to the next there are never more than eight years.
    private static let horizon = 9 * 366 * day

    /// Nil: it is none, or one that never comes.
    public init?(_ text: String) {
        let fields = (Schedule.words[text] ?? text).split(separator: " ")
        guard fields.count == 5 else { return nil }
        var allowed: [UInt64] = []
        for (number, field) in fields.enumerated() {
            guard let bits = Schedule.bits(field, number) else { return nil }
            allowed.append(bits)
        }
        // Sunday has two numbers.
        if allowed[4] & 1 << 7 != 0 { allowed[4] |= 1 }
        self.text = text
        self.allowed = allowed
        needsBothDays = fields[2].hasPrefix("*") || fields[4].hasPrefix("*")
        guard next(after: 0, offset: { _ in 0 }) != nil else { return nil }
    }
}

// MARK: - Reading

extension Schedule {
    private static func bits(_ field: Substring, _ number: Int) -> UInt64? {
        var bits: UInt64 = 0
        for item in field.split(separator: ",", omittingEmptySubsequences: false) {
            let parts = item.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let first = parts.first, var range = range(first, number) else {
                return nil
            }
            var step = 1
            if parts.count == 2 {
                guard let wanted = Int(parts[1]), wanted > 0 else { return nil }
                step = wanted
                // `5/15` goes on to the end.
                if range.count == 1 { range = range.lowerBound...ranges[number].upperBound }
            }
            for value in stride(from: range.lowerBound, through: range.upperBound, by: step) {
                bits |= 1 << UInt64(value)
            }
        }
        return bits
    }

    private static func range(_ text: Substring, _ number: Int) -> ClosedRange<Int>? {
        if text == "*" { return number == 4 ? 0...6 : ranges[number] }
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { value($0, number) }
        guard ends.count <= 2, let first = ends[0], let last = ends[ends.count - 1], first <= last else {
            return nil
        }
        return first...last
    }

    private static func value(_ text: Substring, _ number: Int) -> Int? {
        if let place = names[number]?.firstIndex(of: text.lowercased()) {
            return place + ranges[number].lowerBound
        }
        guard let value = Int(text), ranges[number].contains(value) else { return nil }
        return value
    }
}

// MARK: - Computing

extension Schedule {
    /// The first time after this one, in seconds since 1970. `offset` tells how far the place is ahead of UTC at a time.
    ///
    /// A time that the clock passes over comes as much later as it was put forward; one that the clock passes twice
    /// comes once, but for what comes every hour. Nil: it never comes.
    public func next(after time: Int64, offset: (Int64) -> Int) -> Int64? {
        let ahead = Int64(offset(time))
        // What a clock on the wall shows, counted like UTC.
        var local = Schedule.floor(time + ahead, 60) + 60
        let end = local + Schedule.horizon
        while local < end {
            let civil = CivilTime(seconds: local, offset: 0)
            if !allows(3, civil.month) || !allowsDay(civil) {
                local = Schedule.floor(local, Schedule.day) + Schedule.day
            } else if !allows(1, civil.hour) {
                local = Schedule.floor(local, 3600) + 3600
            } else {
                if allows(0, civil.minute) {
                    let found = allowed[1] == Schedule.everyHour ? local - ahead : utc(local, offset)
                    if found > time { return found }
                }
                local += 60
            }
        }
        return nil
    }

    private func allows(_ field: Int, _ value: Int) -> Bool { allowed[field] & 1 << UInt64(value) != 0 }

    private func allowsDay(_ civil: CivilTime) -> Bool {
        let (day, weekday) = (allows(2, civil.day), allows(4, civil.weekday))
        return needsBothDays ? day && weekday : day || weekday
    }

    /// When a clock there shows this for the first time; what it passes over is taken by the offset before.
    private func utc(_ local: Int64, _ offset: (Int64) -> Int) -> Int64 {
        let before = local - Int64(offset(local - Schedule.day))
        if Int64(offset(before)) == local - before { return before }
        let after = local - Int64(offset(local + Schedule.day))
        return Int64(offset(after)) == local - after ? after : before
    }

    private static func floor(_ value: Int64, _ unit: Int64) -> Int64 {
        value - ((value % unit) + unit) % unit
    }
}
