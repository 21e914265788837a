import Support
import Testing

/// Whatever operators do and machines suffer, for half an hour, and a stranger who looks at /proc, ports and logs alone.
@Suite(.serialized) struct Soaking {
    /// `SWPM_SOAK_MINUTES=n` for so long; `SWPM_SOAK_SEED=n` again.
    private static var length: Duration {
        if let minutes = environment("SWPM_SOAK_MINUTES").flatMap({ Int($0) }) {
            return .seconds(60 * minutes)
        }
        return Counts.isSoak ? .seconds(1800) : .seconds(12)
    }
    private static let isLong = Counts.isSoak || environment("SWPM_SOAK_MINUTES") != nil
    private static let seed =
        environment("SWPM_SOAK_SEED").flatMap { UInt64($0) } ?? UInt64.random(in: 1...999_999)

    @Test func `whatever is done and whoever is killed, a stranger sees what is meant`() throws {
        let seed = Self.seed
        let began = ContinuousClock().now
        print("soak: SWPM_SOAK_SEED=\(seed) for \(Self.length)")
        let operators = try SoakOperators(seed: seed, of: Self.isLong ? 4 : 1)
        operators.sparesKeeper = !Self.isLong
        defer { operators.site.scratch.end() }
        try operators.startAll()
        let stranger = try operators.stranger()
        let start = ContinuousClock().now
        while start.duration(to: .now) < Self.length, operators.complaints.isEmpty {
            // Towards the end nobody kills swpm, so that its memory has time to grow.
            operators.sparesSwpm = start.duration(to: .now) > Self.length * 3 / 4
            try operators.draw()
        }
        try operators.endAll()
        let seen = try stranger.stop(within: .seconds(60))
        print("\(operators.done)\n\(seen.output)soak: \(began.duration(to: .now)) in all, seed \(seed)")
        let tale = "SWPM_SOAK_SEED=\(seed)\n\(operators.tale)\n\(operators.site.daemonLog)"
        #expect(operators.complaints.isEmpty, "\(operators.complaints)\n\(tale)")
        #expect(seen.succeeded, "\(seen)\n\(operators.tale(around: seen.output))\n\(tale)")
        #expect(seen.output.contains("numbered lines"), "\(seen)")
    }
}
