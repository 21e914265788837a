import Support
import Testing
import Wire

/// The load generator at work: a new connection for every request, every failure classified.
struct Load {
    private let running: Running

    /// Returns when the first request was answered.
    init(
        port: UInt16, clients: Int = 16, pause: Int = 2, more: [String] = [], path: String = ""
    ) throws {
        let command = Command(
            Programs.load,
            ["--clients", "\(clients)", "--pause", "\(pause)", "--seconds", "1200"] + more + [
                "127.0.0.1:\(port)\(path)"
            ])
        let running = try command.start()
        self.running = running
        try eventually(within: .seconds(20), "the first answer") { running.errorsSoFar.contains("running") }
    }

    /// Ends the load when every request that was begun has had its chance.
    func stop() throws -> LoadResult {
        let result = try LoadResult(running.stop(within: .seconds(20)))
        try #require(result.succeeded > 0, "a load that loaded nothing shows nothing: \(result)")
        return result
    }

    /// Asks so many times and waits for the result.
    static func requests(
        _ count: Int, port: UInt16, clients: Int = 16, more: [String] = []
    ) throws -> LoadResult {
        let command = Command(
            Programs.load,
            ["--clients", "\(clients)", "--requests", "\(count)"] + more + ["127.0.0.1:\(port)"])
        return try LoadResult(command.run(within: .seconds(120)))
    }
}

/// What the load generator saw.
struct LoadResult: CustomStringConvertible {
    var succeeded: Int64
    var failures: Int64
    var failed: [String: Int64]
    var byInstance: [String: Int64]
    /// Connections that ended between two requests, and requests that crossed such an end and were asked again.
    var lost: Int64
    var retried: Int64
    /// Of each client's address (its last byte), where it was chosen.
    var bySource: [String: [String: Int64]]
    /// From the connection to the end of the answer.
    var longest: Duration
    let description: String

    init(_ finished: Finished) throws {
        let json = try JSON(parsing: Array(finished.output.utf8))
        succeeded = try Self.number(json["ok"])
        failures = try Self.number(json["failures"])
        failed = try Self.counts(json["failed"])
        byInstance = try Self.counts(json["by_instance"])
        lost = try Self.number(json["lost"])
        retried = try Self.number(json["retried"])
        guard case .object(let sources)? = json["by_source"] else {
            throw NeverHappened(description: "addresses in the result of the load")
        }
        bySource = Dictionary(uniqueKeysWithValues: try sources.map { ($0.key, try Self.counts($0.value)) })
        longest = .microseconds(try Self.number(json["max"]))
        description = "\(finished)"
    }

    /// What is missing is not zero.
    private static func number(_ json: JSON?) throws -> Int64 {
        guard case .integer(let number)? = json else {
            throw NeverHappened(description: "a number in the result of the load")
        }
        return number
    }

    private static func counts(_ json: JSON?) throws -> [String: Int64] {
        guard case .object(let members)? = json else {
            throw NeverHappened(description: "counts in the result of the load")
        }
        return Dictionary(uniqueKeysWithValues: try members.map { ($0.key, try number($0.value)) })
    }
}
