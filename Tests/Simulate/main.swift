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

/// What is told of a life.
struct Verdict: Sendable {
    var digest: UInt64
    var moments: Int
    var violation: String?
    var report: String?

    init(seed: Int, told: Int) {
        let life = Life(seed: UInt64(seed))
        digest = life.digest.value
        moments = life.history.count
        violation = life.violation
        report = violation == nil ? nil : life.report(last: told)
    }
}

/// Lives through the seeds, as many at once as there are processors, and tells of them in their order.
func live(_ range: Range<Int>, told: Int, hear: (Int, Verdict) -> Void) async {
    let crowd = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    await withTaskGroup(of: (Int, Verdict).self) { group in
        var waiting: [Int: Verdict] = [:]
        var next = range.lowerBound
        func begin() {
            guard next < range.upperBound else { return }
            let seed = next
            next += 1
            group.addTask { (seed, Verdict(seed: seed, told: told)) }
        }
        for _ in 0..<crowd * 2 { begin() }
        var due = range.lowerBound
        for await (seed, verdict) in group {
            waiting[seed] = verdict
            begin()
            while let verdict = waiting.removeValue(forKey: due) {
                hear(due, verdict)
                due += 1
            }
        }
    }
}

var digest = Digest()
var moments = 0
var failed = 0
let range = only.map { $0..<($0 + 1) } ?? first..<(first + seeds)
await live(range, told: told) { seed, verdict in
    digest.mix(verdict.digest)
    moments += verdict.moments
    guard let violation = verdict.violation else { return }
    failed += 1
    print(wantsAll ? "seed \(seed): \(violation)" : verdict.report ?? "")
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
