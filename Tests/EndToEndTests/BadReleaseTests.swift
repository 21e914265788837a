import Support
import Testing

/// A bad release never takes the site down: the old version stays, and the command says why.
@Suite(.serialized) struct RefusingBadReleases {
    struct Bad: CustomTestStringConvertible {
        var fixture: String
        /// What whoever deploys it must be told.
        var told: [String]
        var testDescription: String { fixture }
    }

    static let all = [
        Bad(fixture: "broken/exits.js", told: ["exited with code 3", "Error: DATABASE_URL is not set"]),
        Bad(fixture: "broken/never-listens.js", told: ["did not listen on"]),
        Bad(fixture: "broken/other-port.js", told: ["did not listen on"]),
    ]

    @Test(arguments: all, Owner.here)
    func `a reload to it exits 6 and changes nothing`(_ bad: Bad, _ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        let file = write(site, script: try site.fixture("node/server.js"), port: port)
        try site.must("start", file)
        let before = try site.pids(of: "app")
        let load = try Load(port: port)
        write(site, script: try site.fixture(bad.fixture), port: port)
        let reload = try site.swpm("reload", file)
        #expect(reload.code == 6, "\(reload)\n\(site.daemonLog)")
        #expect(reload.took < .seconds(20), "\(reload)")
        for text in bad.told { #expect(reload.errors.contains(text), "\(reload)") }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(try site.pids(of: "app") == before)
        #expect(Set(result.byInstance.keys) == Set(before.map(String.init)), "\(result)")
        let list = try site.must("list")
        #expect(list.output.contains("reload failed"), "\(list)")
        #expect(site.living.count == 2, "\(site.living)")
    }

    @discardableResult
    private func write(_ site: Site, script: String, port: UInt16) -> String {
        site.file(
            "ecosystem.json",
            """
            { "apps": [ { "name": "app", "script": "\(script)", "instances": 2, "listen_timeout": 3000,
              "env": { "PORT": "\(port)", "OTHER_PORT": "\(freePort())" } } ] }
            """)
    }
}
