import Glibc
import Support
import Testing
import Wire

/// Health checks, readiness and the watchdog of the released binary, with programs in Python under load.
@Suite(.serialized) struct KeepingHealthy {
    struct Bad: CustomTestStringConvertible {
        var release: String
        /// What whoever deploys it must be told.
        var told: String
        var slot: Int?
        var testDescription: String { release + (slot.map { " in slot \($0)" } ?? "") }
    }

    /// What is bad, and what is said of it, in the first slot and in the last.
    static let all: [Bad] = [
        ("throws", "RuntimeError: no database"), ("mute", "did not listen on"),
        ("ill", "failed its health check"), ("ill", "500 from /healthz"),
        ("hung", "no answer from /healthz within 500 ms"),
        ("silent", "did not say that it was ready within 3 s"), ("dies", "exited with code 7"),
    ].flatMap { kind in [0, 2].map { Bad(release: kind.0, told: kind.1, slot: $0) } }

    /// All of them for both owners are for `make soak`; here each kind once, now in one slot, now in the other.
    static var some: [(Bad, Owner)] {
        let both = all.flatMap { bad in Owner.here.map { (bad, $0) } }
        guard !Counts.isSoak else { return both }
        let kinds: Set = [1, 2, 7, 8, 11, 12]
        return all.enumerated().filter { kinds.contains($0.offset) }.map { index, bad in
            (bad, Owner.here[index / 2 % Owner.here.count])
        }
    }

    /// Where it shall take its time: a release that dies after 3 s is still within what it must live.
    private static var bake: String { Counts.isSoak ? "4s" : "1500ms" }
    private static var diesAfter: String { Counts.isSoak ? "3" : "1" }

    private let port = freePort()

    @discardableResult
    private func write(_ site: Site, _ release: String, slot: Int? = nil, _ more: String = "") throws
        -> String
    {
        let script = try site.fixture("python/release.py")
        let bad = slot.map { ", \"BAD_SLOT\": \"\($0)\"" } ?? ""
        return site.file(
            "ecosystem.json",
            """
            { "apps": [ { "name": "app", "script": "\(script)", "interpreter": "python3", "instances": 3,
              "listen_timeout": "3s", "min_uptime": "\(Self.bake)", "wait_ready": true, \(more)
              "health": {"http": "/healthz", "interval": "300ms", "timeout": "500ms", "retries": 2},
              "env": { "PORT": "\(port)", "RELEASE": "\(release)", "DIES_AFTER": "\(Self.diesAfter)"\(bad) } } ] }
            """)
    }

    @Test(arguments: some)
    func `a bad release is refused, whatever is bad about it`(_ bad: Bad, _ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let file = try write(site, "good")
        try site.must("start", file)
        let load = try Load(port: port, clients: 8)
        try write(site, bad.release, slot: bad.slot)
        let reload = try site.swpm("reload", file)
        let result = try load.stop()
        #expect(reload.code == 6, "\(reload)\n\(site.daemonLog)")
        #expect(reload.errors.contains(bad.told), "\(reload)")
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        let list = try site.must("list")
        #expect(list.output.contains("reload failed"), "\(list)")
        // All three run the old release, and nothing of the bad one is left.
        #expect(site.living.count == 3, "\(site.living)")
        for facts in site.living {
            let environment = (readBytes("/proc/\(facts.id)/environ") ?? []).split(separator: 0)
            #expect(environment.contains { $0.elementsEqual("RELEASE=good".utf8) }, "\(list)")
        }
    }

    @Test(arguments: Owner.here.suffix(1)) func `a release that needs its time to be healthy gets it`(
        _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let file = try write(site, "good")
        try site.must("start", file)
        let before = try site.pids(of: "app")
        let load = try Load(port: port, clients: 8)
        try write(site, "late", slot: 1)
        try site.must("reload", file)
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(Set(before).isDisjoint(with: try site.pids(of: "app")))
    }

