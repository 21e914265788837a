import Support
import Testing

/// `swpm logs` of apps that run, have stopped, or were deleted.
@Suite(.serialized) struct LogsOfApps {
    @Test func `apps that are started appear by themselves, and those that were deleted are still read`()
        throws
    {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let talk = site.file("talk.sh", "echo one; echo woe >&2; exec sleep 1000\n")
        try site.must("start", talk, "--name", "first", "--interpreter", "sh")
        let reader = try site.command(["logs"]).start()
        try eventually("the first app: \(reader.outputSoFar)") {
            reader.outputSoFar.contains("0|first  | one") && reader.outputSoFar.contains("0|first  | woe")
        }
        try site.must("start", talk, "--name", "second", "--interpreter", "sh", "-i", "2")
        try eventually("the second app: \(reader.outputSoFar)\(reader.errorsSoFar)") {
            ["1|second", "2|second"].allSatisfy { reader.outputSoFar.contains("\($0) | one") }
        }
        #expect(try reader.stop().code == 128 + 15)

        #expect(try site.must("logs", "first", "--nostream", "--generation").output.contains("| one"))
        try site.must("stop", "first")
        #expect(try site.must("logs", "first", "--nostream", "--out").output == "0|first  | one\n")
        #expect(try site.must("logs", "first", "--nostream", "--generation").output.contains("| one"))
        try site.must("delete", "first")
        #expect(try site.must("logs", "first", "--nostream", "--out").output == "0|first  | one\n")
        #expect(try !site.must("logs", "--nostream").output.contains("first"))
        let json = try site.must("logs", "--clear-deleted", "--json").output
        #expect(json.hasPrefix(#"{"apps":["first"],"files":"#), "\(json)")
        #expect(!names(in: "\(site.home)/logs").contains { $0.contains("first") })
        #expect(names(in: "\(site.home)/logs").contains("second-out-0.log"))
        let none = try site.must("logs", "--clear-deleted").output
        #expect(none == "there are no logs of apps that were deleted\n")
        #expect(try site.swpm("logs", "first", "--nostream").code == 3)

        try site.must("reload", "second")
        func lines(_ options: String...) throws -> Int {
            let command = site.command(["logs", "second", "--nostream", "--out"] + options)
            return try command.run().output.split(separator: "\n").count
        }
        // The instances of two generations have written to the same files.
        #expect(try lines() == 4 && lines("--generation") == 2)
        #expect(
            try lines("--generation=1") == 2 && lines("--generation=2") == 2 && lines("--generation=3") == 0)
        try site.must("kill")
        #expect(try lines("--generation") == 2)
        #expect(
            try site.must("logs", "second", "--nostream", "--out").output.split(separator: "\n").count == 4)
    }
}
