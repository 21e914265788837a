import Linux
import Support

// Measures what a user of a process manager pays, and prints a table: `make bench`. Nothing else should run meanwhile.
// With an argument, only the rows of that name: `.build/release/benchmarks peers`.

let wanted = ThisProcess.arguments().first
var table = Table()
do {
    for (name, measure) in [
        ("commands", measureCommands), ("instances", measureInstances), ("connections", measureConnections),
        ("peers", measurePeers), ("balancing", measureBalancing), ("drains", measureDrains),
        ("updates", measureUpdates), ("gaps", measureGaps),
        ("logs", measureLogs),
        ("stalls", measureStalls), ("reloads", measureReloads), ("counts", measureCounts),
    ] as [(String, (inout Table) throws -> Void)] where wanted == nil || wanted == name {
        try measure(&table)
    }
} catch {
    table.note("stopped: \(error)")
}
table.print()
