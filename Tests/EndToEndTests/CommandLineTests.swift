import Support
import Testing

/// What scripts and people rely on: exit codes, streams, and that nothing is started unasked.
@Suite(.serialized) struct CommandLineUse {
    private let scratch = Scratch()
    private var home: String { scratch.path("home") }

    init() {
        let home = home
        scratch.atEnd {
            var command = Command(Programs.swpm, ["kill"])
            command.environment = ["SWPM_HOME": home]
            _ = try? command.run()
        }
    }

    @discardableResult
    private func swpm(_ arguments: String..., environment: [String: String?] = [:]) throws -> Finished {
        try command(arguments, environment).run()
    }

    private func command(_ arguments: [String], _ environment: [String: String?] = [:]) -> Command {
        var command = Command(Programs.swpm, arguments)
        command.directory = scratch.path
        command.environment = ["SWPM_HOME": home]
        for (name, value) in environment { command.environment[name] = value }
        return command
    }

    /// A shell line with `swpm` in its PATH.
    private func shell(_ line: String) throws -> Finished {
        var command = Command(
            "bash", ["-o", "pipefail", "-c", "swpm() { '\(Programs.swpm)' \"$@\"; }; \(line)"])
        command.directory = scratch.path
        command.environment = ["SWPM_HOME": home]
        return try command.run()
    }

    /// An app that lives and does nothing, named `sleeper`.
    private func startSleeper(_ options: String...) throws {
        let script = scratch.file("sleeper.sh", "exec sleep 1000\n")
        let started = try command(["start", script, "--min-uptime", "20ms"] + options).run()
        try #require(started.succeeded, "\(started)")
    }

    private func pids(_ name: String) throws -> [String] {
        let lines = try swpm("list").output.split(separator: "\n").map { $0.split(separator: " ") }
        return lines.filter { $0.count > 3 && $0[1] == name }.map { String($0[3]) }.filter { $0 != "-" }
            .sorted()
    }

    // MARK: - Without a daemon

    @Test func `questions start no daemon`() throws {
        let listed = try swpm("list")
        #expect(listed.code == 0)
        #expect(listed.output.split(separator: "\n").count == 1)
        #expect(listed.errors.hasPrefix("swpm is not running"))
        #expect(try swpm("jlist").output == "[]\n")
        #expect(try swpm("ping").code == 4)
        #expect(try swpm("describe", "web").code == 4)
        #expect(try swpm("logs", "--nostream").code == 0)
        #expect(try swpm("stop", "web").code == 3)
        #expect(try swpm("kill").code == 0)
        #expect(!exists(home))
    }

    @Test func `what is wrong is said on standard error, with the way out`() throws {
        for (arguments, hint) in [
            (["lst"], "did you mean: swpm list"), (["start"], "see: swpm help start"),
            (["list", "--jsn"], "did you mean: --json"),
        ] {
            let ended = try command(arguments).run()
            #expect(ended.code == 2)
            #expect(ended.output == "")
            #expect(ended.errors.contains(hint))
        }
        let missing = try swpm("start", "nothing.js")
        #expect(missing.code == 1 && missing.errors.contains("nothing.js"))
        #expect(!exists(home))
    }

    @Test func `of an ecosystem file in JavaScript one that is read is made by what is said to type`() throws
    {
        scratch.file(
            "ecosystem.config.js",
            "module.exports = { apps: [{ name: 'web', script: 'sleep', args: '1000', min_uptime: 20 }] }\n")
        let ended = try swpm("start", "ecosystem.config.js")
        let way = "  to make one of it: "
        #expect(ended.code == 2 && !exists(home))
        let line = try #require(ended.errors.split(separator: "\n").first { $0.hasPrefix(way) }, "\(ended)")
        #expect(try shell(String(line.dropFirst(way.count))).succeeded)
        #expect(try swpm("start", "ecosystem.json").succeeded)
        #expect(try pids("web").count == 1)
    }

    @Test func `a broken ecosystem file is refused where it is broken`() throws {
        scratch.file("eco.json", "{\n  apps: [\n    { name: \"web\", scrpt: \"x\" }\n  ]\n}\n")
        let ended = try swpm("start", "eco.json")
        #expect(ended.code == 2)
        #expect(ended.errors.hasPrefix("eco.json:3:"))
        #expect(!exists(home))
    }

