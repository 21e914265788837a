internal import Supervision

/// Everything that happens to one supervisor, from a seed.
public struct Life: Sendable {
    public let seed: UInt64
    /// What did not hold; nil: all is well.
    public let violation: String?
    public let history: [Moment]
    public let digest: Digest

    /// Lives through it: faults and requests, then calm, in which everything must come to rest and be healed.
    ///
    /// Every fourth life is kind: nothing fails there, so more can be expected.
    public init(seed: UInt64) {
        var world = World(seed: seed, isKind: seed % 4 == 0)
        world.rage(requests: 24)
        world.calm()
        world.heal()
        world.end(by: seed % 2 == 0 ? .shutdown : .delete(.all))
        self.seed = seed
        violation = world.violation
        history = world.history
        digest = world.digest
    }

    /// The end of the story in words, and how to hear it again.
    public func report(last count: Int = 60) -> String {
        let told = history.suffix(count).map(\.words).joined(separator: "\n")
        return """
            \(told)

            seed \(seed): \(violation ?? "all is well")
            repeat it with: make simulate SEED=\(seed)
            """
    }
}
