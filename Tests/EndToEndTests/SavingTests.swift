import Glibc
import Linux
import Support
import Testing

/// PM2's habits on top of a list that is always kept.
@Suite struct SavingTheList {
    @Test(arguments: Owner.here)
    func `save says what a boot brings back, and resurrect returns to it`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let nothing = try site.swpm("resurrect")
        #expect(nothing.code == 1 && nothing.errors.contains("nothing was saved"), "\(nothing)")
        #expect(try site.swpm("save").code == 4)

        var start = site.command(["start", "puppet", "--name", "web", "-i", "2"])
        start.environment["API_TOKEN"] = "hidden"
        try #require(try start.run().succeeded)
        for name in ["job", "rest"] { try site.must("start", "puppet", "--name", name) }
        try site.must("stop", "rest")
        let saved = try site.must("save").output
        for part in ["  web: 2 instances\n  job: 1 instance\n", "stay so: rest\n", "API_TOKEN"] {
            #expect(saved.contains(part), "\(saved)")
        }
        #expect(readFile("\(site.home)/saved.json")?.contains("hidden") == false)
        #expect(try site.must("resurrect").output.hasPrefix("nothing is missing"))

        try site.must("delete", "all")
        // The list is empty, and what was saved is not lost to that.
        #expect(try site.swpm("save").code == 1)
        try site.must("resurrect")
        #expect(try stand(site) == ["job online", "rest stopped", "web online", "web online"])

        // After `kill` all are stopped, and in the list.
        try site.must("kill")
        #expect(try site.swpm("dump").code == 4)
        try site.must("resurrect")
        #expect(try stand(site) == ["job online", "rest stopped", "web online", "web online"])

        try site.must("cleardump")
        try site.must("delete", "all")
        try site.must("resurrect")
        #expect(try site.rows().isEmpty)
    }

    /// One after another they would take more than five seconds: who never listens is believed after one.
    @Test(arguments: Owner.here)
    func `resurrect brings all back at once, as a boot does, in the order of the list`(_ owner: Owner) throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let stamps = site.file("stamps", "", mode: 0o666)
        let file = site.file(
            "apps.json",
            "{\"apps\": ["
                + (1...6).map {
                    "{\"name\": \"app\($0)\", \"script\": \"\(site.bin)/puppet\", \"min_uptime\": \"1s\", "
                        + "\"args\": [\"--stamp\", \"\(stamps)\"]}"
                }.joined(separator: ",") + "]}")
        for isDeleted in [true, false] {
            try site.must("start", file)
            try site.must("save")
            try site.must(isDeleted ? "delete" : "stop", "all")
            site.file("stamps", "", mode: 0o666)
            let said = try site.must("resurrect").output
            #expect(!said.contains("no longer in its file"), "\(said)")
            let moments = (readFile(stamps) ?? "").split(separator: "\n").compactMap {
                Int64($0.split(separator: " ")[1])
            }
            #expect(moments.count == 6, "\(moments)")
            #expect((moments.max() ?? 0) - (moments.min() ?? 0) < 900_000_000, "\(moments)")
            let rows = try site.rows()
            #expect(rows.allSatisfy { $0.status == "online" }, "\(rows)")
            #expect(
                rows.sorted { $0.id < $1.id }.map(\.name) == (1...6).map { "app\($0)" }, "\(rows)")
        }
    }

    @Test(arguments: Owner.here)
    func `a daemon that is killed again and again meanwhile brings back all the same`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        // Each with variables of its own is an errand of its own.
        for number in 1...6 {
            let file = site.file(
                "app\(number).json",
                "{\"apps\": [{\"name\": \"app\(number)\", \"script\": \"\(site.bin)/puppet\", "
                    + "\"min_uptime\": \"200\"}]}")
            var start = site.command(["start", file])
            start.environment["OWN"] = "\(number)"
            try #require(try start.run().succeeded)
        }
        try site.must("save")
        try site.must("delete", "all")
        let resurrect = try site.command(["resurrect"]).start()
        for _ in 0..<5 {
            for process in site.own where process.command[1] == "daemon" { kill(process.id, SIGKILL) }
            _ = try Poller().wait(atMost: .milliseconds(50))
        }
        let result = try resurrect.wait(within: .seconds(60))
        #expect(result.succeeded, "\(result)\n\(site.daemonLog)")
        #expect(
            try stand(site) == (1...6).map { "app\($0) online" }, "\(result)\n\(site.daemonLog)")
    }

    private func stand(_ site: Site) throws -> [String] {
        try site.rows().map { "\($0.name) \($0.status)" }.sorted()
    }
}
