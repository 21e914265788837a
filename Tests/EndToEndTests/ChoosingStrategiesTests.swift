import Glibc
import Support
import Testing

/// The ways of a deploy: instance after instance, all at once, a few at first; and the ways back.
@Suite(.serialized) struct ChoosingStrategies {
    /// An app that answers which release it is, and fails where and when it is told.
    struct App {
        let site: Site
        let port = freePort()
        var instances = 3
        var more = ""

        init(_ owner: Owner, instances: Int = 3, more: String = "") throws {
            site = try Site(owner)
            self.instances = instances
            self.more = more
            site.file(
                "release.js",
                """
                const { PORT, RELEASE, BAD_SLOT, BAD_AFTER, NODE_APP_INSTANCE } = process.env
                const server = require('http').createServer((q, s) => s.end(RELEASE)).listen(PORT, '127.0.0.1')
                // Nobody can save what it has accepted and not answered: it dies when there is nothing of the kind.
                const die = () => server.getConnections((_, n) => n ? setImmediate(die) : process.exit(3))
                if (NODE_APP_INSTANCE === BAD_SLOT) setTimeout(die, Number(BAD_AFTER))
                """)
        }

        @discardableResult
        func write(_ release: String, badSlot: String = "none", after milliseconds: Int = 0) -> String {
            site.file(
                "ecosystem.json",
                """
                { "apps": [ { "name": "app", "script": "release.js", "instances": \(instances)\(more),
                  "env": { "PORT": "\(port)", "RELEASE": "\(release)", "BAD_SLOT": "\(badSlot)",
                  "BAD_AFTER": "\(milliseconds)" } } ] }
                """)
        }

        /// Which release answers, of so many new connections.
        func answers(_ count: Int = 200) throws -> [String: Int64] {
            let result = try Load.requests(count, port: port)
            #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
            return result.byInstance
        }
    }

    @Test(arguments: Owner.here)
    func `a canary gets its share within two points, and ends without a failed request`(_ owner: Owner) throws
    {
        let app = try App(owner, instances: 4)
        let site = app.site
        defer { site.scratch.end() }
        try site.must("start", app.write("1"))
        let before = try site.pids(of: "app")
        for percent in [5, 50] {
            app.write("2")
            let canary = try site.must("reload", "ecosystem.json", "--canary", "\(percent)%")
            #expect(canary.output.contains("\(percent) % of new connections go to generation"), "\(canary)")
            let answers = try app.answers(5000)
            let share = Double(answers["2"] ?? 0) / 50
            #expect(abs(share - Double(percent)) < 2, "\(answers)")
            let load = try Load(port: app.port)
            let list = try site.must("list").output
            #expect(list.contains("canary beside it: \(percent) %"), "\(list)")
            try site.must("rollback", "app")
            let result = try load.stop()
            #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
            #expect(try app.answers() == ["1": 200])
            #expect(try site.pids(of: "app") == before)
        }
        #expect(site.living.count == 4, "\(site.living)")
        let nothing = try site.swpm("promote", "app")
        #expect(nothing.code == 1 && nothing.errors.contains("has no canary"), "\(nothing)")
    }

    @Test(arguments: Owner.here)
    func `a canary survives the daemon, and is promoted without a failed request`(_ owner: Owner) throws {
        let app = try App(owner, instances: 2)
        let site = app.site
        defer { site.scratch.end() }
        try site.must("start", app.write("1"))
        app.write("2")
        try site.must("reload", "ecosystem.json", "--canary", "20")
        let running = Set(site.living.map(\.id))
        try site.replaceDaemon()
        let answers = try app.answers(5000)
        #expect(abs(Double(answers["2"] ?? 0) / 50 - 20) < 2, "\(answers)")
        #expect(Set(site.living.map(\.id)) == running)
        let load = try Load(port: app.port)
        let promoted = try site.must("promote", "app")
        #expect(promoted.output.contains("is promoted"), "\(promoted)")
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(try app.answers() == ["2": 200])
        // The canary is one of them.
        #expect(!running.isDisjoint(with: try site.pids(of: "app")))
        #expect(site.living.count == 2)
    }

