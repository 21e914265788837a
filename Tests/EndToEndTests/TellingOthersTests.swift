import Glibc
import Support
import Testing

/// Lines that go to syslog, to journald and to the daemon's standard output.
@Suite(.serialized) struct TellingOthers {
    @Test(arguments: Owner.here)
    func `every line goes to both loggers and to the file, and a changed list is obeyed at once`(
        _ owner: Owner
    )
        throws
    {
        let site = try site(owner)
        defer { site.scratch.end() }
        let (syslog, journal) = (Receiver(site.syslog), Receiver(site.journald))
        let script = site.file(
            "talk.sh",
            "printf 'one\\n\\tt\\377wo\\n'; echo woe >&2; head -c 60000 /dev/zero | tr '\\0' x; echo; "
                + "while [ ! -e \(site.scratch.path("go")) ]; do sleep 0.05; done; echo three; exec sleep 1000\n"
        )
        try start(site, script, #"["file", "syslog", "journald"]"#)
        var (told, entries): ([[UInt8]], [[String: [UInt8]]]) = ([], [])
        // 60 000 bytes are nine messages of syslog and two of journald.
        try eventually("all messages\n\(site.daemonLog)") {
            told += syslog.take()
            entries += try journal.take().map { try #require(journalFields($0)) }
            return told.count >= 12 && entries.count >= 5
        }
        let texts = told.map { String(decoding: $0, as: UTF8.self) }
        let data = #"app="web" slot="0" generation="1" stream="#
        #expect(texts.count { $0.contains(" web - error [swpm@32473 \(data)\"error\"] woe") } == 1)
        #expect(texts[0].hasPrefix("<30>1 2") || texts[0].hasPrefix("<27>1 2"), "\(texts[0])")
        #expect(told.contains { $0.suffix(7) == [0x5D, 0x20, 0x09, 0x74, 0xFF, 0x77, 0x6F] })
        #expect(told.allSatisfy { $0.count <= 8192 })
        #expect(texts.reduce(0) { $0 + $1.count { $0 == "x" } } == 60_000)
        let messages = entries.map { $0["MESSAGE"] ?? [] }
        #expect(messages.contains([0x09, 0x74, 0xFF, 0x77, 0x6F]) && messages.contains(Array("one".utf8)))
        let woe = try #require(entries.first { $0["MESSAGE"] == Array("woe".utf8) })
        let expected = [
            "PRIORITY": "3", "SYSLOG_IDENTIFIER": "web", "SWPM_APP": "web", "SWPM_SLOT": "0",
            "SWPM_GENERATION": "1", "SWPM_STREAM": "error",
        ]
        for (name, value) in expected { #expect(woe[name] == Array(value.utf8), "\(name)") }
        let log = "\(site.home)/logs/web-out-0.log"
        #expect(fileSize(log) == 4 + 6 + 60_001)

        let pids = try site.pids(of: "web")
        try start(site, script, #"["file", "journald"]"#)
        site.file("go", "")
        try eventually("the last line") {
            journal.take().contains { journalFields($0)?["MESSAGE"] == Array("three".utf8) }
        }
        #expect(syslog.take().isEmpty)
        #expect(try site.pids(of: "web") == pids)
        #expect(readBytes(log)?.suffix(6) == Array("three\n".utf8)[...])
    }

    @Test(arguments: Owner.here)
    func `a logger that is not there holds nobody up, and gets what waited when it comes, and comes again`(
        _ owner: Owner
    ) throws {
        let site = try site(owner)
        defer { site.scratch.end() }
        let gate = site.scratch.path("gate")
        let script = site.file(
            "talk.sh",
            "echo early; mkfifo \(gate); exec <> \(gate); while read -r line; do echo $line; done\n")
        try start(site, script, #""syslog""#)
        try eventually("the complaint\n\(site.daemonLog)") {
            site.daemonLog.contains("syslog (\(site.syslog)): No such file or directory. Lines for it wait")
        }
        #expect(names(in: "\(site.home)/logs").isEmpty)
        for line in ["first", "second"] {
            let receiver = Receiver(site.syslog)
            writeFile(gate, "\(line)\n")
            var told = ""
            try eventually("\(line)\n\(site.daemonLog)") {
                for message in receiver.take() { told += String(decoding: message, as: UTF8.self) + "\n" }
                return told.hasSuffix("] \(line)\n")
            }
            #expect(told.contains("] early\n") == (line == "first"))
            receiver.end()
        }
        try eventually("the good news\n\(site.daemonLog)") {
            site.daemonLog.contains("takes lines again; 0 bytes were dropped")
        }
    }

    @Test(arguments: Owner.here)
    func `a logger that reads nothing loses lines, counted, and the program and its file go on`(
        _ owner: Owner
    )
        throws
    {
        let site = try site(owner)
        defer { site.scratch.end() }
        let receiver = Receiver(site.syslog)
        let script = site.file(
            "flood.sh", "seq -f '%09.0f' 300000; echo done >&2; exec sleep 1000\n")
        try start(site, script, #"["file", "syslog"]"#)
        let log = "\(site.home)/logs/web-out-0.log"
        try eventually(within: .seconds(30), "the whole file\n\(site.daemonLog)") {
            fileSize(log) == 3_000_000
        }
        let description = try site.must("describe", "web", "--json").output
        #expect(description.contains("\"dropped_log_bytes\""), "\(description)")
        #expect(try site.must("list").output.contains("of its output dropped"))
        var (lines, dropped, next) = (0, 0, 0)
        try eventually("everything told or counted: \(lines) \(dropped)") {
            for message in receiver.take() {
                let text = String(decoding: message, as: UTF8.self)
                let line = String(text.split(separator: "\"] ", maxSplits: 1).last ?? "")
                if let number = Int(line) {
                    #expect(number > next, "out of order")
                    next = number
                    lines += 1
                } else if line.hasPrefix("[swpm] ") {
                    #expect(line.hasSuffix(" bytes dropped: syslog (\(site.syslog)): it does not keep up"))
                    dropped += Int(line.split(separator: " ")[1]) ?? 0
                }
            }
            return lines * 10 + dropped == 3_000_000
        }
        #expect(lines > 1000 && dropped > 0)
        try eventually("the good news\n\(site.daemonLog)") { site.daemonLog.contains("takes lines again") }
    }

    @Test(.enabled(if: isExecutable("/usr/sbin/rsyslogd"), "needs rsyslog"))
    func `rsyslog understands what it is told`() throws {
        let site = try site(Owner.here[0])
        defer { site.scratch.end() }
        let file = site.scratch.path("told")
        let configuration = site.file(
            "rsyslog.conf",
            """
            module(load="imuxsock" SysSock.Use="off")
            input(type="imuxsock" Socket="\(site.syslog)" UseSpecialParser="off")
            template(name="told" type="string"
              string="%app-name%|%syslogfacility-text%.%syslogseverity-text%|%msgid%|%structured-data%|%msg%\\n")
            action(type="omfile" file="\(file)" template="told")

            """)
        let daemon = try Command(
            "/usr/sbin/rsyslogd", ["-n", "-f", configuration, "-i", site.scratch.path("pid")]
        ).start()
        try eventually("its socket: \(daemon.errorsSoFar)") { exists(site.syslog) }
        try start(site, site.file("talk.sh", "echo hello; echo woe >&2; exec sleep 1000\n"), #""syslog""#)
        let data = "[swpm@32473 app=\"web\" slot=\"0\" generation=\"1\" stream="
        try eventually("both lines: \(readFile(file) ?? "") \(daemon.errorsSoFar)") {
            let told = readFile(file) ?? ""
            return told.contains("web|daemon.info|out|\(data)\"out\"]|hello\n")
                && told.contains("web|daemon.err|error|\(data)\"error\"]|woe\n")
        }
        try daemon.stop()
    }

    @Test(arguments: Owner.here)
    func `in the foreground lines go to standard output, in the form that files have`(_ owner: Owner) throws {
        let site = try site(owner)
        defer { site.scratch.end() }
        let keeper = try site.command(["keeper"]).start()
        try eventually("the daemon") { exists("\(site.home)/swpm.sock") }
        let script = site.file("talk.sh", "echo hello; echo woe >&2; exec sleep 1000\n")
        try start(site, script, #""stdout", log_date_format: "[at] YYYY""#)
        try eventually("both lines: \(keeper.outputSoFar) \(site.daemonLog)") {
            let lines = keeper.outputSoFar.split(separator: "\n")
            return lines.count == 2 && lines.allSatisfy { $0.hasPrefix("at 2") }
                && lines.contains { $0.hasSuffix(": hello") } && lines.contains { $0.hasSuffix(": woe") }
        }
        try site.must("kill")
        try keeper.wait()
    }

    @Test func `in the background there is no standard output, and that is said`() throws {
        let site = try site(Owner.here[0])
        defer { site.scratch.end() }
        try start(site, site.file("talk.sh", "echo hello; exec sleep 1000\n"), #"["file", "stdout"]"#)
        try eventually("the line\n\(site.daemonLog)") {
            readFile("\(site.home)/logs/web-out-0.log") == "hello\n"
        }
        try eventually("the word\n\(site.daemonLog)") {
            site.daemonLog.contains("lines for stdout go nowhere")
        }
    }

    private func site(_ owner: Owner) throws -> Site {
        let site = try Site(owner)
        site.file(
            "home/config.json",
            #"{ "syslog_socket": "\#(site.syslog)", "journald_socket": "\#(site.journald)" }"#)
        return site
    }

    private func start(_ site: Site, _ script: String, _ outlets: String) throws {
        try site.must(
            "start",
            site.file(
                "app.json",
                #"[{ name: "web", script: "\#(script)", interpreter: "sh", log_to: \#(outlets) }]"#))
    }
}

extension Site {
    fileprivate var syslog: String { scratch.path("syslog.sock") }
    fileprivate var journald: String { scratch.path("journald.sock") }
}
