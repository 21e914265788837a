import Glibc
import Linux
import Support

private let rounds = 3

/// How long a new connection takes when one of four servers does nothing for three of five seconds. Whoever was given
/// to it waits until it goes on; of all that came meanwhile that is a quarter, until somebody notices.
func measureStalls(_ table: inout Table) throws {
    try withSpreads(of: "server.js", 4) { spreads in
        for spread in spreads {
            for (line, stops) in [("all well", false), ("one stopped for 3 s", true)] {
                let summaries = try (0..<rounds).map { _ in try stall(spread, stops: stops) }
                let head = "400 new connections/s for 5 s, 4 Node servers, \(line)"
                let (p99, longest) = (median(summaries.map(\.p99)), median(summaries.map(\.longest)))
                table.add("\(head): p99", milliseconds(p99 * 1000), of: spread.name)
                table.add("\(head): longest", milliseconds(longest * 1000), of: spread.name)
            }
        }
    }
}

private func stall(_ spread: Spread, stops: Bool) throws -> LoadSummary {
    let arguments = ["--clients", "400", "--pause", "990", "--seconds", "5", "--timeout", "10"]
    let running = try Command(Programs.load, arguments + ["127.0.0.1:\(spread.port)"]).start()
    try eventually(within: .seconds(10), "a first answer") { running.errorsSoFar.contains("running") }
    // Everybody has begun.
    usleep(1_000_000)
    if stops {
        let victim = spread.workers()[0]
        kill(victim, SIGSTOP)
        usleep(3_000_000)
        kill(victim, SIGCONT)
    }
    return try LoadSummary(running.wait(within: .seconds(30)).output)
}

/// What replacing four idle servers takes, from the command to its end; of others, what comes nearest to it.
func measureReloads(_ table: inout Table) throws {
    let yard = try Yard()
    defer { yard.scratch.end() }
    let swpm = Swpm(yard.scratch)
    let server = "\(Programs.fixtures)/node/server.js"
    for (name, surge) in [("rolling", 1), ("together", 4)] {
        let file = yard.scratch.file(
            "\(name).json",
            #"{"apps": [{"name": "\#(name)", "script": "\#(server)", "args": "\#(freePort())", "#
                + #""instances": 4, "max_surge": \#(surge)}]}"#)
        try swpm.run("start", file)
        let took = try (0..<rounds).map { _ in
            let began = Clock.monotonic()
            try swpm.run("reload", name)
            return Clock.monotonic() - began
        }
        let line = "reload of 4 idle Node instances" + (surge > 1 ? ", max_surge \(surge)" : "")
        table.add(line, milliseconds(median(took)))
        try swpm.run("delete", name)
    }
    let others = try hangUpGunicorn()
    table.add("reload of 4 idle Node instances", milliseconds(others), of: "gunicorn HUP (Python)")
    table.note("a reload watches each new instance for min_uptime (1 s); gunicorn watches none")
}

private func hangUpGunicorn() throws -> Int64 {
    var command = Command(
        "/usr/bin/gunicorn", ["--workers", "4", "--bind", "127.0.0.1:\(freePort())", "app:app"])
    command.directory = "\(Programs.fixtures)/gunicorn"
    let master = try command.start()
    func workers() -> Set<Int32> {
        Set(runningProcesses().filter { $0.parent == master.process && $0.state != "Z" }.map(\.id))
    }
    try eventually(within: .seconds(30), "4 workers of gunicorn") { workers().count == 4 }
    // Until they handle signals.
    usleep(2_000_000)
    let took = try (0..<rounds).map { _ in
        let old = workers()
        let began = Clock.monotonic()
        master.send(SIGHUP)
        try eventually(within: .seconds(30), "4 others") {
            let now = workers()
            return now.count == 4 && now.isDisjoint(with: old)
        }
        return Clock.monotonic() - began
    }
    try master.stop()
    return median(took)
}
