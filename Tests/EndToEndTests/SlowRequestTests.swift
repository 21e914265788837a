import Glibc
import Support
import Testing

/// A request that takes longer than a reload would.
@Suite(.serialized) struct AskingSlowly {
    /// How it is written in an ecosystem file.
    private struct Kind {
        var name: String
        var lines: String
    }

    private func kinds(_ site: Site) throws -> [Kind] {
        let node = "\"script\": \"\(try site.fixture("node/slow.js"))\", \"exec_mode\": \"cluster\""
        let python =
            "\"script\": \"\(try site.fixture("python/patient.py"))\", \"interpreter\": \"/usr/bin/python3\""
        let go = try Server.go.arguments(site, port: 0)[0]
        return [
            Kind(name: "shared", lines: "\(node), \"balance\": \"shared\""),
            Kind(name: "steered", lines: "\(node), \"balance\": \"even\""),
            Kind(name: "unaided", lines: "\(node), \"balance\": \"even\", \"node_preload\": false"),
            Kind(name: "python", lines: python), Kind(name: "go", lines: "\"script\": \"\(go)\""),
        ]
    }

    /// One reload of five apps; 20 beside busy processors in a soak. A round once took 47 s, and nobody knew why.
    @Test(arguments: Owner.here.suffix(Counts.of(1, soak: 2)))
    func `a request of three seconds is answered by whom it was put to, and nobody waits longer for it`(
        _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let kinds = try kinds(site)
        let ports = kinds.map { _ in freePort() }
        let apps = zip(kinds, ports).map { kind, port in
            "{\"name\": \"\(kind.name)\", \(kind.lines), \"args\": [\"\(port)\"], \"instances\": 2, "
                + "\"min_uptime\": \"300\", \"drain_grace\": \"2s\"}"
        }
        try site.must("start", site.file("apps.json", "{\"apps\": [\(apps.joined(separator: ", "))]}"))
        for port in ports { try eventually("it listens") { (try? Visitor(port: port)) != nil } }
        let busy = try (0..<Counts.of(0, soak: 3)).map { _ in
            try site.command("/bin/sh", ["-c", "while :; do :; done"]).start()
        }
        for round in 0..<Counts.of(1, soak: 20) {
            let pids = try kinds.map { Set(try site.pids(of: $0.name).map { "\($0)" }) }
            let visitors = try ports.map { port in
                try (0..<4).map { _ in try Visitor.ask("/slow?3", port: port) }
            }
            let reload = try site.command(["reload", "all"]).start()
            for (index, kind) in kinds.enumerated() {
                for visitor in visitors[index] {
                    try visitor.until("\(kind.name) answers") { visitor in
                        pids[index].contains {
                            visitor.heard.hasSuffix("\($0)\n") || visitor.heard.contains("\r\n\($0)\n")
                        }
                    }
                }
            }
            let finished = try reload.wait(within: .seconds(60))
            if Counts.isSoak { print("slow requests, \(owner), round \(round): \(finished.took)") }
            #expect(finished.succeeded, "\(finished)\n\(site.daemonLog)")
            // Two slots after one another: at most the request, the grace, and the program's time to notice for each.
            #expect(finished.took < .seconds(30), "round \(round): \(finished)\n\(site.daemonLog)")
        }
        for other in busy { try other.stop(SIGKILL) }
    }
}
