import Glibc
import Linux
import Support
import Testing

/// Files are touched with another user's rights, and only for as long as asked.
@Suite struct ActingForOthers {
    @Test(.enabled(if: geteuid() == 0))
    func `root acts as a process's user, and is root again afterwards`() throws {
        let scratch = Scratch()
        defer { scratch.end() }
        let own = scratch.directory("own", mode: 0o700)
        let everybodys = scratch.directory("everybodys", mode: 0o777)
        var sleeper = Command("sleep", ["100"])
        sleeper.user = 65534
        let running = try sleeper.start()
        defer { _ = try? running.stop(SIGKILL) }
        #expect(throws: SystemError.self) {
            try FileIdentity.act(as: running.process) { () throws(SystemError) in
                try File.append([1], to: "\(own)/file")
            }
        }
        try FileIdentity.act(as: running.process) { () throws(SystemError) in
            try File.append([1], to: "\(everybodys)/file")
        }
        #expect(try File.status("\(everybodys)/file")?.owner == 65534)
        try File.append([1], to: "\(own)/file")
        #expect(try File.status("\(own)/file")?.owner == 0)
    }

    @Test func `for one's own processes nothing changes`() throws {
        #expect(try FileIdentity.act(as: ThisProcess.identifier) { 7 } == 7)
        #expect(throws: SystemError.self) { try FileIdentity.act(as: 1 << 30) { 7 } }
    }
}
