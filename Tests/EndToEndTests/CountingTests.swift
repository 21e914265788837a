import Glibc
import Support
import Testing
import Wire

/// Connections, queues and how ports are looked after, as `list --wide`, `describe` and the control interface tell.
@Suite(.serialized) struct CountingConnections {
    private func ports(_ site: Site) throws -> [JSON] {
        try site.slots(of: "app").compactMap { $0["current"]?["ports"] }
    }

    private func counts(_ site: Site) throws -> [Int64] {
        try ports(site).compactMap { number($0["connections"]) }
    }

    @Test(arguments: zip(Owner.here, [Server.uvicorn, .node]))
    func `kept connections are counted where they are`(_ owner: Owner, _ server: Server) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(server, instances: 3, port: port)
        let load = try Load(port: port, clients: 30, pause: 200, more: ["--keep-alive"])
        try eventually(within: .seconds(10), "30 connections") {
            let counts = try counts(site)
            return counts.count == 3 && counts.reduce(0, +) == 30
        }
        let wide = try site.must("list", "--wide").output
        #expect(wide.contains("conn  wait  ports"), "\(wide)")
        #expect(wide.contains(server == .node ? "  shared " : "  steered "), "\(wide)")
        let described = try site.must("describe", "app").output
        #expect(described.contains("connections:") && described.contains(" on "), "\(described)")
        // Nobody counts for those who do not ask.
        #expect(try !site.must("why", "app", "--json").output.contains("\"tier\""))
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)")
        try eventually(within: .seconds(10), "none") { try counts(site) == [0, 0, 0] }
    }

    @Test(arguments: Owner.here.suffix(1))
    func `who waits for an instance is seen`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.swift, instances: 1, port: port, options: ["--zero-downtime"])
        let pid = try site.pids(of: "app")[0]
        kill(pid, SIGSTOP)
        let waiting = try (0..<4).map { _ in try Visitor.ask("/", port: port) }
        try eventually(within: .seconds(10), "4 that wait") {
            elements(try ports(site).first?["listeners"]).compactMap { number($0["waiting"]) } == [4]
        }
        #expect(try counts(site) == [0])
        kill(pid, SIGCONT)
        try eventually(within: .seconds(10), "they are served") {
            waiting.forEach { $0.listen() }
            return waiting.allSatisfy { $0.heard.contains("200 OK") }
        }
    }

    @Test func `what is not held is counted too, and it is said why it is not`() throws {
        let site = try Site(.user)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.uvicorn, instances: 1, port: port)
        let load = try Load(port: port, clients: 5, pause: 200, more: ["--keep-alive"])
        try eventually(within: .seconds(10), "5 connections") { try counts(site) == [5] }
        _ = try load.stop()
        let described = try site.must("describe", "app").output
        #expect(
            described.contains("a single instance, and \"zero_downtime\" was not asked for"), "\(described)")
        #expect(described.contains(":\(port)"), "\(described)")
        let off = site.file(
            "off.json",
            #"{"apps": [{"name": "off", "script": "puppet", "args": ["--tick", "1s"], "zero_downtime": false}]}"#
        )
        try site.must("start", off)
        #expect(try site.must("describe", "off").output.contains("\"zero_downtime\" is off"))
    }
}
