import Console
import Glibc
import Testing

/// The reference pages are what the tables say. `SWPM_WRITE_DOCS=1 swift test --filter Documenting` writes them anew.
@Suite struct Documenting {
    @Test func `the page about commands is fresh`() throws {
        try compare("commands.md", Help.commandsPage)
    }

    @Test func `the page about exit codes is fresh`() throws {
        try compare("exit-codes.md", Help.exitCodesPage)
    }

    @Test func `every command has a page of help`() {
        let overview = Help.lines(about: nil).joined(separator: "\n")
        for name in ["start", "list", "jlist", "describe", "scale", "logs", "monit", "kill"] {
            #expect(overview.contains("\n  \(name)"))
            #expect(Help.lines(about: name)[0].hasPrefix("usage: swpm \(name)"))
        }
        #expect(!overview.contains("keeper"))
    }

    private func compare(_ name: String, _ text: String, file: String = #filePath) throws {
        let root = file.split(separator: "/").dropLast(3).joined(separator: "/")
        let path = "/\(root)/docs/reference/\(name)"
        if getenv("SWPM_WRITE_DOCS") != nil {
            let page = try #require(fopen(path, "w"))
            fputs(text, page)
            fclose(page)
        }
        let page = try #require(fopen(path, "r"))
        defer { fclose(page) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, page)
        #expect(String(decoding: bytes[..<count], as: UTF8.self) == text)
    }
}
