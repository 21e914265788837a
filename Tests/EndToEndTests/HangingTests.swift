import Glibc
import Support
import Testing

/// A daemon that hangs, and clients that do.
@Suite(.serialized) struct Hanging {
    private let site: Site

    init() throws { site = try Site(try #require(Owner.here.last)) }

    @Test func `a daemon that hangs is named, and replaced by what there is to type`() throws {
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app")
        let running = try site.pids(of: "app")
        let daemon = try site.daemon
        kill(daemon, SIGSTOP)
        let list = try site.swpm("list")
        #expect(list.code == 4, "\(list)")
        let remedy = "kill -9 \(daemon)"
        #expect(list.errors.contains("while your apps run on: \(remedy)\n"), "\(list)")
        #expect(list.errors.contains("tail \(site.home)/daemon.log"), "\(list)")
        try #require(site.command("/bin/sh", ["-c", remedy]).run().succeeded)
        try eventually(within: .seconds(20), "the next daemon") { try site.swpm("ping").succeeded }
        #expect(try site.pids(of: "app") == running)
    }

    @Test func `a client that does not read what it asked for does not keep the daemon from ending`() throws {
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "app")
        let script = """
            import socket, sys, time
            s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
            for _ in range(2000): s.sendall(b'GET /v1/apps HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n')
            print('asked', flush=True); time.sleep(60)
            """
        let deaf = try site.command("python3", ["-c", script, "\(site.home)/swpm.sock"]).start()
        try eventually(within: .seconds(20), "its questions") { deaf.outputSoFar == "asked\n" }
        let end = try site.must("kill")
        #expect(end.took < .seconds(8), "\(end)")
        #expect(site.own.isEmpty)
        #expect(deaf.isRunning)
    }
}