    // MARK: - The first command

    @Test func `a home that others can write to is closed, somebody else's is not used`() throws {
        scratch.directory("home", mode: 0o777)
        try startSleeper()
        #expect(try Command("stat", ["-c", "%a", home]).run().output == "700\n")
        try swpm("kill")
        // Only root can give a directory away.
        guard try Command("chown", ["1234", home]).run().succeeded else { return }
        let refused = try swpm("start", "sleeper.sh")
        #expect(refused.code == 1)
        #expect(refused.errors.contains("belongs to another user"))
    }

    // MARK: - With a daemon

    @Test func `a program gets the caller's environment, but for what belongs to the caller alone`() throws {
        scratch.file("show.sh", "env > shown; exec sleep 1000\n")
        let started = try swpm(
            "start", "show.sh", "--min-uptime", "20ms",
            environment: ["FLAVOUR": "vanilla", "NODE_CHANNEL_FD": "3", "SWPM_ID": "stolen"])
        #expect(started.code == 0, "\(started)")
        let shown = readFile(scratch.path("shown")) ?? ""
        #expect(shown.contains("FLAVOUR=vanilla\n"))
        #expect(!shown.contains("NODE_CHANNEL_FD") && !shown.contains("SWPM_ID=stolen"))
    }

    @Test func `every command ends with the code that tells how it went`() throws {
        try startSleeper("-i", "2", "--name", "web")
        for (arguments, code) in [
            (["ping"], 0), (["describe", "web"], 0), (["describe", "nobody"], 3), (["stop", "nobody"], 3),
            (["scale", "web", "-1"], 0), (["scale", "web", "3"], 0), (["restart", "web"], 0),
            (["reload", "web"], 0), (["stop", "web", "nobody"], 3), (["start", "web"], 0),
            (["delete", "all"], 0),
            (["reload", "web"], 3),
        ] {
            let ended = try command(arguments).run()
            #expect(ended.code == Int32(code), "\(ended)")
        }
    }

    @Test func `options for an app that is in the list are refused with the way to do it`() throws {
        try startSleeper("--name", "web")
        let ended = try swpm("start", "web", "-i", "4")
        #expect(ended.code == 1)
        #expect(ended.errors.contains("to change how many run: swpm scale web <N>"))
    }

    @Test func `starting a program anew changes how many run only if told so`() throws {
        try startSleeper("-i", "3")
        try startSleeper()
        #expect(try pids("sleeper").count == 3)
        // Kept, but not running.
        try swpm("kill")
        try startSleeper()
        #expect(try pids("sleeper").count == 3)
        try startSleeper("-i", "2")
        #expect(try pids("sleeper").count == 2)
    }

    @Test func `variables that will not be there after a boot are named, never their values`() throws {
        scratch.file("sleeper.sh", "exec sleep 1000\n")
        let start = ["start", "sleeper.sh", "--min-uptime", "20ms"]
        let secret = ["AAA_TOKEN": Optional("hunter2")]
        let started = try command(start, secret).run()
        #expect(started.succeeded && started.errors.contains("not kept across a boot: AAA_TOKEN"))
        #expect(!started.errors.contains("hunter2"))
        // Nothing was begun, or nobody wants to hear it.
        #expect(try command(start, secret).run().errors == "")
        #expect(try command(start + ["--name", "two", "-s"], secret).run().errors == "")
        #expect(try command(start + ["--name", "three", "--json"], secret).run().errors == "")
    }

    @Test func `a program that fails at once is shown with its last words`() throws {
        scratch.file("bad.sh", "echo no database >&2; exit 3\n")
        let ended = try swpm("start", "bad.sh")
        #expect(ended.code == 1)
        #expect(ended.errors.contains("bad 0 exited with code 3"))
        #expect(ended.errors.contains("    no database\n"))
    }

