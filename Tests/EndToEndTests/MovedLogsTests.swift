import Glibc
import Support
import Testing

/// Logs that are emptied, or moved away by others, while programs write to them.
@Suite(.serialized) struct MovingLogs {
    @Test(arguments: Owner.here)
    func `flush empties logs, removes what was rotated, and the program's next line is there`(_ owner: Owner)
        throws
    {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let (talk, other) = try (Talker(site, "talk", rotate: #"{ size: "50K" }"#), Talker(site, "other"))
        try talk.say(
            (0..<2000).map { "line \($0) \(String(repeating: "x", count: 60))" }.joined(separator: "\n"))
        try other.say("stays")
        try eventually("rotated files\n\(site.daemonLog)") {
            names(in: "\(site.home)/logs").contains { $0.hasPrefix("talk-out-0.log.") }
        }
        let told = try site.must("flush", "talk")
        #expect(told.output == "the logs are empty\n", "\(told)")
        try eventually("nothing\n\(names(in: "\(site.home)/logs"))") {
            fileSize(talk.log) == 0
                && !names(in: "\(site.home)/logs").contains { $0.hasPrefix("talk-out-0.log.") }
        }
        #expect(readFile(other.log) == "stays\n")
        try talk.say("after")
        #expect(readFile(talk.log) == "after\n")
        try site.must("flush")
        try eventually("all of them empty") { fileSize(talk.log) == 0 && fileSize(other.log) == 0 }
        #expect(try site.swpm("flush", "nobody").code == 3)
    }

    @Test(arguments: Owner.here)
    func `reloadLogs and SIGUSR2 make new files at once after others have moved them`(_ owner: Owner) throws {
        let site = try Site(owner)
        defer { site.scratch.end() }
        let talk = try Talker(site, "talk")
        try talk.say("first")
        for (number, order) in ["reloadLogs", "SIGUSR2"].enumerated() {
            let before = readFile(talk.log)
            #expect(rename(talk.log, "\(talk.log).\(number)") == 0)
            if order == "SIGUSR2" {
                kill(try site.daemon, SIGUSR2)
            } else {
                #expect(try site.must("reloadLogs").output == "all log files are opened anew\n")
            }
            // Without a line being said: nobody has to write for it.
            try eventually("a new file after \(order)\n\(site.daemonLog)") { fileSize(talk.log) == 0 }
            try talk.say("after \(order)")
            #expect(readFile(talk.log) == "after \(order)\n")
            #expect(readFile("\(talk.log).\(number)") == before)
        }
    }
}

/// An app that says what it is told to say.
private struct Talker {
    let gate: String
    let log: String

    init(_ site: Site, _ name: String, rotate: String = "false") throws {
        gate = site.scratch.path("\(name).gate")
        log = "\(site.home)/logs/\(name)-out-0.log"
        let script = site.file(
            "\(name).sh", "mkfifo $1; exec <> $1; while read -r line; do echo $line; done\n")
        let file = site.file(
            "\(name).json",
            """
            [{ name: "\(name)", script: "\(script)", args: ["\(gate)"], interpreter: "sh", log_rotate: \(rotate) }]
            """)
        try site.must("start", file)
        try eventually("the gate of \(name)\n\(site.daemonLog)") { exists(gate) }
    }

    /// Returns when the line is in the log.
    func say(_ line: String) throws {
        writeFile(gate, line + "\n")
        let last = line.split(separator: "\n").last ?? ""
        try eventually("\(line) in \(log)") { (readFile(log) ?? "").hasSuffix("\(last)\n") }
    }
}
