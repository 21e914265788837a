import Glibc
import Linux
import Support
import Wire

// How connections are best spread over the instances of a Node program, in five shapes. All servers live side by
// side and are loaded in turn, a second each, so that what else the machine does hits all alike; what counts is the
// ratio within a round.

private let rounds = 7
private let slice = "1s"

/// A site of so many Node servers on one port.
struct Spread {
    let name: String
    let port: UInt16
    /// Everything whose processor time is the price.
    let processes: () -> [Int32]
    /// Those that serve.
    let workers: () -> [Int32]
}

func measureBalancing(_ table: inout Table) throws {
    for workers in [2, 4] {
        try withSpreads(of: "server.js", workers) { spreads in
            let kept = try throughput(spreads, ["-c", "64"])
            table.add("\(workers) workers, keep-alive", kept)
            let fresh = try throughput(spreads, ["-c", "64", "-H", "Connection: close"])
            table.add("\(workers) workers, a connection per request", fresh)
            table.add("\(workers) workers, 64 slow arrivals", try skew(spreads, workers))
            table.add("\(workers) workers, one stopped", try stalled(spreads))
        }
        try withSpreads(of: "uneven.js", workers) { spreads in
            let uneven = try throughput(spreads, ["-c", "\(2 * workers)", "-H", "Connection: close"])
            table.add("\(workers) workers, 2 % of requests block 20 ms", uneven)
        }
    }
}

extension Table {
    fileprivate mutating func add(_ shape: String, _ found: [(line: String, program: String, value: String)])
    {
        for (line, program, value) in found { add("\(shape): \(line)", value, of: program) }
    }
}

// MARK: - Servers

func withSpreads(of server: String, _ count: Int, _ body: ([Spread]) throws -> Void) throws {
    let yard = try Yard()
    defer { yard.scratch.end() }
    let swpm = Swpm(yard.scratch)
    let path = "\(Programs.fixtures)/node/\(server)"
    var spreads = [try nodeCluster(path, count, yard.scratch)]
    for balance in balances { spreads.append(try start(swpm, path, count, balance, yard.scratch)) }
    for spread in spreads {
        try eventually(within: .seconds(30), "an answer of \(spread.name)") {
            try spread.workers().count == count
                && Command(Programs.load, ["--requests", "1", "--clients", "1", "127.0.0.1:\(spread.port)"])
                    .run().succeeded
        }
    }
    try body(spreads)
}

/// What `balance` of a specification can be, and what it is called here.
private let balances = [(value: "shared", name: "swpm"), (value: "even", name: "swpm, steered")]

