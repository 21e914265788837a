import Console
import Supervision
import Testing

@Suite struct Parsing {
    private func parse(_ line: String) throws -> Command {
        try ParsedCommand(ShellWords.split(line) ?? []).command
    }

    private func complaint(_ line: String) -> UsageError? {
        do {
            _ = try ParsedCommand(ShellWords.split(line) ?? [])
            return nil
        } catch {
            return error
        }
    }

    @Test func `a program starts with all its options, before and after it`() throws {
        let line = """
            start -i max --name web app.js --cwd /srv --interpreter python3 --interpreter-args "-u -O" \
            --no-autorestart --max-restarts 5 --min-uptime 2s --restart-delay 300 --listen-timeout=8s \
            --kill-timeout 1m --kill-signal INT --stop-exit-codes 0,3 --uid www --gid www --zero-downtime \
            --namespace shop --exp-backoff-restart-delay 50ms -- --port 3000
            """
        var options = StartOptions()
        options.name = "web"
        options.namespace = "shop"
        options.instances = .all
        options.workingDirectory = "/srv"
        options.interpreter = "python3"
        options.interpreterArguments = ["-u", "-O"]
        options.arguments = ["--port", "3000"]
        options.automaticRestart = false
        options.maxRestarts = 5
        options.minUptime = .seconds(2)
        options.restartDelay = .milliseconds(300)
        options.firstBackoff = .milliseconds(50)
        options.listenTimeout = .seconds(8)
        options.killTimeout = .seconds(60)
        options.stopSignal = .interrupt
        options.stopExitCodes = [0, 3]
        options.user = "www"
        options.group = "www"
        options.zeroDowntime = true
        #expect(try parse(line) == .start(targets: ["app.js"], options))
    }

    @Test(arguments: [
        ("-i -1", InstanceCount.allBut(1)), ("-i -2", .allBut(2)), ("-i 4", .exactly(4)),
        ("-i4", .exactly(4)),
        ("-i=-1", .allBut(1)), ("--instances=max", .all), ("-i 0", .all),
    ])
    func `instances are a number, max, or so many fewer than processors`(
        text: String, count: InstanceCount
    ) throws {
        guard case .start(_, let options) = try parse("start app.js \(text)") else {
            Issue.record("not a start")
            return
        }
        #expect(options.instances == count)
    }

    @Test(arguments: [("4", Scale.to(4)), ("+2", .by(2)), ("-1", .by(-1)), ("0", .to(0))])
    func `scale takes a number, more, or fewer`(text: String, scale: Scale) throws {
        #expect(try parse("scale web \(text)") == .scale("web", scale))
    }

    @Test func `signals go by PM2's name too, and a message is one word`() throws {
        #expect(try parse("signal usr2 web") == .signal(Signal(number: 12), "web"))
        #expect(try parse("sendSignal SIGHUP all") == .signal(Signal(number: 1), "all"))
        #expect(try parse("trigger web go") == .trigger("web", action: "go", parameter: nil))
        #expect(try parse("trigger web go {}") == .trigger("web", action: "go", parameter: "{}"))
        #expect(try parse("send web reload") == .send("web", message: "reload"))
    }

    @Test(arguments: ["list", "ls", "l", "ps", "status"])
    func `the list has PM2's aliases`(name: String) throws {
        #expect(try parse(name) == .list)
        #expect(try parse(name + " --wide") == .listWide)
    }

