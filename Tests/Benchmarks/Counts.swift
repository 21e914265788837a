import Glibc
import Linux
import Support

private let clients = 1000

/// What it costs to be told of connections, with a hundred instances and a thousand of them: for those who ask, and for
/// those who do not.
func measureCounts(_ table: inout Table) throws {
    let yard = try Yard()
    defer { yard.scratch.end() }
    let swpm = Swpm(yard.scratch)
    let port = freePort()
    let server = yard.scratch.path("keep")
    let built = try Command("clang", ["-O2", "-static", "-o", server, "\(Programs.fixtures)/c/keep.c"]).run()
    guard built.succeeded else { throw NeverHappened(description: "\(built)") }
    try swpm.run("start", server, "--name", "crowd", "-i", "100", "--", "\(port)")
    let visitors = try (0..<clients).map { _ in try connect(to: port) }
    defer { for visitor in visitors { close(visitor) } }
    // They are accepted.
    usleep(1_000_000)
    let line = "100 instances, \(clients) connections"
    table.add("\(line): list", milliseconds(try time([Programs.swpm, "list"], swpm.environment, times: 50)))
    let daemon = swpm.process("daemon")
    let before = processorTime(of: [daemon])
    // Slower than a count stays fresh.
    var took: [Int64] = []
    for _ in 0..<10 {
        usleep(600_000)
        took.append(try time([Programs.swpm, "list", "--wide"], swpm.environment, times: 1))
    }
    table.add("\(line): list --wide", milliseconds(median(took)))
    let used = processorTime(of: [daemon]) - before
    table.add("\(line): daemon's processor time for one", milliseconds(used / 10))
}

private func connect(to port: UInt16) throws -> Int32 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    let raw = SocketAddress(.v4, host: [127, 0, 0, 1], port: port).raw
    let result = raw.withUnsafeBytes {
        Glibc.connect(
            descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
    }
    guard descriptor >= 0, result == 0 else { throw NeverHappened(description: "a connection") }
    return descriptor
}
