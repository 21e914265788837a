import Linux
import Support
import Testing

@Suite struct Searching {
    private func bytes(_ text: String) -> ArraySlice<UInt8> { Array(text.utf8)[...] }

    @Test(arguments: [
        ("error", "an error here", true), ("error", "an ERROR here", false), ("^a.*z$", "a to z", true),
        ("(GET|POST) /[a-z]+", "POST /x", true), ("[[:digit:]]{3}", "12", false), ("a\\.b", "axb", false),
        ("", "anything", true), ("ü", "für", true),
    ]) func `an extended expression is found`(pattern: String, text: String, expected: Bool) throws {
        #expect(try Pattern(pattern).matches(bytes(text)) == expected)
    }

    @Test func `capitals are taken for small letters when asked`() throws {
        #expect(try Pattern("error", ignoringCase: true).matches(bytes("an ERROR")))
        #expect(try Pattern("e.*r", ignoringCase: true).matches(bytes("an ERROR")))
    }

    @Test func `bytes that are no text, and NUL, are searched like any other`() throws {
        let line: [UInt8] = [0xFF, 0x00, 0x61, 0x62, 0xC3]
        #expect(try Pattern("ab").matches(line[...]))
        #expect(try Pattern("^[^a]*ab.$").matches([0xFF, 0x01, 0x61, 0x62, 0xC3]))
        #expect(try Pattern("ab").ranges(in: line[...]) == [2..<4])
        #expect(try !Pattern("x").matches([]))
    }

    @Test func `every place is told, and nothing that is empty`() throws {
        #expect(try Pattern("a+").ranges(in: bytes("aa b a")) == [0..<2, 5..<6])
        #expect(try Pattern("^a").ranges(in: bytes("aaa")) == [0..<1])
        #expect(try Pattern("x*").ranges(in: bytes("abc")) == [])
        #expect(try Pattern("a").ranges(in: bytes("xaxa")[1...]) == [0..<1, 2..<3])
    }

    @Test(arguments: ["(", "[a", "*a{2,1}", "a\u{0}b"])
    func `what is no expression is refused with the reason`(
        pattern: String
    ) {
        let mistake = #expect(throws: Pattern.Mistake.self) { try Pattern(pattern) }
        #expect(mistake?.description.isEmpty == false)
    }
}

@Suite struct WatchingDirectories {
    private let scratch = Scratch()

    private func changes(_ watch: borrowing DirectoryWatch) throws -> Set<String> {
        guard case .changes(let changes)? = try watch.read() else { return [] }
        return Set(changes.map(\.name))
    }

    @Test func `writing, making, renaming and removing are told by name`() throws {
        let directory = scratch.directory("logs")
        scratch.file("logs/a", "")
        var watch = try DirectoryWatch()
        try watch.add(directory)
        #expect(try watch.read() == nil)
        try File.append([0x78], to: "\(directory)/a")
        #expect(try changes(watch) == ["a"])
        try File.rename("\(directory)/a", to: "\(directory)/b")
        #expect(try changes(watch) == ["a", "b"])
        try File.append([0x78], to: "\(directory)/c")
        #expect(try changes(watch) == ["c"])
        try File.remove("\(directory)/c")
        #expect(try changes(watch) == ["c"])
    }

    @Test func `what is spliced into a file is told, too`() throws {
        let directory = scratch.directory("logs")
        let file = try File.open("\(directory)/a", [.readAndWrite, .create])
        var watch = try DirectoryWatch()
        try watch.add(directory)
        let (reader, writer) = try Pipe.unbreakable()
        try writer.descriptor.writeAll(Array("hello\n".utf8))
        #expect(try file.splice(from: reader.descriptor, at: 0, atMost: 100) == .moved(6))
        #expect(try changes(watch) == ["a"])
    }

    @Test func `a directory that has gone may have changed anyhow`() throws {
        let directory = scratch.directory("logs")
        var watch = try DirectoryWatch()
        try watch.add(directory)
        try Directory.remove(directory)
        #expect(try watch.read() == .anything)
        #expect(throws: SystemError.self) { try watch.add(directory) }
    }
}
