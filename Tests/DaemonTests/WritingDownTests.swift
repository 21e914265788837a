import Glibc
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

/// What a daemon notes for the next one, where it cannot be written.
@Suite struct WritingDown {
    @Test func `a state that could not be written is written as soon as it can be, and both are said`() throws
    {
        try Scratch.with { scratch in
            let home = Home(path: scratch.path)
            // Not even root can write into a directory.
            scratch.directory("state.json.new")
            let scribe = try Scribe(home: home)
            scribe.save(Array("old".utf8))
            let log = { readFile(home.daemonLog) ?? "" }
            try eventually { log().contains("cannot write \(home.state): Is a directory") }
            scribe.save(Array("new".utf8))
            rmdir(scratch.path("state.json.new"))
            try eventually { readFile(home.state) == "new" }
            try eventually { log().contains("\(home.state) is written again") }
            scribe.finish()
            #expect(log().split(separator: "\n").count == 2, "\(log())")
        }
    }

    @Test func `what is said while the log cannot be written is said later`() throws {
        try Scratch.with { scratch in
            let home = Home(path: scratch.path)
            scratch.directory("daemon.log")
            let scribe = try Scribe(home: home)
            scribe.log("one")
            scribe.save(Array("state".utf8))
            try eventually { readFile(home.state) == "state" }
            rmdir(home.daemonLog)
            try eventually { readFile(home.daemonLog)?.hasSuffix(" one\n") == true }
            scribe.finish()
        }
    }

    @Test func `where the newest state does not fit, the one before is not believed`() throws {
        let file = SharedDescriptor(try MemoryFile.create("pages"))
        let pages = TwoPages(file)
        try pages.write(Array("before".utf8))
        #expect(try TwoPages(file).read() == Array("before".utf8))
        let large = [UInt8](repeating: 1, count: 5 << 20)
        #expect(throws: SystemError.self) { try pages.write(large) }
        #expect(try TwoPages(file).read() == nil)
        try pages.write(Array("after".utf8))
        #expect(try TwoPages(file).read() == Array("after".utf8))
    }

    @Test func `a check that lacks a descriptor says nothing of the program`() {
        for code in [EMFILE, ENFILE, ENOMEM, EAGAIN, EADDRNOTAVAIL] {
            #expect(CheckResult(SystemError("connect", code: code)) == nil)
        }
        let refused = SystemError("connect", code: ECONNREFUSED)
        #expect(CheckResult(refused) == .failed("\(refused)"))
    }
}
