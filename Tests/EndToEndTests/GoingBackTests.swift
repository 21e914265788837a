import Glibc
import Support
import Testing

/// The way back from a release that listens on more than the one before.
@Suite(.serialized) struct GoingBack {
    @Test(arguments: Owner.here)
    func `a release that listens on one more is rolled back, also by the next daemon`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let (port, more) = (freePort(), freePort())
        site.file(
            "server.js",
            """
            const { RELEASE, PORTS } = process.env
            for (const port of PORTS.split(' ')) {
              require('http').createServer((q, s) => s.end(RELEASE)).listen(port, '127.0.0.1')
            }
            """)
        func write(_ release: String, on ports: String) -> String {
            site.file(
                "ecosystem.json",
                """
                { "apps": [ { "name": "app", "script": "server.js", "instances": 2, "listen_timeout": 3000,
                  "env": { "RELEASE": "\(release)", "PORTS": "\(ports)" } } ] }
                """)
        }
        try site.must("start", write("1", on: "\(port)"))
        let load = try Load(port: port)
        try site.must("reload", write("2", on: "\(port) \(more)"))
        #expect(try Load.requests(100, port: more).byInstance == ["2": 100])
        try site.replaceDaemon()
        let back = try site.must("rollback", "app")
        #expect(back.output.contains("back to generation 1"), "\(back)")
        #expect(try Load.requests(100, port: port).byInstance == ["1": 100])
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
    }
}
