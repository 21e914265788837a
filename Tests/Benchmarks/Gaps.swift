import Glibc
import Linux
import Support

private let rounds = 15

/// How long nobody supervises when the daemon is killed, with twenty instances: until the next one answers a client, and
/// until an instance that was killed in the same moment has its replacement at work.
func measureGaps(_ table: inout Table) throws {
    let yard = try Yard()
    defer { yard.scratch.end() }
    let swpm = Swpm(yard.scratch)
    try swpm.run("start", yard.stamp, "--name", "crowd", "-i", "20", "--", yard.stamps)
    rest()
    table.add("20 instances: resident, keeper", megabytes(Memory(of: [swpm.process("keeper")]).resident))
    var (answers, replacements, costs): ([Int64], [Int64], [Int64]) = ([], [], [])
    for round in 0..<rounds {
        // A daemon that lived for less than a second would have to wait.
        usleep(1_200_000)
        let victim = stamps(yard.stamps)[round].process
        let before = stamps(yard.stamps).count
        let (daemon, keeper) = (swpm.process("daemon"), swpm.process("keeper"))
        let worked = workingTime(of: keeper)
        let killed = Clock.monotonic()
        kill(daemon, SIGKILL)
        kill(victim, SIGKILL)
        try answer(of: "\(swpm.home)/swpm.sock")
        answers.append(Clock.monotonic() - killed)
        costs.append(workingTime(of: swpm.process("daemon")) + workingTime(of: keeper) - worked)
        try eventually(within: .seconds(20), "a replacement") { stamps(yard.stamps).count > before }
        replacements.append(stamps(yard.stamps)[before].at - killed)
    }
    table.add("kill -9 of the daemon, 20 instances: processor time till then", milliseconds(median(costs)))
    for (line, took) in [
        ("a client is answered", answers), ("a crash of the same moment is replaced", replacements),
    ] {
        table.add("kill -9 of the daemon, 20 instances, until \(line)", milliseconds(median(took)))
        table.add("the longest of \(rounds): \(line)", milliseconds(took.max() ?? 0))
    }
}

/// What the threads of a process have had of processors, in nanoseconds (proc_pid_schedstat; without waiting for one).
private func workingTime(of process: Int32) -> Int64 {
    names(in: "/proc/\(process)/task").map { "/proc/\(process)/task/\($0)/schedstat" }
        .compactMap { readFile($0)?.split(separator: " ").first }.compactMap { Int64($0) }.reduce(0, +)
}

/// Asks whoever listens there, and waits for the beginning of an answer.
private func answer(of path: String) throws {
    let socket = try UnixSocket.connect(path)
    _ = try socket.write(Array("GET /v1/ping HTTP/1.1\r\nHost: swpm\r\n\r\n".utf8))
    guard let bytes = try socket.read(atMost: 4096), bytes.starts(with: Array("HTTP/1.1 200".utf8)) else {
        throw NeverHappened(description: "an answer to a ping")
    }
}