    @Test(arguments: Owner.here)
    func `blue-green turns over at once, and back, and loses nothing`(_ owner: Owner) throws {
        let app = try App(owner, more: #", "strategy": "blue-green", "bake": 1000, "min_uptime": 300"#)
        let site = app.site
        defer { site.scratch.end() }
        try site.must("start", app.write("1"))
        let load = try Load(port: app.port)
        try site.must("reload", app.write("2"))
        #expect(try app.answers() == ["2": 200])
        let serving = try site.pids(of: "app")
        var patient = app
        patient.more = #", "strategy": "blue-green", "bake": 600000, "min_uptime": 300"#
        let reload = try site.command(["reload", patient.write("3")]).start()
        try eventually(within: .seconds(60), "the switch") {
            try Load.requests(20, port: app.port).byInstance == ["3": 20]
        }
        let back = try site.must("rollback", "app")
        #expect(back.output.contains("back to generation 2"), "\(back)")
        #expect(try app.answers() == ["2": 200])
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(try site.pids(of: "app") == serving)
        #expect(try reload.wait(within: .seconds(20)).code == 1)
    }

    @Test(arguments: Owner.here)
    func `a blue-green release that ends while it is watched is switched back`(_ owner: Owner) throws {
        let app = try App(owner, more: #", "strategy": "blue-green", "bake": 20000, "min_uptime": 300"#)
        let site = app.site
        defer { site.scratch.end() }
        try site.must("start", app.write("1"))
        let before = try site.pids(of: "app")
        let reload = try site.swpm("reload", app.write("2", badSlot: "1", after: 3000))
        #expect(reload.code == 6, "\(reload)\n\(site.daemonLog)")
        #expect(reload.errors.contains("exited with code 3"), "\(reload)")
        #expect(try app.answers() == ["1": 200])
        #expect(try site.pids(of: "app") == before)
    }

    @Test(arguments: ["0", "2"], Owner.here)
    func `a release that ends inside its bake time in any slot is rolled back in all`(
        _ slot: String, _ owner: Owner
    ) throws {
        let app = try App(owner, more: #", "bake": 1500, "min_uptime": 300"#)
        let site = app.site
        defer { site.scratch.end() }
        try site.must("start", app.write("1"))
        let load = try Load(port: app.port)
        let reload = try site.swpm("reload", app.write("2", badSlot: slot, after: 800))
        #expect(reload.code == 6, "\(reload)\n\(site.daemonLog)")
        #expect(reload.errors.contains("app \(slot) exited with code 3"), "\(reload)")
        #expect(try app.answers() == ["1": 200])
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(site.living.count == 3, "\(site.living)")
    }

    @Test(arguments: Owner.here)
    func `a rollback finds the directory that a link led to, and leaves the link`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        for release in ["42", "43"] {
            site.scratch.directory("releases/\(release)")
            site.file(
                "releases/\(release)/server.js",
                "require('http').createServer((q, s) => s.end('\(release)')).listen(\(port), '127.0.0.1')\n")
        }
        let current = site.scratch.path("current")
        func deploy(_ release: String) throws {
            try #require(Command("/bin/ln", ["-sfn", "releases/\(release)", current]).run().succeeded)
        }
        func answers() throws -> [String: Int64] { try Load.requests(100, port: port).byInstance }
        let file = site.file(
            "ecosystem.json",
            #"{ "apps": [ { "name": "app", "script": "server.js", "cwd": "\#(current)", "instances": 2 } ] }"#
        )
        try deploy("42")
        try site.must("start", file)
        let first = try site.swpm("rollback", "app")
        #expect(first.code == 1 && first.errors.contains("nothing to go back to"), "\(first)")
        try deploy("43")
        try site.must("reload", "app")
        #expect(try answers() == ["43": 100])
        try site.replaceDaemon()
        let load = try Load(port: port)
        let back = try site.must("rollback", "app")
        #expect(back.output.contains("releases/42"), "\(back)")
        #expect(try answers() == ["42": 100])
        try site.must("reload", file)
        #expect(try answers() == ["43": 100])
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
    }
}
