/// A moment as calendars and clocks say it, in the proleptic Gregorian calendar.
public struct CivilTime: Equatable, Sendable {
    public var year: Int
    /// 1...12.
    public var month: Int
    /// 1...31.
    public var day: Int
    public var hour: Int
    public var minute: Int
    public var second: Int
    /// 0 is Sunday.
    public var weekday: Int
    /// 1...366.
    public var dayOfYear: Int
    /// East of Greenwich, in seconds.
    public var offset: Int

    /// From seconds since 1970 in UTC, seen in a place that is so many seconds ahead of it.
    public init(seconds: Int64, offset: Int) {
        let local = seconds + Int64(offset)
        var days = Int(local / 86400)
        var rest = Int(local % 86400)
        if rest < 0 {
            rest += 86400
            days -= 1
        }
        self.offset = offset
        hour = rest / 3600
        minute = rest / 60 % 60
        second = rest % 60
        weekday = ((days + 4) % 7 + 7) % 7
        (year, month, day) = CivilTime.date(days: days)
        dayOfYear = days - CivilTime.days(year: year, month: 1, day: 1) + 1
    }

    /// Days from 1970-01-01. Years are counted from March, so that the leap day is the last of its year.
    public static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let ofEra = shifted - era * 400
        let ofYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }

    private static func date(days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let ofEra = shifted - era * 146_097
        let year = (ofEra - ofEra / 1460 + ofEra / 36524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * year + year / 4 - year / 100)
        let march = (5 * ofYear + 2) / 153
        let month = march < 10 ? march + 3 : march - 9
        return (year + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * march + 2) / 5 + 1)
    }
}
