import Support
import Testing

/// One static file with nothing beside it.
@Suite struct Released {
    /// What a user is told to expect of its size.
    private static let bytes = 9_000_000

    @Test func `the binary is static and small`() throws {
        let size = try #require(fileSize(Programs.swpm), "swift build -c release")
        #expect(size <= Self.bytes, "\(size) bytes")
        // ldd exits 1 for what is no dynamic executable, and says so.
        let ldd = try Command("ldd", [Programs.swpm]).run()
        #expect(
            "\(ldd)".contains("not a dynamic executable") || "\(ldd)".contains("statically linked"), "\(ldd)")
        #expect(!"\(ldd)".contains("libFoundation"))
    }

    @Test func `it says its version without a home, a daemon or an environment`() throws {
        var command = Command(Programs.swpm, ["--version"])
        command.cleanEnvironment = true
        let finished = try command.run()
        #expect(finished.succeeded && finished.output.hasPrefix("swpm "), "\(finished)")
    }

    @Test(arguments: Owner.here)
    func `reading commands never start a daemon`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        for arguments in [["list"], ["jlist"], ["ping"], ["describe", "x"], ["logs", "--nostream"]] {
            _ = try site.command(arguments).run(within: .seconds(10))
            #expect(site.own.isEmpty, "\(arguments)")
        }
        #expect(try site.must("jlist").output.split(separator: "\n") == ["[]"])
    }
}
