internal import World

#if canImport(Glibc)
    internal import Glibc
#endif

// simulate [--seeds N] [--from N] [--seed N] [--digest]: lives through seeds and stops at the first that fails.

var seeds = 20_000
var first = 1
var only: Int?
var wantsDigest = false

var arguments = CommandLine.arguments.dropFirst().makeIterator()
while let argument = arguments.next() {
    switch argument {
    case "--seeds": seeds = arguments.next().flatMap { Int($0) } ?? seeds
    case "--from": first = arguments.next().flatMap { Int($0) } ?? first
    case "--seed": only = arguments.next().flatMap { Int($0) }
    case "--digest": wantsDigest = true
    default:
        print("usage: simulate [--seeds N] [--from N] [--seed N] [--digest]")
        exit(2)
    }
}

var digest = Digest()
var moments = 0
let range = only.map { $0..<($0 + 1) } ?? first..<(first + seeds)
for seed in range {
    let life = Life(seed: UInt64(seed))
    digest.mix(life.digest.value)
    moments += life.history.count
    guard life.violation == nil else {
        print(life.report)
        exit(1)
    }
}
if wantsDigest {
    print(String(digest.value, radix: 16))
} else {
    print("\(range.count) lives, \(moments) events: all is well")
}