private func start(
    _ swpm: Swpm, _ server: String, _ count: Int, _ balance: (value: String, name: String), _ scratch: Scratch
) throws -> Spread {
    let port = freePort()
    let file = scratch.file(
        "\(balance.value).json",
        #"{"apps": [{"name": "\#(balance.value)", "script": "\#(server)", "args": "\#(port)", "#
            + #""instances": \#(count), "balance": "\#(balance.value)"}]}"#)
    try swpm.run("start", file)
    let workers = { instances(of: server, port) }
    return Spread(
        name: balance.name, port: port, processes: { swpm.both + workers() }, workers: workers)
}

private func nodeCluster(_ server: String, _ count: Int, _ scratch: Scratch) throws -> Spread {
    let port = freePort()
    var command = Command("node", ["\(Programs.fixtures)/node/cluster.js", "\(port)"])
    command.environment = ["WORKERS": "\(count)", "SERVER": server]
    let running = try command.start()
    scratch.atEnd { _ = try? running.stop(SIGKILL) }
    let workers = { runningProcesses().filter { $0.parent == running.process }.map(\.id) }
    return Spread(
        name: "node cluster", port: port, processes: { [running.process] + workers() }, workers: workers)
}

private func instances(of server: String, _ port: UInt16) -> [Int32] {
    runningProcesses().filter { $0.command.contains(server) && $0.command.last == "\(port)" }.map(\.id)
}

// MARK: - Shapes

private typealias Found = [(line: String, program: String, value: String)]

/// Requests in a second and processor time for each, with the ratio to Node's own cluster.
private func throughput(_ spreads: [Spread], _ options: [String]) throws -> Found {
    var rates: [[Int64]] = Array(repeating: [], count: spreads.count)
    var costs = rates
    for round in 0...rounds {
        for index in spreads.indices {
            let processes = spreads[index].processes()
            let before = processorTime(of: processes)
            let arguments = ["-t", "1", "-d", slice] + options + ["http://127.0.0.1:\(spreads[index].port)/"]
            let wrk = try Command("wrk", arguments).run()
            let spent = processorTime(of: processes) - before
            let requests = try number(before: "requests in", wrk.output)
            // The first round warms up.
            guard round > 0 else { continue }
            rates[index].append(try number(after: "Requests/sec:", wrk.output))
            costs[index].append(spent / max(1, requests))
        }
    }
    return spreads.indices.flatMap { index in
        let rate = ratio(rates[index], rates[0])
        let cost = ratio(costs[index], costs[0])
        return [
            ("requests/s", spreads[index].name, "\(median(rates[index])) (x\(rate))"),
            (
                "processor time of one", spreads[index].name,
                "\(microseconds(median(costs[index]))) (x\(cost))"
            ),
        ]
    }
}

/// How many times the mean the busiest worker has, of connections that are opened one after the other and stay.
private func skew(_ spreads: [Spread], _ workers: Int) throws -> Found {
    try spreads.map { spread in
        let busiest = try (0..<rounds).map { _ in
            let result = try load(
                spread,
                ["--clients", "64", "--requests", "64", "--ramp", "5", "--pause", "5000", "--keep-alive"])
            return Int64(result.byInstance.max() ?? 0) * 100
        }
        return ("busiest worker of the mean", spread.name, hundredths(median(busiest) * Int64(workers) / 64))
    }
}

/// How much is answered in three seconds when one of the workers does nothing for two of them: clients that were
/// given to it wait.
private func stalled(_ spreads: [Spread]) throws -> Found {
    try spreads.map { spread in
        let answered = try (0..<3).map { _ in
            let victim = spread.workers()[0]
            let arguments = ["--clients", "16", "--pause", "5", "--seconds", "3", "--timeout", "10"]
            let running = try Command(Programs.load, arguments + ["127.0.0.1:\(spread.port)"]).start()
            try eventually(within: .seconds(10), "a first answer") {
                running.errorsSoFar.contains("running")
            }
            kill(victim, SIGSTOP)
            usleep(2_000_000)
            kill(victim, SIGCONT)
            return try LoadSummary(running.wait(within: .seconds(30)).output).succeeded
        }
        return ("answered in 3 s", spread.name, "\(median(answered))")
    }
}

// MARK: - Reading

struct LoadSummary {
    var succeeded: Int64
    /// Microseconds.
    var p99: Int64
    var longest: Int64
    var byInstance: [Int64]

    init(_ output: String) throws {
        let json = try JSON(parsing: Array(output.utf8))
        guard case .integer(let succeeded)? = json["ok"], case .integer(let p99)? = json["p99"],
            case .integer(let longest)? = json["max"],
            case .object(let members)? = json["by_instance"]
        else { throw NeverHappened(description: "a summary: \(output)") }
        self.succeeded = succeeded
        self.p99 = p99
        self.longest = longest
        byInstance = members.compactMap { if case .integer(let count) = $0.value { count } else { nil } }
    }
}

private func load(_ spread: Spread, _ options: [String]) throws -> LoadSummary {
    try LoadSummary(Command(Programs.load, options + ["127.0.0.1:\(spread.port)"]).run().output)
}

/// The median of the ratios within each round.
private func ratio(_ values: [Int64], _ base: [Int64]) -> String {
    hundredths(median(zip(values, base).map { $0 * 100 / max(1, $1) }))
}

private func hundredths(_ value: Int64) -> String {
    "\(value / 100).\(value % 100 < 10 ? "0" : "")\(value % 100)"
}

private func number(after label: String, _ text: String) throws -> Int64 {
    let line = text.split(separator: "\n").first { $0.contains(label) }
    guard let word = line?.split(separator: " ").last, let value = Double(String(word)) else {
        throw NeverHappened(description: "\(label) in \(text)")
    }
    return Int64(value)
}

private func number(before label: String, _ text: String) throws -> Int64 {
    let line = text.split(separator: "\n").first { $0.contains(label) }
    guard let word = line?.split(separator: " ").first, let value = Int64(word) else {
        throw NeverHappened(description: "\(label) in \(text)")
    }
    return value
}
