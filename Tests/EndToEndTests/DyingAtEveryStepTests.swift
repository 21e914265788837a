import Glibc
import Support
import Testing

/// The daemon is killed at every step that it takes: before and after each effect, each deposit, each call that it takes
/// from the kernel and answers, and each write of the state. The build that can be told to (`make faults`) is too expensive
/// for `make test`.
@Suite(.serialized, .enabled(if: Programs.faulty != nil)) struct DyingAtEveryStep {
    @Test(arguments: Owner.here)
    func `a start, a reload under load, a scale, a restart and a stop go on from any step`(_ owner: Owner)
        throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        copyFile(try #require(Programs.faulty), to: "\(site.bin)/swpm")
        let port = freePort()
        try site.start(.swift, instances: 2, port: port, options: ["--zero-downtime"])
        let load = try Load(port: port, clients: 4, pause: 5)
        var steps = try site.dieAtEveryStep(of: ["reload", "app"])
        steps += try site.dieAtEveryStep(of: ["scale", "app", "3"], back: ["scale", "app", "2"])
        steps += try site.dieAtEveryStep(of: ["scale", "app", "2"], back: ["scale", "app", "3"])
        steps += try site.dieAtEveryStepUp()
        let result = try load.stop()
        #expect(result.failures == 0, "\(result)\n\(site.daemonLog)")
        // From here on nobody serves now and then: there is no load.
        steps += try site.dieAtEveryStep(of: ["stop", "app"], back: ["start", "app"])
        try site.must("stop", "app")
        steps += try site.dieAtEveryStep(of: ["start", "app"], back: ["stop", "app"])
        try site.must("start", "app")
        steps += try site.dieAtEveryStep(of: ["restart", "app"])
        #expect(steps > 200, "there are more steps than \(steps)")
        try site.must("delete", "app")
        #expect(site.living.isEmpty, "\(site.living)")
    }
}

extension Site {
    /// Has the daemon die at its first step while it does this, at its second when it does it again, and so on; how many
    /// steps there were.
    fileprivate func dieAtEveryStep(of words: [String], back: [String] = []) throws -> Int {
        var step = 1
        while true {
            let before = deaths
            order(step)
            try go(words, step)
            let hasDied = deaths > before
            if !back.isEmpty { try go(back, step) }
            if !hasDied { return step }
            step += Counts.of(7, soak: 1)
        }
    }

    /// The same for a daemon that takes over.
    fileprivate func dieAtEveryStepUp() throws -> Int {
        var step = 1
        while true {
            let before = deaths
            order(step)
            try replaceDaemon()
            let hasDied = deaths > before + 1
            try go(["reload", "app"], step)
            if !hasDied { return step }
            step += Counts.of(7, soak: 1)
        }
    }

    private func go(_ words: [String], _ step: Int) throws {
        let finished = try command(words).run(within: .seconds(60))
        try #require(finished.succeeded, "\(words) at step \(step): \(finished)\n\(daemonLog)")
        try eventually(within: .seconds(20), "\(words) at step \(step): \(living)\n\(daemonLog)") {
            try agrees(rows(of: "app").filter { $0.pid > 0 })
        }
    }

    /// In one piece: it is read at the next step.
    private func order(_ step: Int) {
        writeFile("\(home)/order", "\(step)")
        rename("\(home)/order", "\(home)/fault")
    }

    private var deaths: Int {
        (readFile("\(home)/daemon.log") ?? "").split(separator: "\n").count {
            $0.hasSuffix("was ended by signal 9; starting it again")
        }
    }
}
