internal import Console
internal import Linux
internal import Supervision

extension WrittenTime {
    /// In nanoseconds since 1970, here and now.
    var moment: Int64 {
        switch self {
        case .moment(let time): return time
        case .ago(let duration): return Clock.wall() - duration.nanoseconds
        case .local(let local):
            let today = CivilTime(
                seconds: Clock.wall() / 1_000_000_000, offset: Clock.offset(atWall: Clock.wall()))
            let date = local.date ?? .init(year: today.year, month: today.month, day: today.day)
            let days = CivilTime.days(year: date.year, month: date.month, day: date.day)
            let shown = Int64(days) * 86_400_000_000_000 + local.time
            // The offset that holds then, which a first guess finds but for the hour of a change.
            let guess = shown - WrittenTime.offset(shown)
            return shown - WrittenTime.offset(guess)
        }
    }

    private static func offset(_ time: Int64) -> Int64 { Int64(Clock.offset(atWall: time)) * 1_000_000_000 }
}
