import Support
import Testing

/// Many connections over some instances, and many instances.
@Suite(.serialized) struct Spreading {
    @Test(arguments: Owner.here)
    func `ten thousand connections spread evenly over four instances`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.swift, instances: 4, port: port)
        let result = try Load.requests(10_000, port: port)
        #expect(result.failures == 0 && result.succeeded == 10_000, "\(result)")
        #expect(result.byInstance.count == 4, "\(result)")
        for (_, count) in result.byInstance { #expect(2000...3000 ~= count, "\(result)") }
    }

    @Test(arguments: Owner.here)
    func `two hundred instances start, are listed, stop, and nothing is left`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        try site.must("start", "puppet", "--name", "crowd", "-i", "200")
        let rows = try site.rows(of: "crowd")
        #expect(rows.count == 200 && rows.allSatisfy { $0.status == "online" })
        #expect(site.agrees(rows))
        let list = try site.must("list").output
        #expect(list.split(separator: "\n").filter { $0.contains("crowd") }.count >= 200, "\(list)")
        try site.must("stop", "crowd")
        #expect(site.living.isEmpty, "\(site.living)")
        #expect(try site.rows(of: "crowd").allSatisfy { $0.status == "stopped" && $0.pid == 0 })
        try site.must("delete", "crowd")
        #expect(try site.rows().isEmpty)
        try site.must("kill")
        #expect(site.own.isEmpty, "\(site.own)")
    }
}
