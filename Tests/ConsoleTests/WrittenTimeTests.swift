import Console
import Testing

@Suite struct WrittenTimes {
    @Test(
        arguments: [
            ("10m", .ago(.seconds(600))), ("1h30m", .ago(.seconds(5400))), ("2d", .ago(.seconds(172_800))),
            ("1w", .ago(.seconds(604_800))), ("0s", .ago(.zero)),
            ("2026-11-21T09:30:00Z", .moment(1_795_253_400_000_000_000)),
            ("2026-11-21T09:30:00.5Z", .moment(1_795_253_400_500_000_000)),
            ("2026-11-21t10:30:00+01:00", .moment(1_795_253_400_000_000_000)),
            ("2026-11-21 04:00:00-0530", .moment(1_795_253_400_000_000_000)),
            ("@1795253400", .moment(1_795_253_400_000_000_000)),
            ("1970-01-01T00:00:00Z", .moment(0)), ("2000-02-29T00:00:00Z", .moment(951_782_400_000_000_000)),
            ("09:30", .local(.init(time: 34_200_000_000_000))),
            ("2026-11-21", .local(.init(date: .init(year: 2026, month: 11, day: 21), time: 0))),
            (
                "2026-11-21 09:30:01",
                .local(.init(date: .init(year: 2026, month: 11, day: 21), time: 34_201_000_000_000))
            ),
        ] as [(String, WrittenTime)]) func `moments and spans are read`(text: String, expected: WrittenTime)
    {
        #expect(WrittenTime(text) == expected)
    }

    @Test(arguments: [
        "", "10", "m", "10 m", "-5m", "10x", "yesterday", "25:00", "09:60", "9:30", "2026-13-01",
        "2026-11-21T",
        "2026-11-21T09:30:00X", "09:30Z", "2026-11-21T09:30:00+25:00", "@", "@x", "99999999999999999999m",
        "900000000w", "2026-11-21T09:30:00.Z",
    ]) func `anything else is not`(text: String) {
        #expect(WrittenTime(text) == nil)
    }
}
