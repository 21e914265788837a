import Supervision
import Testing

@Suite struct NamingLogs {
    @Test func `a rotated log is named by its time, and sorts by it`() {
        let time: Int64 = 1_763_740_666_123_456
        let stamp = RotatedLog.stamp(atMicroseconds: time)
        #expect(stamp == "20251121T155746.123456Z")
        #expect(RotatedLog(stamp: stamp).microseconds == time)
        let names = ["web.log.\(stamp)", "web.log.\(stamp).gz", "web.log.\(stamp).zst"]
        #expect(names.map { RotatedLog(name: $0, of: "web.log")?.compression } == [nil, .gzip, .zstd])
        #expect(names.allSatisfy { RotatedLog(name: $0, of: "web.log")?.name(of: "web.log") == $0 })
        let later = RotatedLog.stamp(atMicroseconds: time + 1)
        #expect(RotatedLog(stamp: stamp, compression: .gzip) < RotatedLog(stamp: later))
        #expect(RotatedLog(stamp: stamp) < RotatedLog(stamp: stamp, compression: .gzip))
    }

    @Test(arguments: [
        "web.log", "web.log.1", "web.log.2.gz", "web.log.20251121T155746.123456Z.gz.part", "",
        "web.log.20251121T155746.12345Z", "web.log.20251121 155746.123456Z", "web.log20251121T155746.123456Z",
        "other.log.20251121T155746.123456Z", ".web.log.20251121T155746.123456Z.times",
    ])
    func `what others call so is not ours`(name: String) {
        #expect(RotatedLog(name: name, of: "web.log") == nil)
    }

    @Test func `dates of four thousand years go back and forth`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            let seconds = Int64.random(in: -62_000_000_000...64_000_000_000, using: &generator)
            let civil = CivilTime(seconds: seconds, offset: 0)
            let days = CivilTime.days(year: civil.year, month: civil.month, day: civil.day)
            let back = Int64(days) * 86400 + Int64(civil.hour * 3600 + civil.minute * 60 + civil.second)
            #expect(back == seconds)
            #expect((1...12).contains(civil.month) && (1...31).contains(civil.day))
            #expect((1...366).contains(civil.dayOfYear) && (0...6).contains(civil.weekday))
        }
        let leap = CivilTime(seconds: 951_782_400, offset: 3600)
        #expect((leap.year, leap.month, leap.day, leap.hour) == (2000, 2, 29, 1))
        #expect((leap.weekday, leap.dayOfYear) == (2, 60))
    }

    @Test func `files are called as PM2 calls them`() {
        var spec = AppSpec(name: AppName("my.app"), script: "x", workingDirectory: "/")
        let slot = SlotIndex(2)
        func files() -> LogFiles { spec.logFiles(of: slot, in: "/logs") }
        #expect(files() == LogFiles(output: "/logs/my-app-out-2.log", error: "/logs/my-app-error-2.log"))
        spec.logs.combined = .usual
        #expect(files().combined == "/logs/my-app-2.log")
        spec.logs.merges = true
        #expect(files().combined == "/logs/my-app.log")
        #expect(files().error == "/logs/my-app-error.log")
        spec.logs.output = .file("/var/log/x.d/out.log")
        spec.logs.error = .none
        #expect(files().output == "/var/log/x.d/out.log" && files().error == "/dev/null")
        spec.logs.merges = false
        for (written, numbered) in [
            ("/a/out.log", "/a/out-2.log"), ("/a.d/out", "/a.d/out-2"), ("/a/.out", "/a/.out-2"),
            ("/a/b.c.log", "/a/b.c-2.log"), ("/dev/stderr", "/dev/stderr"),
        ] {
            spec.logs.output = .file(written)
            #expect(files().output == numbered)
        }
        spec.logs.isDisabled = true
        #expect(files() == LogFiles(output: "/dev/null", error: "/dev/null"))
    }

    @Test func `what an app leaves open its home decides`() {
        let home = LogRotation(size: 20, interval: .zero, keep: 10, total: 500, compression: .by(.gzip))
        let app = LogRotation(size: 5, compression: LogRotation.Compression.none)
        #expect(
            app.over(home)
                == LogRotation(
                    size: 5, interval: .zero, keep: 10, total: 500, compression: LogRotation.Compression.none)
        )
        #expect(LogRotation.never.over(home).size == 0)
    }
}