    @Test func `several apps may be named at once`() throws {
        #expect(try parse("stop a b 3") == .stop(["a", "b", "3"]))
        #expect(try parse("restart a b") == .restart(targets: ["a", "b"], environment: nil))
        #expect(try parse("del a b") == .delete(["a", "b"]))
        #expect(
            try parse("reload eco.json --env production")
                == .reload(targets: ["eco.json"], environment: "production"))
        #expect(
            try parse("reload web --force") == .reload(targets: ["web"], environment: nil, isForced: true))
        #expect(try parse("stop --force web api") == .stop(["web", "api"], isForced: true))
        #expect(
            try parse("reload web --canary 5%") == .reload(targets: ["web"], environment: nil, canary: 5))
        #expect(
            try parse("reload --canary=20 web") == .reload(targets: ["web"], environment: nil, canary: 20))
        #expect(try parse("promote web api") == .promote(["web", "api"]))
        #expect(try parse("rollback web") == .rollback(["web"]))
        #expect(try parse("startOrReload eco.json") == .start(targets: ["eco.json"], StartOptions()))
    }

    @Test(arguments: ["version", "-v", "-V", "--version"])
    func `the version has four spellings`(name: String) throws {
        #expect(try parse(name) == .version)
    }

    @Test func `help is found from everywhere`() throws {
        #expect(try ParsedCommand([]).command == .help(nil))
        #expect(try parse("--help") == .help(nil))
        #expect(try parse("help scale") == .help("scale"))
        #expect(try parse("scale --help") == .help("scale"))
        #expect(
            try parse("start app.js -- --help")
                == .start(
                    targets: ["app.js"],
                    {
                        var options = StartOptions()
                        options.arguments = ["--help"]
                        return options
                    }()))
    }

    @Test func `options that hold everywhere stand before or after the command`() throws {
        for line in ["--no-color -s --json list", "list --json --silent --no-color"] {
            let manner = try ParsedCommand(ShellWords.split(line) ?? []).manner
            #expect(manner.json && manner.silent && !manner.colour)
        }
    }

    @Test func `logs takes an app and what to show of it`() throws {
        var options = LogOptions()
        options.target = "web"
        options.lines = 100
        options.follow = false
        options.streams = .errors
        options.form = .raw
        #expect(try parse("logs web --lines 100 --nostream --err --raw") == .logs(options))
        #expect(try parse("logs all") == .logs(LogOptions()))
        #expect(try parse("logs -f --follow") == .logs(LogOptions()))
    }

    @Test func `logs takes times, an expression and a level`() throws {
        var options = LogOptions()
        options.lines = nil
        options.since = .ago(.seconds(600))
        options.until = .moment(0)
        options.pattern = "a b"
        options.isInverted = true
        options.ignoresCase = true
        options.level = .warn
        options.generation = .present
        let line =
            "logs --since 10m --until 1970-01-01T00:00:00Z --grep 'a b' -v -i --level WARNING --generation"
        #expect(try parse(line) == .logs(options))
        options.lines = 3
        #expect(try parse(line + " --lines 3") == .logs(options))
    }

    @Test(arguments: [
        ("logs --timestamp web", "YYYY-MM-DD-HH:mm:ss"), ("logs web --timestamp", "YYYY-MM-DD-HH:mm:ss"),
        ("logs --timestamp HH:mm:ss web", "HH:mm:ss"), ("logs --timestamp=%H web", "%H"),
    ]) func `the format of a time may be left out`(line: String, format: String) throws {
        var options = LogOptions()
        options.target = "web"
        options.timestamps = .format(format)
        #expect(try parse(line) == .logs(options))
    }

    @Test func `a generation is the present one or has a number`() throws {
        var options = LogOptions()
        options.target = "web"
        options.generation = .present
        #expect(try parse("logs web --generation") == .logs(options))
        #expect(try parse("logs --generation web") == .logs(options))
        options.generation = .number(3)
        #expect(try parse("logs --generation 3 web") == .logs(options))
        #expect(try parse("logs web --generation=3") == .logs(options))
        #expect(throws: UsageError.self) { try parse("logs web --generation=x") }
    }

    @Test func `what is marked may be left out`() throws {
        var options = LogOptions()
        #expect(try parse("logs --highlight") == .logs(options))
        options.highlight = "x"
        #expect(try parse("logs --highlight x") == .logs(options))
        options.target = "web"
        #expect(try parse("logs --highlight=x web") == .logs(options))
    }

    @Test(arguments: ["--since", "--until"]) func `what is no time is refused with examples`(option: String) {
        let error = #expect(throws: UsageError.self) { try ParsedCommand(["logs", option, "soon"]) }
        #expect(error?.message == "\(option) \u{201C}soon\u{201D} is no time")
        #expect(error?.hint.hasPrefix("as in: 10m, 2h, 2026-11-21T09:30:00Z") == true)
    }

    @Test(arguments: [
        ("lits", "did you mean: swpm list"), ("strat app.js", "did you mean: swpm start"),
        ("frobnicate", "see: swpm help"), ("logs --line 3", "did you mean: --lines"),
        ("logs --level loud", "see: swpm help logs"), ("logs -v", "see: swpm help logs"),
        ("start app.js --port 3000", "arguments for the program go after --: swpm start app -- --port"),
        ("stop", "see: swpm help stop"), ("scale web", "see: swpm help scale"),
        ("signal web", "see: swpm help signal"), ("signal loud web", "see: swpm help signal"),
        ("send web", "see: swpm help send"),
        ("scale web many", "see: swpm help scale"), ("start app.js -i few", "see: swpm help start"),
        ("start app.js --name", "see: swpm help start"),
        ("start app.js --name --cwd /x", "see: swpm help start"),
        ("list web", "see: swpm help list"), ("stop web -- now", "see: swpm help stop"),
        ("start a.js b.js --name x", "see: swpm help start"), ("list --json=yes", "see: swpm help list"),
        ("start a --kill-timeout 3w", "see: swpm help start"), ("help nonsense", "see: swpm help"),
        ("start a -i 5000", "see: swpm help start"),
        ("start a --stop-exit-codes 0,x", "see: swpm help start"),
    ])
    func `a wrong command line is refused with a hint`(line: String, hint: String) {
        #expect(complaint(line)?.hint == hint)
        #expect(complaint(line).map { Report($0).code } == .usage)
    }

    @Test func `the shells' own commands pass their arguments on`() throws {
        #expect(try parse("keeper --ready 3") == .keeper(["--ready", "3"]))
        #expect(try parse("daemon -x") == .daemon(["-x"]))
    }
}

