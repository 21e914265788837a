import Glibc
import Support
import Testing

@testable import Daemon

/// Where programs of other users find what they are to load: nobody but root may have a hand in it.
@Suite struct PlacingPreloads {
    private let scratch = Scratch()
    private var folder: String { scratch.path("public") }
    /// Whoever we are, somebody else.
    private static let other = getuid() &+ 1000

    private func place() -> String? {
        Preload.place(home: scratch.path("home"), for: Self.other, elsewhere: folder)
    }

    private func expectOurs(_ path: String) {
        var status = stat()
        #expect(lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG)
        #expect(status.st_mode & 0o777 == 0o644 && status.st_uid == getuid())
        #expect(readFile(path) == Preload.source)
    }

    @Test func `it is written once, readable for all and writable for nobody else`() throws {
        defer { scratch.end() }
        let path = try #require(place())
        expectOurs(path)
        var status = stat()
        #expect(stat(folder, &status) == 0 && status.st_mode & 0o777 == 0o755)
        let inode = try #require(lstat(path, &status) == 0 ? status.st_ino : nil)
        #expect(place() == path)
        #expect(lstat(path, &status) == 0 && status.st_ino == inode)
    }

    @Test func `what lies there and says something else is replaced, and no link is followed`() throws {
        defer { scratch.end() }
        let path = try #require(place())
        writeFile(path, "process.exit(1)")
        #expect(place() == path)
        expectOurs(path)
        // The same words, where somebody else could change them later.
        let elsewhere = scratch.file("elsewhere.cjs", Preload.source)
        unlink(path)
        symlink(elsewhere, path)
        #expect(place() == path)
        expectOurs(path)
        chmod(path, 0o666)
        #expect(place() == path)
        expectOurs(path)
        if getuid() == 0 {
            chown(path, Self.other, Self.other)
            #expect(place() == path)
            expectOurs(path)
        }
    }

    @Test func `a directory that somebody else can write to is not used`() throws {
        defer { scratch.end() }
        mkdir(folder, 0o755)
        chmod(folder, 0o777)
        #expect(place() == nil)
        chmod(folder, 0o755)
        #expect(place() != nil)
        if getuid() == 0 {
            chown(folder, Self.other, Self.other)
            #expect(place() == nil)
        }
    }

    @Test func `a link in place of the directory is not followed`() throws {
        defer { scratch.end() }
        let elsewhere = scratch.directory("elsewhere")
        symlink(elsewhere, folder)
        #expect(place() == nil)
        #expect(names(in: elsewhere).isEmpty)
        unlink(folder)
        symlink("/nowhere", folder)
        #expect(place() == nil)
    }

    @Test func `our own programs find it in the home`() throws {
        defer { scratch.end() }
        let home = scratch.directory("home")
        let path = Preload.place(home: home, for: nil, elsewhere: folder)
        #expect(path == "\(home)/preload.cjs")
        expectOurs("\(home)/preload.cjs")
        #expect(!exists(folder))
    }
}
