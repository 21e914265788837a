import Glibc
import Support
import Testing

/// `balance: "ip"`: a client's address always meets the same place, whoever stands there.
@Suite(.serialized) struct Sticking {
    /// A thousand clients from fifty addresses; which slots each address met.
    private func census(_ site: Site, _ port: UInt16) throws -> [String: Set<Int>] {
        let clients = Counts.of(200, soak: 1000)
        let result = try Load.requests(4 * clients, port: port, clients: clients, more: ["--sources", "50"])
        #expect(result.failures == 0 && result.bySource.count == 50, "\(result)\n\(site.daemonLog)")
        let slots = Dictionary(
            uniqueKeysWithValues: try site.pids(of: "app").enumerated().map { ("\($0.element)", $0.offset) })
        return result.bySource.mapValues { met in Set(met.keys.map { slots[$0] ?? -1 }) }
    }

    private func start(_ site: Site, _ port: UInt16) throws {
        let file = site.file(
            "ecosystem.json",
            """
            { "apps": [ { "name": "app", "script": "puppet", "args": ["--serve", "\(port)", "--host", "0.0.0.0"],
              "instances": 4, "balance": "ip" } ] }
            """)
        try site.must("start", file)
    }

    @Test(arguments: Owner.here)
    func `each address meets the same slot, also after a reload, a crash and another daemon`(_ owner: Owner)
        throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try start(site, port)
        let first = try census(site, port)
        #expect(first.values.allSatisfy { $0.count == 1 }, "\(first)")
        #expect(Set(first.values) == [[0], [1], [2], [3]], "\(first)")
        try site.must("reload", "app")
        #expect(try census(site, port) == first)
        let victim = try site.pids(of: "app")[1]
        try site.crash(victim, of: "app")
        #expect(try census(site, port) == first)
        try site.replaceDaemon()
        #expect(try census(site, port) == first)
    }

    @Test func `when one slot goes, only its clients move`() throws {
        let site = try Site(Owner.here[0])
        defer { site.scratch.end() }
        let port = freePort()
        try start(site, port)
        let before = try census(site, port)
        try site.must("scale", "app", "3")
        let after = try census(site, port)
        for (address, slots) in before {
            if slots == [3] {
                #expect(after[address]?.count == 1 && after[address] != [3])
            } else {
                #expect(after[address] == slots)
            }
        }
        try site.must("scale", "app", "4")
        #expect(try census(site, port) == before)
    }
}
