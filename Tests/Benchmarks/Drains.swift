import Glibc
import Linux
import Support

private let clients = 1000

/// What the daemon consumes while an instance with a thousand open connections drains, each of which asks once a
/// second: looked at all the time, and closed one by one. The server is none that would help.
func measureDrains(_ table: inout Table) throws {
    let yard = try Yard()
    defer { yard.scratch.end() }
    let swpm = Swpm(yard.scratch)
    let port = freePort()
    try swpm.run(
        "start", "/usr/bin/python3", "--name", "web", "-i", "1", "--zero-downtime", "--cwd",
        "\(Programs.fixtures)/uvicorn", "--", "-m", "uvicorn", "--no-access-log", "--port", "\(port)",
        "app:app")
    let load = try Command(
        Programs.load,
        ["--clients", "\(clients)", "--keep-alive", "--retry", "--pause", "1000", "127.0.0.1:\(port)"]
    ).start()
    try eventually(within: .seconds(20), "the first answer") { load.errorsSoFar.contains("running") }
    // Everybody has connected and asked.
    usleep(3_000_000)

    let daemon = swpm.process("daemon")
    let (before, began) = (processorTime(of: [daemon]), Clock.monotonic())
    try swpm.run("reload", "web")
    let (used, took) = (processorTime(of: [daemon]) - before, Clock.monotonic() - began)
    let finished = try load.stop(within: .seconds(20))
    table.add("reload of an instance with \(clients) connections, asked once a second", milliseconds(took))
    table.add("daemon's processor time for each second of it", milliseconds(used * 1_000_000_000 / took))
    if !finished.succeeded { table.note("requests failed while draining: \(finished.output)") }
}
