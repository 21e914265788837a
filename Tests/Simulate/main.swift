internal import World

#if canImport(Glibc)
    internal import Glibc
#endif

// simulate [--seeds N] [--from N] [--seed N] [--digest] [--all] [--told N]: lives through seeds, stops at the first
// that fails, and tells its last N events (60). With --all it goes on, and only names those that fail.

var seeds = 20_000
var first = 1
var only: Int?
var wantsDigest = false
var wantsAll = false
var told = 60

var arguments = CommandLine.arguments.dropFirst().makeIterator()
while let argument = arguments.next() {
    switch argument {
    case "--seeds": seeds = arguments.next().flatMap { Int($0) } ?? seeds
    case "--from": first = arguments.next().flatMap { Int($0) } ?? first
    case "--seed": only = arguments.next().flatMap { Int($0) }
    case "--digest": wantsDigest = true
    case "--all": wantsAll = true
    case "--told": told = arguments.next().flatMap { Int($0) } ?? told
    default:
        print("usage: simulate [--seeds N] [--from N] [--seed N] [--digest] [--all] [--told N]")
        exit(2)
    }
}

var digest = Digest()
var moments = 0
var failed = 0
let range = only.map { $0..<($0 + 1) } ?? first..<(first + seeds)
for seed in range {
    let life = Life(seed: UInt64(seed))
    digest.mix(life.digest.value)
    moments += life.history.count
    guard let violation = life.violation else { continue }
    failed += 1
    print(wantsAll ? "seed \(seed): \(violation)" : life.report(last: told))
    fflush(nil)
    if !wantsAll { exit(1) }
}
if failed > 0 {
    print("\(failed) of \(range.count) lives failed")
    exit(1)
} else if wantsDigest {
    print(String(digest.value, radix: 16))
} else {
    print("\(range.count) lives, \(moments) events: all is well")
}