    @Test func `who is ill gets no new connections until he is well`() throws {
        let site = try Site(.here[0])
        defer { site.scratch.end() }
        try site.must("start", try write(site, "good"))
        let pids = try site.pids(of: "app")
        let sick = site.file("sick-1", "")
        try eventually("out of rotation") {
            try site.must("list").output.contains("unhealthy, out of rotation: 500 from /healthz")
        }
        let spread = try Load.requests(60, port: port).byInstance
        #expect(Set(spread.keys) == Set([pids[0], pids[2]].map(String.init)), "\(spread)")
        // By its slot it is reached all the same.
        let asked = try site.command(
            "curl", ["-sS", "--interface", "127.77.0.1", "http://127.0.0.1:\(port)/"]
        ).run()
        #expect(asked.output == "\(pids[1])\n", "\(asked)")
        unlink(sick)
        try eventually("in rotation") {
            try Load.requests(60, port: port).byInstance.keys.contains("\(pids[1])")
        }
        #expect(try site.pids(of: "app") == pids)
    }

    private func writeAlive(_ site: Site) throws -> String {
        site.file(
            "ecosystem.json",
            """
            { "apps": [ { "name": "app", "script": "\(try site.fixture("python/release.py"))",
              "interpreter": "python3", "instances": 3, "kill_timeout": "500ms", "drain_timeout": "1s",
              "min_uptime": "200ms",
              "health": {"http": "/healthz", "interval": "200ms", "timeout": "300ms", "liveness": true},
              "env": { "PORT": "\(port)" } } ] }
            """)
    }

    /// Waits until others stand in the places of these, and sees to it that no two are replaced at once.
    private func awaitReplacement(of victims: Set<Int32>, _ site: Site) throws {
        try eventually(within: .seconds(60), "others in the places of \(victims)\n\(site.daemonLog)") {
            let slots = try site.slots(of: "app")
            let candidates = slots.flatMap { slot in
                elements(slot["others"]).filter { ["launching", "starting"].contains(text($0["phase"])) }
            }
            #expect(candidates.count <= 1, "two at once: \(slots)")
            let rows = try site.rows(of: "app")
            return rows.allSatisfy { $0.status == "online" && $0.pid > 0 && !victims.contains($0.pid) }
        }
        try eventually(within: .seconds(30), "the end of \(victims)") {
            !site.living.contains { victims.contains($0.id) }
        }
    }

    @Test(arguments: Owner.here)
    func `with liveness who answers no health check is drained and replaced under load, one at a time`(
        _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", try writeAlive(site))
        let before = try site.pids(of: "app")
        let load = try Load(port: port, clients: 8)
        for victim in before.dropFirst() { site.file("hung-\(victim)", "") }
        try awaitReplacement(of: Set(before.dropFirst()), site)
        // It goes on serving everything else to the end, so whoever asked it something gets an answer.
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        #expect(result.byInstance.count == 5, "all have served: \(result)")
        #expect(try site.pids(of: "app")[0] == before[0], "only who hung was replaced")
    }

    @Test(arguments: Owner.here.suffix(1))
    func `with liveness who hangs altogether is replaced under load, and costs only what he was asked`(
        _ owner: Owner
    ) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", try writeAlive(site))
        let before = try site.pids(of: "app")
        let clients = 8
        let load = try Load(port: port, clients: clients)
        kill(before[1], SIGSTOP)
        try awaitReplacement(of: [before[1]], site)
        let result = try load.stop()
        // Each client can have met him once: by the time it has given up he is out of rotation.
        #expect(result.failures <= clients, "\(result)\n\(site.daemonLog)")
        let after = try site.pids(of: "app")
        #expect(after[0] == before[0] && after[2] == before[2], "only who hung was replaced")
        let why = try site.must("why", "app").output
        #expect(why.contains("process \(before[1]) had not ended 500 ms after the stop signal"), "\(why)")
    }

    @Test func `who falls silent is ended by the watchdog and comes back`() throws {
        let site = try Site(.here[0])
        defer { site.scratch.end() }
        try site.must("start", try write(site, "good", "\"watchdog\": \"1s\","))
        let before = try site.pids(of: "app")
        // Whoever says that it lives stays.
        let lame = site.file("lame-1", "")
        try eventually(within: .seconds(30), "another in slot 1") {
            let rows = try site.rows(of: "app")
            return rows[1].pid != before[1] && rows[1].status == "online"
        }
        unlink(lame)
        let after = try site.pids(of: "app")
        #expect(after[0] == before[0] && after[2] == before[2])
        #expect(try site.must("why", "app").output.contains("watchdog"))
    }
}