    @Test func `reload of a file replaces also what it leaves unchanged`() throws {
        let app = "name: \"NAME\", script: \"sleeper.sh\", min_uptime: \"20ms\""
        scratch.file("sleeper.sh", "exec sleep 1000\n")
        let apps = ["one", "two"].map { "{ \(app.split(separator: "NAME").joined(separator: $0)) }" }
        scratch.file("eco.json", "{ apps: [\(apps.joined(separator: ", "))] }")
        #expect(try swpm("start", "eco.json").code == 0)
        let before = try pids("one") + pids("two")
        let again = try swpm("start", "eco.json")
        #expect(again.output.contains("one: nothing to do"))
        #expect(try pids("one") + pids("two") == before)
        let reloaded = try swpm("reload", "eco.json")
        #expect(reloaded.code == 0, "\(reloaded)")
        let after = try pids("one") + pids("two")
        #expect(after.count == 2 && Set(after).isDisjoint(with: before))
    }

    @Test func `JSON is pure, also of an operation`() throws {
        try startSleeper("--name", "web")
        guard exists("/usr/bin/jq") else { return }
        #expect(try shell("swpm jlist | jq -r '.[0].name, .[0].pm2_env.status'").output == "web\nonline\n")
        #expect(try shell("swpm list --json | jq length").output == "1\n")
        let reloaded = try shell("swpm reload web --json | jq -r 'select(.reply).reply.result'")
        #expect(reloaded.output == "done\n")
        #expect(reloaded.errors == "")
    }

    // MARK: - Logs

    @Test func `logs shows the last lines, follows, and ends quietly with its reader`() throws {
        scratch.file("talk.sh", "for i in $(seq 30); do echo line $i; done; echo woe >&2; exec sleep 1000\n")
        #expect(try swpm("start", "talk.sh", "--min-uptime", "20ms").code == 0)
        #expect(
            try shell("swpm logs talk --nostream --out --lines 2").output.hasSuffix(
                "line 29\n0|talk   | line 30\n"))
        #expect(try swpm("logs", "--nostream", "--err").output == "0|talk   | woe\n")
        let raw = try swpm("logs", "--nostream", "--raw", "--lines", "1")
        #expect(raw.output == "line 30\n" && raw.errors == "woe\n")
        let piped = try shell("timeout 10 '\(Programs.swpm)' logs talk | head -1")
        #expect(piped.code == 0 && piped.errors == "", "\(piped)")
        #expect(try swpm("logs", "nobody", "--nostream").code == 3)
        try swpm("kill")
        #expect(
            try swpm("logs", "talk", "--nostream", "--out", "--lines", "1").output == "0|talk   | line 30\n")
    }

    @Test func `logs follows what is written now`() throws {
        scratch.file("wait.sh", "while ! test -e go; do sleep 0.02; done; echo gone; exec sleep 1000\n")
        #expect(try swpm("start", "wait.sh", "--min-uptime", "20ms").code == 0)
        let terminal = try Tmux(
            "'\(Programs.swpm)' logs; exec sleep 1000", in: scratch, environment: ["SWPM_HOME": home])
        scratch.file("go", "")
        try terminal.wait(for: "0|wait   | gone")
    }

    // MARK: - In a terminal

    @Test func `a terminal gets a box, progress and colours, and Ctrl-C leaves the operation alone`() throws {
        scratch.file("slow.sh", "exec sleep 1000\n")
        let line = """
            cd '\(scratch.path)'; '\(Programs.swpm)' start slow.sh --min-uptime 1500ms; echo "ended $?"; \
            exec bash --norc
            """
        let terminal = try Tmux(line, in: scratch, environment: ["SWPM_HOME": home, "NO_COLOR": nil])
        try terminal.wait(for: "slow 0: runs as process")
        try terminal.type("C-c")
        try terminal.wait(for: "ended 130")
        try terminal.wait(for: "the operation goes on in the daemon")
        try eventually("the app is online") { try swpm("list").output.contains("online") }
        try terminal.type("clear; '\(Programs.swpm)' list", "Enter")
        try terminal.wait(for: "└────┴")
        #expect(try terminal.colouredScreen().contains("\u{1B}[32m"))
        try terminal.type("clear; NO_COLOR=1 '\(Programs.swpm)' list; echo wi''thout", "Enter")
        try terminal.wait(for: "without")
        #expect(try !terminal.colouredScreen().contains("\u{1B}[32m"))
    }
}
