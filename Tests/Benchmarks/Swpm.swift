import Glibc
import Linux
import Support

/// A daemon in a home of its own.
struct Swpm {
    let scratch: Scratch
    var home: String { scratch.path("home") }
    var environment: [String] {
        ["PATH=/usr/local/bin:/usr/bin:/bin", "HOME=\(scratch.path)", "SWPM_HOME=\(home)"]
    }

    init(_ scratch: Scratch) {
        self.scratch = scratch
        scratch.directory("home")
        let swpm = self
        scratch.atEnd { _ = try? swpm.run("kill") }
    }

    @discardableResult
    func run(_ arguments: String...) throws -> Finished {
        var command = Command(Programs.swpm, arguments)
        command.cleanEnvironment = true
        for variable in environment {
            let parts = variable.split(separator: "=", maxSplits: 1)
            command.environment[String(parts[0])] = String(parts[1])
        }
        command.directory = scratch.path
        let finished = try command.run(within: .seconds(120))
        guard finished.succeeded else { throw NeverHappened(description: "\(finished)") }
        return finished
    }

    /// The process that plays this part: "keeper" or "daemon".
    func process(_ part: String) -> Int32 {
        runningProcesses().first { facts in
            facts.command.count > 1 && facts.command[1] == part
                && (readBytes("/proc/\(facts.id)/environ") ?? []).split(separator: 0).contains {
                    $0.elementsEqual("SWPM_HOME=\(home)".utf8)
                }
        }?.id ?? 0
    }

    var both: [Int32] { [process("daemon"), process("keeper")] }
}

func measureCommands(_ table: inout Table) throws {
    let environment = ["PATH=/usr/bin:/bin"]
    table.add("size of the binary", megabytes(fileSize(Programs.swpm) ?? 0))
    table.add("version", milliseconds(try time([Programs.swpm, "--version"], environment, times: 300)))
}

func measureInstances(_ table: inout Table) throws {
    let yard = try Yard()
    defer { yard.scratch.end() }
    let swpm = Swpm(yard.scratch)
    // A first app starts the daemon, and is gone again.
    try swpm.run("start", yard.stamp, "--name", "first", "--", "/dev/null")
    try swpm.run("delete", "first")
    rest()
    addMemory("without instances", swpm, &table)

    let began = Clock.monotonic()
    try swpm.run("start", yard.stamp, "--name", "crowd", "-i", "100", "--", yard.stamps)
    let last = stamps(yard.stamps).map(\.at).max() ?? 0
    table.add(Lines.start, milliseconds(last - began))
    addMemory("100 instances, at work", swpm, &table)
    let list = try time([Programs.swpm, "list"], swpm.environment, times: 100)
    table.add(Lines.status, milliseconds(list))
    rest()
    addMemory("100 instances", swpm, &table)
    addIdle(swpm, &table)
    let victims = stamps(yard.stamps).prefix(15).map(\.process)
    table.add(Lines.replacement, milliseconds(try timeOfReplacement(yard.stamps, among: victims)))
    table.add("the same, after a rest", milliseconds(try timeOfReplacementAfterRest(yard.stamps)))
    let stop = Clock.monotonic()
    try swpm.run("stop", "crowd")
    table.add("stop of 100", milliseconds(Clock.monotonic() - stop))
}

/// What is measured of others too.
enum Lines {
    static let start = "start of 100, to the last first instruction"
    static let status = "status of 100, whole command"
    static let replacement = "crash to the replacement's first instruction"
    static let resident = "100 instances: resident, all"
    static let own = "100 instances: private, all"
}

/// Waits until what was begun has come to rest, and the daemon and its keeper have given back what that took.
func rest() { usleep(UInt32(Repose.patience / 1000) + 1_000_000) }

private func timeOfReplacementAfterRest(_ stampFile: String) throws -> Int64 {
    let victims = stamps(stampFile)[50..<55].map(\.process)
    return try median(
        victims.map { victim in
            rest()
            return try timeOfReplacement(stampFile, among: [victim])
        })
}

private func addMemory(_ when: String, _ swpm: Swpm, _ table: inout Table) {
    let (daemon, keeper) = (Memory(of: [swpm.process("daemon")]), Memory(of: [swpm.process("keeper")]))
    table.add("\(when): resident, daemon", megabytes(daemon.resident))
    table.add("\(when): resident, keeper", megabytes(keeper.resident))
    table.add("\(when): resident, all", megabytes(daemon.resident + keeper.resident))
    table.add("\(when): private, all", megabytes(daemon.own + keeper.own))
}

private func addIdle(_ swpm: Swpm, _ table: inout Table) {
    let before = wakeups(of: swpm.both)
    usleep(5_000_000)
    table.add("wakeups in 5 idle seconds, 100 instances", "\(wakeups(of: swpm.both) - before)")
}
