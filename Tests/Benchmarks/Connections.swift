import Glibc
import Support

private let requests = 20_000

/// What a new connection costs in processor time, with two Node servers on one port: ours and Node's own cluster.
func measureConnections(_ table: inout Table) throws {
    let yard = try Yard()
    defer { yard.scratch.end() }
    let server = "\(Programs.fixtures)/node/server.js"

    let swpm = Swpm(yard.scratch)
    let port = freePort()
    try swpm.run("start", server, "--name", "web", "-i", "2", "--", "\(port)")
    let ours = try cost(port) {
        swpm.both + runningProcesses().filter { $0.command.starts(with: ["node", server]) }.map(\.id)
    }

    let clusterPort = freePort()
    let cluster = try Command("node", ["\(Programs.fixtures)/node/cluster.js", "\(clusterPort)"]).start()
    let theirs = try cost(clusterPort) {
        [cluster.process] + runningProcesses().filter { $0.parent == cluster.process }.map(\.id)
    }
    try cluster.stop()

    let plainPort = freePort()
    let plain = try Command("node", [server, "\(plainPort)"]).start()
    let alone = try cost(plainPort) { [plain.process] }
    try plain.stop()
    let line = "processor time for a new connection, 2 Node servers"
    table.add(line, microseconds(ours))
    table.add(line, microseconds(theirs), of: "node cluster")
    table.add(line, microseconds(alone), of: "one node")
}

/// Nanoseconds of these processes for each request, warmed up.
private func cost(_ port: UInt16, of processes: () -> [Int32]) throws -> Int64 {
    func load(_ count: Int) throws {
        let finished = try Command(
            Programs.load, ["--clients", "16", "--requests", "\(count)", "127.0.0.1:\(port)"]
        ).run(within: .seconds(120))
        guard finished.succeeded else { throw NeverHappened(description: "\(finished)") }
    }
    try eventually(within: .seconds(20), "an answer on port \(port)") {
        try Command(Programs.load, ["--requests", "1", "--clients", "1", "127.0.0.1:\(port)"]).run().succeeded
    }
    try load(requests / 4)
    let before = processorTime(of: processes())
    try load(requests)
    return (processorTime(of: processes()) - before) / Int64(requests)
}
