internal import Glibc

/// What time it is (clock_gettime(2)).
public enum Clock {
    /// Nanoseconds since boot; never jumps.
    public static func monotonic() -> Int64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds since 1970; jumps when somebody sets the clock.
    public static func wall() -> Int64 { read(CLOCK_REALTIME) + Fault.clockShift }

    /// Names the time since the last boot, so that a pid and a start time from before it are recognised as stale.
    public static func bootIdentifier() throws(SystemError) -> String {
        let bytes = try File.read("/proc/sys/kernel/random/boot_id", atMost: 64)
        return String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
    }

    /// Now, to the second, in the machine's time zone: "2026-11-21T09:30:00+0000" (strftime(3)).
    public static func timestamp() -> String { format(time_t(wall() / 1_000_000_000), "%Y-%m-%dT%H:%M:%S%z") }

    /// For eyes: "2026-11-21 09:30:00", from nanoseconds since 1970.
    public static func timestamp(atWall nanoseconds: Int64) -> String {
        format(time_t(nanoseconds / 1_000_000_000), "%Y-%m-%d %H:%M:%S")
    }

    /// How far this machine's time zone is ahead of UTC at that moment, in seconds (localtime_r(3)).
    public static func offset(atWall nanoseconds: Int64) -> Int {
        var seconds = time_t(nanoseconds / 1_000_000_000)
        var parts = tm()
        localtime_r(&seconds, &parts)
        return parts.tm_gmtoff
    }

    private static func format(_ seconds: time_t, _ pattern: String) -> String {
        var seconds = seconds
        var parts = tm()
        localtime_r(&seconds, &parts)
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 32) { buffer in
            let count = strftime(buffer.baseAddress!, buffer.count, pattern, &parts)
            return String(decoding: UnsafeRawBufferPointer(buffer).prefix(count), as: UTF8.self)
        }
    }

    private static func read(_ clock: Int32) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
