import Support
import Testing

/// The dashboard in a real terminal, in front of real programs.
@Suite(.serialized) struct Monit {
    private let scratch = Scratch()
    private var home: String { scratch.path("home") }

    /// A daemon with an app `clock` of two instances that tick, and an app `lamp` of one.
    init() throws {
        let script = scratch.file("clock.sh", "while :; do echo tick; sleep 0.1; done\n")
        let path = scratch.path
        scratch.atEnd {
            _ = try? Monit.command(["kill"], home: "\(path)/home").run()
        }
        for options in [["--name", "clock", "-i", "2"], ["--name", "lamp"]] {
            let started = try swpm(["start", script, "--min-uptime", "50ms"] + options)
            try #require(started.succeeded, "\(started)")
        }
    }

    private static func command(_ arguments: [String], home: String) -> Command {
        var command = Command(Programs.swpm, arguments)
        command.environment = ["SWPM_HOME": home]
        return command
    }

    @discardableResult
    private func swpm(_ arguments: [String]) throws -> Finished {
        try Monit.command(arguments, home: home).run()
    }

    /// A terminal in which the dashboard runs, and after it a shell that tells how it ended and what the terminal is
    /// like.
    private func open(columns: Int = 100, rows: Int = 24) throws -> Tmux {
        let line = """
            echo before; '\(Programs.swpm)' monit; echo "ended $?"; \
            modes=$(stty -a | tr ' ;' '\\n\\n' | grep -cx -e icanon -e echo -e isig); \
            test "$modes" = 3 && echo restored; exec sleep 1000
            """
        let terminal = try Tmux(
            line, in: scratch, columns: columns, rows: rows,
            environment: ["SWPM_HOME": home, "NO_COLOR": nil])
        try terminal.wait(for: "q quit")
        return terminal
    }

    private func expectEnd(_ code: Int, of terminal: Tmux) throws {
        let screen = try terminal.wait(for: "restored")
        #expect(screen.contains("ended \(code)"))
        // The screen from before is back.
        #expect(screen.first == "before")
    }

    private func row(_ name: String, _ screen: [String]) -> String? {
        screen.first { $0.contains(" \(name) ") }
    }

    @Test func `it shows apps, instances and the log of the selected one`() throws {
        let terminal = try open()
        let screen = try terminal.wait(for: "tick")
        #expect(screen.contains { $0.contains("2 apps, 3 of 3 instances online") })
        for name in ["clock", "clock 0", "clock 1", "lamp"] {
            #expect(row(name, screen)?.contains("online") == true)
        }
        #expect(screen.contains { $0.contains("log of clock ") })
        try terminal.type("j")
        try terminal.wait(for: "log of clock 0 ")
        try terminal.type("Down", "Down")
        try terminal.wait(for: "log of lamp ")
        try terminal.type("Up", "k")
        try terminal.wait(for: "log of clock 0 ")
        try terminal.type("q")
        try expectEnd(0, of: terminal)
    }

    @Test func `keys restart, reload and stop what is selected`() throws {
        let terminal = try open()
        let before = try pids("clock")
        try terminal.type("l")
        try terminal.wait(for: "clock: reloaded, 2 instances")
        let reloaded = try pids("clock")
        #expect(before.count == 2 && reloaded.count == 2 && Set(before).isDisjoint(with: reloaded))
        try terminal.type("G", "r")
        try terminal.wait(for: "lamp: restarted, 1 instance")
        try terminal.type("s")
        try terminal.wait(for: "lamp: stopped")
        try terminal.wait(for: "2 of 3 instances online")
        #expect(try pids("clock") == reloaded)
        try terminal.type("C-c")
        try expectEnd(0, of: terminal)
    }

    @Test func `it follows the size of the terminal`() throws {
        let terminal = try open()
        for (columns, rows) in [(60, 15), (140, 40), (30, 10)] {
            try terminal.resize(columns: columns, rows: rows)
            try eventually("the keys in the last of \(rows) lines") {
                let screen = try terminal.screen()
                return screen.last { !$0.isEmpty }?.contains("select") == true
                    && screen.firstIndex { $0.contains("select") } == rows - 1
            }
        }
        try terminal.type("Escape")
        try expectEnd(0, of: terminal)
    }

    @Test func `the terminal is given back when a signal ends it`() throws {
        let terminal = try open()
        let found = try Command("pgrep", ["-f", "-x", "\(Programs.swpm) monit"]).run()
        let process = try #require(found.output.split(separator: "\n").first)
        try Command("kill", ["-TERM", "\(process)"]).run()
        try expectEnd(143, of: terminal)
    }

    @Test func `the terminal is given back when the daemon goes`() throws {
        let terminal = try open()
        try swpm(["kill"])
        try terminal.wait(for: "the daemon has gone")
        try expectEnd(4, of: terminal)
    }

    @Test func `it carries on over the death of the daemon`() throws {
        let terminal = try open()
        let found = try Command("pgrep", ["-f", "-x", "/proc/self/exe daemon"]).run()
        for process in found.output.split(separator: "\n") where isOurs(process) {
            try Command("kill", ["-KILL", "\(process)"]).run()
        }
        try terminal.type("G", "r")
        try terminal.wait(for: "lamp: restarted, 1 instance")
        try terminal.type("q")
        try expectEnd(0, of: terminal)
    }

    @Test func `without a terminal it says so`() throws {
        let ended = try swpm(["monit"])
        #expect(ended.code == 1)
        #expect(ended.errors == "monit needs a terminal\n")
    }

    private func pids(_ name: String) throws -> [String] {
        let lines = try swpm(["list"]).output.split(separator: "\n").map { $0.split(separator: " ") }
        return lines.filter { $0.count > 3 && $0[1] == name }.map { String($0[3]) }.filter { $0 != "-" }
            .sorted()
    }

    private func isOurs(_ process: Substring) -> Bool {
        readBytes("/proc/\(process)/environ")?.split(separator: 0)
            .contains { String(decoding: $0, as: UTF8.self) == "SWPM_HOME=\(home)" } == true
    }
}