@Suite struct Specifying {
    @Test func `a command line becomes an app`() {
        var options = StartOptions()
        options.instances = .allBut(1)
        options.workingDirectory = "releases/../current"
        options.interpreter = "none"
        let spec = options.spec(script: "./bin/web.server.js", directory: "/srv/app", processors: 4)
        #expect(spec.name == AppName("web.server"))
        #expect(spec.workingDirectory == "/srv/app/current")
        #expect(spec.script == "./bin/web.server.js")
        #expect(spec.instances == 3)
        #expect(spec.mode == .cluster)
        #expect(spec.interpreter == AppSpec.Interpreter.none)
    }

    @Test(arguments: [
        ("npm run dev", "npm run dev"), ("/usr/bin/env", "env"), (".hidden", ".hidden"), ("app.py", "app"),
        ("/opt/x/run.sh --fast", "run"),
    ])
    func `an app without a name is called like its program`(script: String, name: String) {
        let spec = StartOptions().spec(script: script, directory: "/", processors: 1)
        #expect(spec.name == AppName(name))
        #expect(spec.instances == 1 && spec.mode == .fork)
    }

    @Test func `at least one instance is started however few processors there are`() {
        #expect(InstanceCount.allBut(8).resolved(processors: 2) == 1)
        #expect(InstanceCount.all.resolved(processors: 6) == 6)
    }

    @Test func `ecosystem files are known by their ending`() {
        #expect(Target("a/eco.json") == .ecosystemFile("a/eco.json"))
        #expect(Target("ecosystem.config.js") == .unsupportedFile("ecosystem.config.js"))
        #expect(Target("app.js") == .other("app.js"))
    }
}
