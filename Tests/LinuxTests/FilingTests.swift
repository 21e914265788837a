import Linux
import Testing

/// A directory that goes with the test.
func withDirectory(_ body: (String) throws -> Void) throws {
    let directory = try Directory.createUnique("/tmp/swpm-test-")
    defer { #expect(throws: Never.self) { try Directory.removeTree(directory) } }
    try body(directory)
}

@Suite struct Filing {
    @Test func `a replaced file has the new content and is its owner's alone`() throws {
        try withDirectory { directory in
            let path = directory + "/state"
            try File.replace(path, with: Array("one".utf8))
            try File.replace(path, with: Array("two".utf8))
            #expect(try File.read(path) == Array("two".utf8))
            #expect(try File.status(path)?.mode == 0o600)
            #expect(try Directory.names(in: directory) == ["state"])
        }
    }

    @Test func `a failure says what was attempted and what the kernel said`() {
        #expect {
            _ = try File.open("/no/such/file")
        } throws: {
            "\($0)" == "cannot open /no/such/file: No such file or directory"
        }
    }

    @Test func `a bounded log puts whole files aside and forgets the oldest`() throws {
        try withDirectory { directory in
            let log = BoundedLog(directory + "/log", limit: 10, kept: 2)
            for number in 1...5 {
                let isNew = try log.append(Array("line \(number) is long\n".utf8))
                #expect(isNew == (number > 1))
            }
            #expect(try Directory.names(in: directory) == ["log", "log.1", "log.2"])
            #expect(try File.read(directory + "/log") == Array("line 5 is long\n".utf8))
            #expect(try File.read(directory + "/log.2") == Array("line 3 is long\n".utf8))
            #expect(try File.status(directory + "/log")?.mode == 0o600)
            try log.open().writeAll(Array("x".utf8))
            #expect(try File.read(directory + "/log") == Array("x".utf8))
            try File.append(Array("y".utf8), to: directory + "/log")
            #expect(try !log.append([0x7a]))
            #expect(try File.read(directory + "/log") == Array("xyz".utf8))
        }
    }

    @Test func `directories are made with those above them`() throws {
        try withDirectory { directory in
            try Directory.create(directory + "/a/b/c", mode: 0o700)
            try Directory.create(directory + "/a/b/c", mode: 0o700)
            #expect(try File.status(directory + "/a/b/c")?.kind == .directory)
            #expect(try File.status(directory + "/a")?.mode == 0o700)
            try File.append([1], to: directory + "/file")
            #expect(throws: SystemError.self) { try Directory.create(directory + "/file/x") }
        }
    }

    @Test func `a lock is held by one open file until its last copy is closed`() throws {
        try withDirectory { directory in
            let first = try File.open(directory + "/lock", [.readAndWrite, .create])
            let second = try File.open(directory + "/lock", .readAndWrite)
            #expect(try first.lock())
            #expect(try !second.lock())
            let copy = try first.duplicate()
            _ = consume first
            #expect(try !second.lock())
            _ = consume copy
            #expect(try second.lock())
        }
    }

    @Test(arguments: [
        ("", 3, ""), ("one", 3, "one"), ("a\nb\nc\n", 2, "b\nc\n"), ("a\nb\nc", 2, "b\nc"),
        ("a\nb\n", 2, "a\nb\n"),
        ("\n\n\n", 2, "\n\n"), ("a\nb\n", 0, ""), ("a\nb\n", 9, "a\nb\n"),
    ])
    func `the tail is the last whole lines`(content: String, lines: Int, expected: String) throws {
        try withDirectory { directory in
            try File.append(Array(content.utf8), to: directory + "/log")
            let tail = try File.tail(directory + "/log", lines: lines)
            #expect(String(decoding: tail.bytes, as: UTF8.self) == expected)
            #expect(tail.end == Int64(content.utf8.count))
        }
    }

    @Test func `the tail of a big file is found across chunks, and never more than the limit`() throws {
        try withDirectory { directory in
            let line = [UInt8](repeating: 0x78, count: 999) + [0x0a]
            let bytes = [UInt8]((0..<300).map { _ in line }.joined())
            try File.append(bytes, to: directory + "/log")
            #expect(try File.tail(directory + "/log", lines: 200).bytes.count == 200_000)
            #expect(try File.tail(directory + "/log", lines: 200, atMost: 70_000).bytes.count == 70_000)
        }
    }

    @Test func `content in memory is shared by all who map it, and sealed content cannot change`() throws {
        let file = try MemoryFile.create("shared")
        let one = try SharedMapping(file, length: 4096)
        let other = try SharedMapping(try file.duplicate(), length: 4096)
        one.withBytes { $0[7] = 42 }
        #expect(other.withBytes { $0[7] } == 42)
        let sealed = try MemoryFile.sealed("sealed", [1, 2, 3])
        #expect(try sealed.contents() == [1, 2, 3])
        #expect(throws: SystemError.self) { try sealed.write([9], at: 0) }
        #expect(throws: SystemError.self) { try sealed.truncate(to: 0) }
    }

    @Test func `the working directory is the one the user sees`() throws {
        #expect(try File.resolve(ThisProcess.workingDirectory()) == File.resolve("."))
    }
}
