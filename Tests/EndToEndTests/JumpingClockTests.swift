import Linux
import Supervision
import Support
import Testing

/// The clock of the machine is set, far ahead and far back. Nobody's lies as still as that of `Supervision`; what uses the other one
/// (names of logs, their age, times in them, schedules) must bear it. Needs the build that can be told to (`make faults`).
@Suite(.serialized, .enabled(if: Programs.faulty != nil)) struct JumpingClocks {
    private static let rest = String(repeating: "x", count: 80)
    private static let year = 31_536_000

    @Test(arguments: Owner.here)
    func `whatever the clock says, nobody is restarted, no line is lost, and what is asked for is done`(
        _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        copyFile(try #require(Programs.faulty), to: "\(site.bin)/swpm")
        let port = freePort()
        try site.start(.swift, instances: 2, port: port, options: ["--zero-downtime"])
        let script = site.file(
            "numbers.sh",
            "i=0; while :; do i=$((i+1)); echo line $i \(Self.rest); [ $((i % 20)) = 0 ] && sleep 0.01; done\n"
        )
        let file = site.file(
            "apps.json",
            """
            [{ name: "numbers", script: "\(script)", interpreter: "bash", cron_restart: "0 0 1 1 *",
               log_rotate: { size: "100K", interval: "1d", keep: 1000, compress: false }}]
            """)
        try site.must("start", file)
        let (pids, log) = (try site.pids(of: "numbers"), "\(site.home)/logs/numbers-out-0.log")
        let load = try Load(port: port, clients: 4, pause: 5)
        for seconds in [Self.year, -Self.year, 5 * Self.year, -20 * Self.year, 90, 0] {
            site.file("home/fault.clock", "\(seconds)", mode: 0o644)
            try site.must("reload", "app", within: .seconds(60))
            try eventually("it is read") { !exists("\(site.home)/fault.clock") }
            // Another rotation by size, whatever its name would be.
            let count = rotated(log).count
            try eventually(within: .seconds(60), "rotations\n\(site.daemonLog)") {
                rotated(log).count > count + 1
            }
            if seconds >= Self.year {
                let there = RotatedLog.stamp(atMicroseconds: Clock.wall() / 1000 + Int64(seconds) * 1_000_000)
                #expect(rotated(log).last?.contains(".\(there.prefix(4))") == true, "\(rotated(log))")
            }
            let rows = try site.rows()
            #expect(rows.allSatisfy { $0.status == "online" }, "\(seconds): \(rows)")
            #expect(try site.pids(of: "numbers") == pids, "\(seconds)\n\(site.daemonLog)")
            let shown = try site.must("logs", "numbers", "--lines", "3", "--nostream", "--raw")
            #expect(shown.output.contains("line "), "\(seconds): \(shown)")
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        try site.must("stop", "numbers")
        #expect(try countNumbered(log, Self.rest) > 1000)
        #expect(!site.daemonLog.contains("crashed"), "\(site.daemonLog)")
    }
}
