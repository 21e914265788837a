import Glibc
import Support
import Testing

/// Operations belong to the daemon: clients may vanish and wishes may cross, the end is one consistent state.
@Suite(.serialized) struct Interrupting {
    @Test(arguments: Owner.here)
    func `Ctrl-C of the client leaves the reload to the daemon`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.node, instances: 3, port: port)
        let before = Set(try site.pids(of: "app"))
        let load = try Load(port: port)
        let reload = try site.command(["reload", "app"]).start()
        try eventually(within: .seconds(20), "the first candidate") {
            !before.isSuperset(of: site.living.map(\.id))
        }
        let interrupted = try reload.stop(SIGINT)
        #expect(interrupted.code == 130, "\(interrupted)")
        try eventually(within: .seconds(60), "the end of the reload\n\(site.daemonLog)") {
            let rows = try site.rows(of: "app")
            return rows.allSatisfy { $0.status == "online" && !before.contains($0.pid) } && site.agrees(rows)
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
    }

    @Test(arguments: Owner.here)
    func `two reloads and a scale at once end in one state`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let port = freePort()
        try site.start(.swift, instances: 2, port: port)
        let before = Set(try site.pids(of: "app"))
        let load = try Load(port: port)
        let commands = [["reload", "app"], ["reload", "app"], ["scale", "app", "4"]]
        let running = try commands.map { try site.command($0).start() }
        for command in running {
            let finished = try command.wait(within: .seconds(120))
            #expect(finished.succeeded, "\(finished)\n\(site.daemonLog)")
        }
        try eventually(within: .seconds(60), "rest\n\(site.daemonLog)") {
            let rows = try site.rows(of: "app")
            return rows.count == 4 && rows.allSatisfy { $0.status == "online" && !before.contains($0.pid) }
                && site.agrees(rows)
        }
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
    }
}

extension Site {
    /// Whether the table names exactly the processes there are.
    func agrees(_ rows: [Row]) -> Bool { Set(rows.map(\.pid)) == Set(living.map(\.id)) }
}
