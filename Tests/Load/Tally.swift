/// How a request can fail, in the words of the summary.
enum Failing: String, CaseIterable {
    case refused, reset
    /// The connection ended before the answer was whole.
    case closed
    /// A kept connection ended at once, before the first byte of the answer: the race every keep-alive client knows.
    case stale
    case status, malformed
    /// Connected, asked, and heard nothing in time.
    case unanswered
    case connectTimeout = "connect_timeout"
    /// This machine ran out of ports for clients.
    case noPort = "no_port"
    case other
}

/// What became of all requests.
struct Tally {
    private(set) var succeeded = 0
    private(set) var failed: [Failing: Int] = [:]
    /// Kept connections that ended while nothing was asked.
    private var lost = 0
    /// Requests that a kept connection did not take, asked again.
    private var retried = 0
    private var byInstance: [String: Int] = [:]
    /// By the last byte of the client's address, where it was chosen.
    private var bySource: [UInt8: [String: Int]] = [:]
    private var microseconds: [UInt32] = []

    /// More samples would only cost memory.
    private static let samples = 4_000_000
    private static let instances = 10_000

    var failures: Int { failed.values.reduce(0, +) }
    var requests: Int { succeeded + failures }

    mutating func success(_ word: String, took nanoseconds: Int64, from source: UInt8 = 0) {
        succeeded += 1
        if source > 0 { bySource[source, default: [:]][word, default: 0] += 1 }
        if byInstance[word] != nil || byInstance.count < Self.instances { byInstance[word, default: 0] += 1 }
        if microseconds.count < Self.samples { microseconds.append(UInt32(clamping: nanoseconds / 1000)) }
    }

    mutating func lose() { lost += 1 }
    mutating func retry() { retried += 1 }

    mutating func failure(_ failing: Failing) { failed[failing, default: 0] += 1 }

    /// One line of JSON. Times are microseconds.
    func summary(after elapsed: Int64) -> String {
        let sorted = microseconds.sorted()
        func percentile(_ part: Int) -> UInt32 {
            sorted.isEmpty ? 0 : sorted[(sorted.count - 1) * part / 100]
        }
        let failing = Failing.allCases.filter { failed[$0] != nil }.map {
            "\"\($0.rawValue)\":\(failed[$0]!)"
        }
        let sources = bySource.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\(counts($0.value))" }
        return "{\"ok\":\(succeeded),\"failures\":\(failures),\"failed\":{\(failing.joined(separator: ","))},"
            + "\"lost\":\(lost),\"retried\":\(retried),"
            + "\"by_instance\":\(counts(byInstance)),\"by_source\":{\(sources.joined(separator: ","))},"
            + "\"p50\":\(percentile(50)),\"p99\":\(percentile(99)),\"max\":\(sorted.last ?? 0),"
            + "\"milliseconds\":\(elapsed / 1_000_000)}"
    }

    private func counts(_ words: [String: Int]) -> String {
        "{\(words.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\($0.value)" }.joined(separator: ","))}"
    }

    /// Words come from programs under test: anything but plain characters is replaced.
    private func quoted(_ word: String) -> String {
        let plain = word.utf8.map { $0 > 32 && $0 < 127 && $0 != 34 && $0 != 92 ? $0 : UInt8(ascii: "?") }
        return "\"" + String(decoding: plain, as: UTF8.self) + "\""
    }
}
