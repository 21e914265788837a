import Glibc
import Support
import Testing
import Wire

/// What one queue for all workers means for slow requests, for stopped workers, and for health checks.
@Suite(.serialized) struct LivingWithOneQueue {
    /// Three workers of `workers.js`.
    private func start(_ word: String, _ site: Site, _ port: UInt16, more: String = "") throws {
        try site.startNode(.v20, "workers.js", arguments: [word, "\(port)"], instances: 3, more: more)
    }

    @Test(arguments: Owner.here.suffix(1))
    func `a slow request is finished by the worker that a reload replaces`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try start("slow", site, port)
        // Always some in every worker, whenever its turn comes.
        let slow = try Load(port: port, clients: 24, pause: 0, more: ["--timeout", "20"], path: "/slow")
        let quick = try Load(port: port, clients: 4)
        let before = try site.pids(of: "app")
        try site.must("reload", "app")
        let (slowResult, quickResult) = (try slow.stop(), try quick.stop())
        #expect(slowResult.failures == 0, "\(slowResult)\n\(site.daemonLog)")
        #expect(quickResult.failures == 0, "\(quickResult)\n\(site.daemonLog)")
        let old = before.filter { slowResult.byInstance["\($0)"] != nil }
        #expect(!old.isEmpty, "nothing was in work when they were replaced: \(slowResult)")
    }

    @Test func `nobody waits behind one stopped worker, and a queue that nobody empties is announced`() throws
    {
        let site = try Site(.here[0])
        defer { site.scratch.end() }
        let port = freePort()
        try start("http", site, port)
        let pids = try site.pids(of: "app")
        kill(pids[1], SIGSTOP)
        // Longer than `stuck_timeout`, with always somebody who waits.
        let load = try Load.requests(
            2000, port: port, clients: 16, more: ["--pause", "16", "--timeout", "1"])
        #expect(load.failures == 0, "\(load)")
        #expect(!site.daemonLog.contains("stuck") && !site.daemonLog.contains("does not become shorter"))
        for pid in pids { kill(pid, SIGSTOP) }
        let waiting = try (0..<3).map { _ in try Visitor.ask("/", port: port) }
        try eventually(within: .seconds(20), "the announcement\n\(site.daemonLog)") {
            site.daemonLog.contains("does not become shorter, and 3 wait (stuck_timeout)")
        }
        let list = try site.must("list").output
        #expect(list.contains("the queue they share has not become shorter for"), "\(list)")
        let wide = try site.must("list", "--wide").output
        #expect(wide.contains(" 3  shared "), "\(wide)")
        #expect(try site.must("describe", "app").output.contains("for all of them, not becoming fewer"))
        for pid in pids { kill(pid, SIGCONT) }
        try eventually(within: .seconds(20), "its end\n\(site.daemonLog)") {
            site.daemonLog.contains("is taken from again")
        }
        #expect(try !site.must("list").output.contains("the queue they share"))
        for visitor in waiting {
            try eventually(within: .seconds(10), "an answer") {
                visitor.listen()
                return visitor.heard.contains("200 OK")
            }
        }
    }

    @Test(arguments: ["\"wait_ready\": true", "\"health\": \"/\""])
    func `who has to prove himself has a queue of his own, and can be asked alone`(_ proof: String) throws {
        let site = try Site(.here[0])
        defer { site.scratch.end() }
        let port = freePort()
        try start("ready", site, port, more: ", \(proof)")
        for (index, pid) in try site.pids(of: "app").enumerated() {
            let asked = try site.command(
                "curl", ["-sS", "--interface", "127.77.0.\(index)", "http://127.0.0.1:\(port)/"]
            ).run()
            #expect(asked.output.hasPrefix("\(pid) "), "\(asked)")
        }
        #expect(
            try site.slots(of: "app").map { text($0["current"]?["ports"]?["tier"]) }
                == Array(repeating: "steered", count: 3))
    }
}
