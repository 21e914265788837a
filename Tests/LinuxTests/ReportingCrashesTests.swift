import Glibc
import Support
import Testing

/// What a process says when it dies of its own mistake.
@Suite struct ReportingCrashes {
    @Test(arguments: [
        ("trap", [SIGILL, SIGTRAP]), ("address", [SIGSEGV]), ("abort", [SIGABRT]), ("overflow", [SIGSEGV]),
        ("thread", [SIGILL, SIGTRAP]),
    ])
    func `a crash leaves a trace and ends the process as it would have`(_ kind: String, _ signals: [Int32])
        throws
    {
        try Scratch.with { scratch in
            let log = scratch.file("log", "before\n")
            let finished = try Command(Programs.puppet, ["--report", log, "--crash", kind]).run()
            #expect(signals.contains(finished.signal ?? 0), "\(finished)")
            let lines = (readFile(log) ?? "").split(separator: "\n").map(String.init)
            try #require(lines.count > 2, "\(lines)")
            #expect(lines[0] == "before" && lines[1].hasPrefix("puppet 1.2.3, process "), "\(lines)")
            #expect(lines[1].contains(": ended by SIG"), "\(lines)")
            #expect(lines.dropFirst(2).allSatisfy { $0.hasPrefix("  0x") } && lines.count <= 2 + 64)
            // More than the place where it broke: who called, and who called that.
            #expect(lines.count > 4 || kind == "abort", "\(lines)")
        }
    }
}
