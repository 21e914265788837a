import Glibc
import Linux
import Support

private let lineCount = 5_000_000
private let bytes = lineCount * 100
private let partSize = 10 << 20

/// Half a gigabyte of 100-byte lines on their way from a program to files of 10 MB, beside those who are known to
/// lose nothing, and beside cat, which only copies; and how quick the daemon answers meanwhile.
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
    try measureAnswers(writer, &table)
}

private func exists(_ program: String) -> Bool { (try? Command("which", [program]).run().succeeded) == true }

private func addRate(_ who: String, _ what: String, _ took: Int64, _ used: Int64, _ table: inout Table) {
    let megabytes = Double(bytes) / 1e6
    table.add("logs, \(what)", "\(Int(megabytes / (Double(took) / 1e9))) MB/s", of: who)
    table.add("logs, \(what): CPU for each MB", microseconds(Int64(Double(used) / megabytes)), of: who)
}

/// The writer and the logger are children of different shells: what the logger's used is the logger's alone.
private func measurePipe(
    _ who: String, _ line: String, _ target: String, _ what: String, _ scratch: Scratch, _ table: inout Table
) throws {
    let parts = line.split(separator: "|", maxSplits: 1)
    let script = "\(parts[0]) | {\(parts[1]) \(scratch.path(target)); times; }"
    let began = Clock.monotonic()
    let finished = try Command("sh", ["-c", script]).run(within: .seconds(300))
    guard finished.succeeded, let used = childrensTime(finished.output) else {
        throw NeverHappened(description: "\(finished)")
    }
    addRate(who, what, Clock.monotonic() - began, used, &table)
    _ = try Command("rm", ["-rf", scratch.path(target)]).run()
}

/// The second line that `times` of a shell prints: "0m1.25s 0m0.5s"; in nanoseconds.
private func childrensTime(_ text: String) -> Int64? {
    guard let line = text.split(separator: "\n").last else { return nil }
    let seconds = line.split(separator: " ").compactMap { word -> Double? in
        let parts = word.dropLast().split(separator: "m")
        guard parts.count == 2, let minutes = Double(parts[0]), let rest = Double(parts[1]) else {
            return nil
        }
        return minutes * 60 + rest
    }
    return seconds.count == 2 ? Int64(seconds.reduce(0, +) * 1e9) : nil
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
    let took = Clock.monotonic() - began
    addRate("swpm", what, took, processorTime(of: [daemon]) - before, &table)
    if written() != bytes { table.note("swpm wrote \(written()) bytes of \(bytes)") }
}

/// How quick the daemon answers while a program logs 150 MB a second, and while one logs as much as it can.
private func measureAnswers(_ writer: String, _ table: inout Table) throws {
    for (rate, what) in [(150, "150 MB/s are logged"), (0, "a program floods its log")] {
        let scratch = Scratch()
        defer { scratch.end() }
        let swpm = Swpm(scratch)
        let file = scratch.file(
            "flood.json",
            """
            [{ name: "flood", script: "\(writer)", args: ["1000000000000", "640", "\(rate)"], interpreter: "none",
               log_rotate: { keep: 2, compress: false } }]
            """)
        try swpm.run("start", file)
        usleep(1_000_000)
        let took = try (0..<500).map { _ in
            try time([Programs.swpm, "ping"], swpm.environment, times: 1)
        }.sorted()
        table.add("ping, whole command, while \(what): median", milliseconds(took[250]))
        table.add("the same, \(what), 99th percentile", milliseconds(took[495]))
    }
}
