import Supervision
import Testing

/// Cron expressions, and when they come next.
@Suite struct Scheduling {
    @Test(
        arguments: [
            // Expression, now, next: in UTC.
            ("* * * * *", (2026, 11, 30, 22, 30), (2026, 11, 30, 22, 31)),
            ("0 0 * * *", (2026, 11, 30, 22, 30), (2026, 12, 1, 0, 0)),
            ("@daily", (2026, 12, 31, 0, 0), (2027, 1, 1, 0, 0)),
            ("@hourly", (2026, 12, 31, 23, 0), (2027, 1, 1, 0, 0)),
            ("*/15 9-17 * * mon-fri", (2026, 11, 27, 17, 45), (2026, 11, 30, 9, 0)),
            ("5/20 * * * *", (2026, 11, 27, 17, 25), (2026, 11, 27, 17, 45)),
            ("10,40-42 3 * * *", (2026, 11, 27, 3, 41), (2026, 11, 27, 3, 42)),
            ("0 12 * * 7", (2026, 11, 27, 0, 0), (2026, 11, 29, 12, 0)),
            ("0 12 * * 0", (2026, 11, 27, 0, 0), (2026, 11, 29, 12, 0)),
            ("0 12 * * 5-7", (2026, 11, 28, 13, 0), (2026, 11, 29, 12, 0)),
            // Both days are said: either will do.
            ("0 0 13 * FRI", (2026, 11, 10, 0, 0), (2026, 11, 13, 0, 0)),
            ("0 0 13 * FRI", (2026, 11, 13, 0, 0), (2026, 11, 20, 0, 0)),
            // One is open in steps: both are needed.
            ("0 0 */2 * mon", (2026, 11, 30, 0, 0), (2026, 12, 7, 0, 0)),
            ("0 0 31 * *", (2026, 11, 1, 0, 0), (2026, 12, 31, 0, 0)),
            ("0 0 29 2 *", (2026, 3, 1, 0, 0), (2028, 2, 29, 0, 0)),
            ("0 0 29 Feb *", (2096, 3, 1, 0, 0), (2104, 2, 29, 0, 0)),
        ] as [(String, Moment, Moment)])
    func `the next time is the first that every field allows`(
        _ text: String, _ now: Moment, _ next: Moment
    ) throws {
        let schedule = try #require(Schedule(text))
        #expect(schedule.next(after: seconds(now) + 17, offset: { _ in 0 }) == seconds(next))
    }

    @Test(arguments: [
        "", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
        "5-1 * * * *", "*/0 * * * *", "a * * * *", "1,,2 * * * *", "1-2-3 * * * *", "*/5/5 * * * *", "@never",
        "-1 * * * *", "0 0 30 2 *", "0 0 31 4,6,9,11 *", "* * * mon *",
    ])
    func `what is no schedule, or never comes, is refused`(_ text: String) {
        #expect(Schedule(text) == nil)
    }

    /// Berlin in 2026: an hour forward on 29 March at 1:00 UTC, back on 25 October at 1:00 UTC.
    private func berlin(_ time: Int64) -> Int {
        (seconds((2026, 3, 29, 1, 0))..<seconds((2026, 10, 25, 1, 0))).contains(time) ? 7200 : 3600
    }

    @Test(
        arguments: [
            // As everybody's clock: 3:30 on a winter's and on a summer's day.
            ("30 3 * * *", (2026, 1, 10, 0, 0), (2026, 1, 10, 2, 30)),
            ("30 3 * * *", (2026, 7, 10, 0, 0), (2026, 7, 10, 1, 30)),
            // Half past two does not come on 29 March; it is an hour late, and in time again the day after.
            ("30 2 * * *", (2026, 3, 28, 12, 0), (2026, 3, 29, 1, 30)),
            ("30 2 * * *", (2026, 3, 29, 1, 30), (2026, 3, 30, 0, 30)),
            // It comes twice on 25 October; the first counts.
            ("30 2 * * *", (2026, 10, 24, 12, 0), (2026, 10, 25, 0, 30)),
            ("30 2 * * *", (2026, 10, 25, 0, 30), (2026, 10, 26, 1, 30)),
            ("30 2 * * *", (2026, 10, 25, 1, 10), (2026, 10, 26, 1, 30)),
            // Midnights around both.
            ("0 0 * * *", (2026, 3, 29, 0, 30), (2026, 3, 29, 22, 0)),
            ("0 0 * * *", (2026, 10, 24, 23, 0), (2026, 10, 25, 23, 0)),
            // What comes every hour comes every hour.
            ("0 * * * *", (2026, 3, 29, 0, 0), (2026, 3, 29, 1, 0)),
            ("30 * * * *", (2026, 10, 25, 0, 30), (2026, 10, 25, 1, 30)),
            ("*/20 * * * *", (2026, 10, 25, 0, 50), (2026, 10, 25, 1, 0)),
        ] as [(String, Moment, Moment)])
    func `clocks that are put forward or back skip nothing and double nothing`(
        _ text: String, _ now: Moment, _ next: Moment
    ) throws {
        let schedule = try #require(Schedule(text))
        #expect(schedule.next(after: seconds(now), offset: berlin) == seconds(next))
    }

    @Test func `from one time to the next it always goes forward, as a search minute by minute has it`()
        throws
    {
        for text in ["17 */5 * * *", "0 0 1,15 * 3", "59 23 31 12 *", "*/7 1-3 * 3,10 *"] {
            let schedule = try #require(Schedule(text))
            var time = seconds((2026, 3, 28, 0, 0))
            for _ in 0..<60 {
                let next = try #require(schedule.next(after: time, offset: { _ in 19_800 }))
                #expect(next > time && next % 60 == 0)
                if next - time < 40 * 86_400 {
                    let between = stride(from: time / 60 * 60 + 60, to: next, by: 60)
                    let missed = between.first { schedule.next(after: $0 - 1, offset: { _ in 19_800 }) == $0 }
                    #expect(missed == nil)
                }
                time = next
            }
        }
    }
}

typealias Moment = (year: Int, month: Int, day: Int, hour: Int, minute: Int)

private func seconds(_ moment: Moment) -> Int64 {
    let days = CivilTime.days(year: moment.year, month: moment.month, day: moment.day)
    return Int64(days * 86_400 + moment.hour * 3600 + moment.minute * 60)
}
