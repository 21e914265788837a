import Glibc
import Support
import Testing

/// Node programs that something else starts: npm, a shell, a small tool.
@Suite(.serialized) struct WrappingNode {
    /// How PM2 users write it.
    enum Way: String, CaseIterable, CustomTestStringConvertible {
        case npm = "npm start"
        case run = "npm run x -> sh -c exec node"
        case background = "node & wait"
        case file = "start.sh"
        case tool = "npm start -> a tool -> node"
        case yarn = "yarn start"

        var testDescription: String { rawValue }

        /// Two in `make test`: what everybody has, and what hides Node best.
        static var some: [Way] { Counts.isSoak ? allCases : [.npm, .background] }

        /// `script` and `args` of a file, for a command in words.
        func lines(_ site: Site, _ node: String) throws -> String {
            func package(_ name: String, _ text: String) {
                site.file(
                    "package.json", "{\"name\": \"x\", \"scripts\": {\"\(name)\": \"\(text)\"}}")
            }
            switch self {
            case .npm:
                // Whatever comes before the server gives the channel back.
                package("start", "node -p 1 && \(node)")
                return "\"script\": \"npm\", \"args\": \"start\""
            case .run:
                package("x", "sh -c 'exec \(node)'")
                return "\"script\": \"npm\", \"args\": [\"run\", \"x\"]"
            case .background: return "\"script\": \"\(node) & wait\""
            case .file:
                let path = site.file("start.sh", "cd . || exit\n\(node)\n")
                return "\"script\": \"\(path)\""
            case .tool:
                package("start", "node \(try site.fixture("node/launch.js")) \(node)")
                return "\"script\": \"npm start\""
            case .yarn:
                // Debian calls it by another name.
                try #require(isExecutable("/usr/bin/yarnpkg"), "yarnpkg is missing: .ci/setup")
                _ = symlink("/usr/bin/yarnpkg", "\(site.bin)/yarn")
                package("start", "node -p 1 && \(node)")
                return "\"script\": \"yarn\", \"args\": \"start\""
            }
        }
    }

    private func start(_ way: Way, _ node: String, _ site: Site, more: String) throws {
        let path = site.file(
            "app.json",
            """
            {"apps": [{"name": "app", "cwd": "\(site.scratch.path)", \(try way.lines(site, node)),
            "env": {"NODE_PATH": "/usr/share/nodejs", "NODE_OPTIONS": "--no-warnings",
            "npm_config_update_notifier": "false"}\(more)}]}
            """)
        try site.must("start", path)
    }

    @Test(arguments: Way.some, [Owner.here[Owner.here.count - 1]])
    func `a reload under saturated keep-alive fails no request`(_ way: Way, _ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        let script = try site.fixture("node/express.js")
        try start(way, "node \(script) \(port)", site, more: ", \"instances\": 2, \"kill_timeout\": \"60s\"")
        // What has not listened within min_uptime counts as ready, too.
        try eventually(within: .seconds(30), "it listens") { (try? Visitor(port: port)) != nil }
        let load = try Posting(site, "http://127.0.0.1:\(port)/")
        for _ in 0..<Counts.of(2, soak: 10) { try site.must("reload", "app", within: .seconds(50)) }
        try load.expectNoFailure(site)
        try site.must("stop", "app", within: .seconds(50))
        #expect(site.living.isEmpty, "\(site.living)")
    }

    @Test(arguments: Way.allCases, NodeVersion.one(.v20))
    func `the server has a channel, and nothing of it is seen by others`(
        _ way: Way, _ version: NodeVersion
    ) throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let port = freePort()
        let node = "\(try version.program(for: site)) \(try site.fixture("node/wrapped.js")) \(port)"
        try start(way, node, site, more: ", \"wait_ready\": true, \"listen_timeout\": \"30s\"")
        func answer() throws -> String {
            try site.command("curl", ["-s", "http://127.0.0.1:\(port)/"]).run().output
        }
        #expect(try answer().contains(" function/--no-warnings/ undefined/--no-warnings/ "))
        try site.must("send", "app", "hello")
        try eventually("the message") { try answer().contains("hello") }
        let daemon = try #require(site.own.first { $0.command[1] == "daemon" })
        kill(daemon.id, SIGKILL)
        try eventually(within: .seconds(20), "another daemon") { try site.swpm("ping").succeeded }
        try eventually("a message by the next daemon\n\(site.daemonLog)") {
            _ = try site.swpm("send", "app", "again")
            return try answer().contains("hello,again")
        }
        try site.must("stop", "app")
        #expect(site.living.isEmpty, "\(site.living)")
    }

    @Test func `one at a time has it, and the next one when that ends`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let (port, other) = (freePort(), freePort())
        let node = "node \(try site.fixture("node/wrapped.js"))"
        let later = "(until curl -s http://127.0.0.1:\(port); do sleep 0.05; done; exec \(node) \(other))"
        let loop = "while :; do \(node) \(port); done"
        let path = site.file(
            "app.json",
            "{\"apps\": [{\"name\": \"app\", \"script\": \"\(later) & \(loop)\", \"wait_ready\": true}]}")
        try site.must("start", path)
        func answer(_ port: UInt16) throws -> [String] {
            try site.command("curl", ["-s", "http://127.0.0.1:\(port)/"]).run().output
                .split(separator: " ").map(String.init)
        }
        try eventually(within: .seconds(20), "both servers") {
            try answer(port).count > 2 && answer(other).count > 2
        }
        #expect(try answer(port)[1] == "function//")
        #expect(try answer(other)[1] == "undefined//")
        let before = try answer(port)[0]
        try site.must("send", "app", "end")
        try eventually(within: .seconds(20), "another that has it\n\(site.daemonLog)") {
            let words = try answer(port)
            return words.count > 2 && words[0] != before && words[1] == "function//"
        }
        try site.must("send", "app", "hello")
    }

    @Test func `what is no Node program is given two descriptors and two variables, and no messages`() throws
    {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let told = site.scratch.path("told")
        let look =
            "env > \(told).new; ls -1 /proc/$$/fd >> \(told).new; mv \(told).new \(told); exec sleep 1000"
        let path = site.file(
            "app.json",
            "{\"apps\": [{\"name\": \"app\", \"script\": \"\(look)\", \"shutdown_with_message\": true, "
                + "\"kill_timeout\": \"60s\"}]}")
        try site.must("start", path)
        let lines = try eventually("what it sees") { readFile(told) }.split(separator: "\n").map(String.init)
        #expect(lines.filter { $0.hasPrefix("SWPM_CHANNEL=") }.count == 1, "\(lines)")
        #expect(
            lines.filter { $0.hasPrefix("NODE_") }.count == 2, "NODE_APP_INSTANCE, NODE_OPTIONS: \(lines)")
        #expect(
            lines.compactMap { Int($0) }.filter { $0 > 10 && $0 < 200 }.sorted() == [100, 101], "\(lines)")
        let refused = try site.swpm("send", "app", "hello")
        #expect(refused.code == 1 && refused.errors.contains("takes no messages"), "\(refused)")
        // It could not read the word: the signal ends it.
        try site.must("stop", "app", within: .seconds(40))
    }
}
