import Glibc
import Linux
import Support

private let lineCount = 5_000_000
private let bytes = lineCount * 100
private let partSize = 10 << 20

/// Half a gigabyte of 100-byte lines on their way from a program to files of 10 MB, beside those who are known to
/// lose nothing; and how quick the daemon answers meanwhile.
func measureLogs(_ table: inout Table) throws {
    let scratch = Scratch()
    defer { scratch.end() }
    let writer = scratch.path("lines")
    let build = try Command("clang", ["-O2", "-static", "-o", writer, "\(Programs.fixtures)/c/lines.c"]).run()
    guard build.succeeded else { throw NeverHappened(description: "\(build)") }
    for (batch, what) in [(1, "a line at a time"), (640, "64 KB at a time")] {
        try measureSwpm(writer, batch, what, &table)
        try measurePipe("cat", "\(writer) \(lineCount) \(batch) | cat >", "all", what, scratch, &table)
        if exists("s6-log") {
            try measurePipe(
                "s6-log", "\(writer) \(lineCount) \(batch) | s6-log n100 s\(partSize)", "s6", what, scratch,
                &table)
        }
        if exists("svlogd") {
            let folder = scratch.directory("sv")
            writeFile("\(folder)/config", "s\(partSize)\nn100\n")
            try measurePipe("svlogd", "\(writer) \(lineCount) \(batch) | svlogd", "sv", what, scratch, &table)
        }
    }
    try measureAnswers(&table)
}

private func exists(_ program: String) -> Bool { (try? Command("which", [program]).run().succeeded) == true }

private func addRate(_ who: String, _ what: String, _ took: Int64, _ used: Int64?, _ table: inout Table) {
    let megabytes = Double(bytes) / 1e6
    table.add("logs, \(what): \(who)", "\(Int(megabytes / (Double(took) / 1e9))) MB/s")
    guard let used else { return }
    table.add("logs, \(what): \(who), CPU for each MB", "\(Int(Double(used) / megabytes / 1000)) us")
}

/// The logger's time is what its children used, less what the writer did: that is measured by itself first.
private func measurePipe(
    _ who: String, _ line: String, _ target: String, _ what: String, _ scratch: Scratch, _ table: inout Table
) throws {
    let began = Clock.monotonic()
    let finished = try Command("sh", ["-c", "\(line) \(scratch.path(target))"]).run(within: .seconds(300))
    guard finished.succeeded else { throw NeverHappened(description: "\(finished)") }
    addRate(who, what, Clock.monotonic() - began, nil, &table)
    _ = try Command("rm", ["-rf", scratch.path(target)]).run()
}

private func measureSwpm(_ writer: String, _ batch: Int, _ what: String, _ table: inout Table) throws {
    let scratch = Scratch()
    defer { scratch.end() }
    let swpm = Swpm(scratch)
    let file = scratch.file(
        "lines.json",
        """
        [{ name: "lines", script: "\(writer)", args: ["\(lineCount)", "\(batch)"], interpreter: "none", autorestart: false,
           log_rotate: { size: "10M", keep: 100, total: 0, compress: false } }]
        """)
    try swpm.run("start", "true", "--name", "first", "--no-autorestart")
    let daemon = swpm.process("daemon")
    let (before, began) = (processorTime(of: [daemon]), Clock.monotonic())
    try swpm.run("start", file)
    let logs = "\(swpm.home)/logs"
    func written() -> Int {
        names(in: logs).filter { $0.hasPrefix("lines-out") }.reduce(0) {
            $0 + (fileSize("\(logs)/\($1)") ?? 0)
        }
    }
    try eventually(within: .seconds(300), "all lines") { written() >= bytes }
    addRate("swpm", what, Clock.monotonic() - began, processorTime(of: [daemon]) - before, &table)
    if written() != bytes { table.note("swpm wrote \(written()) bytes of \(bytes)") }
}

private func measureAnswers(_ table: inout Table) throws {
    let scratch = Scratch()
    defer { scratch.end() }
    let swpm = Swpm(scratch)
    let file = scratch.file(
        "flood.json",
        """
        [{ name: "flood", script: "yes", args: ["\(String(repeating: "x", count: 99))"], interpreter: "none",
           log_rotate: { keep: 2, compress: false } }]
        """)
    try swpm.run("start", file)
    usleep(1_000_000)
    let took = try (0..<500).map { _ in try time([Programs.swpm, "ping"], swpm.environment, times: 1) }
        .sorted()
    table.add("ping, whole command, while a program floods its log: median", milliseconds(took[250]))
    table.add("the same, 99th percentile", milliseconds(took[495]))
}
