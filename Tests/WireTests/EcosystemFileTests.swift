import Supervision
import Testing

@testable import Wire

@Suite struct ReadingEcosystemFiles {
    private func file(_ text: String, environment: String? = nil) throws -> EcosystemFile {
        try EcosystemFile.decode(
            [UInt8](text), path: "conf/ecosystem.json", callerDirectory: "/home/me", processors: 4,
            environment: environment)
    }

    private func app(_ text: String) throws -> AppSpec { try file(text).apps[0] }

    private func message(_ text: String) -> String {
        do {
            _ = try file(text)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func `everything that can be said about an app`() throws {
        let spec = try app(
            """
            [{ name: 'api', namespace: 'shop', script: 'dist/main.js', args: "serve --title 'a b'", interpreter: 'node',
               node_args: ['--inspect', 9], cwd: 'app', env: { A: 'x', B: 1, C: true, D: null, E: {f: [1]}, G: 1.5 },
               instances: 3, balance: 'ip', ports: [80, '443'], sockets: [3000, '127.0.0.1:1', '[::1]:2', ':3'],
               zero_downtime: true, max_surge: 2, autorestart: false, min_uptime: '2s', max_restarts: 5,
               restart_delay: 250, exp_backoff_restart_delay: 50, max_restart_delay: '1m', stop_exit_codes: [0, 3],
               kill_signal: 'SIGINT', kill_timeout: 1500, listen_timeout: '1.5s', drain_timeout: '2h', uid: 1000,
               gid: 'www', umask: '027', nice: -5 }]
            """)
        var expected = AppSpec(
            name: AppName("api", in: "shop"), script: "dist/main.js", workingDirectory: "/home/me/conf/app")
        expected.origin = "/home/me/conf/ecosystem.json"
        expected.arguments = ["serve", "--title", "a b"]
        expected.interpreter = .program("node")
        expected.interpreterArguments = ["--inspect", "9"]
        expected.environment = ["A": "x", "B": "1", "C": "true", "E": "{\"f\":[1]}", "G": "1.5"]
        expected.instances = 3
        expected.mode = .cluster
        expected.balance = .ip
        expected.ports = [80, 443]
        expected.sockets = [
            ListenAddress(host: "::", port: 3000), ListenAddress(host: "127.0.0.1", port: 1),
            ListenAddress(host: "::1", port: 2), ListenAddress(host: "::", port: 3),
        ]
        expected.zeroDowntime = true
        expected.maxSurge = 2
        expected.restart.automatic = false
        expected.restart.minUptime = .seconds(2)
        expected.restart.maxRestarts = 5
        expected.restart.fixedDelay = .milliseconds(250)
        expected.restart.firstDelay = .milliseconds(50)
        expected.restart.longestDelay = .seconds(60)
        expected.restart.stopExitCodes = [0, 3]
        expected.stopSignal = .interrupt
        expected.killTimeout = .milliseconds(1500)
        expected.listenTimeout = .milliseconds(1500)
        expected.drainTimeout = .seconds(7200)
        expected.user = "1000"
        expected.group = "www"
        expected.umask = 0o027
        expected.nice = -5
        #expect(spec == expected)
    }

    @Test func `every attribute has its aliases and its camel case`() throws {
        let spec = try app(
            "{exec: 'a', execInterpreter: 'none', nodeArgs: '-x', killTimeout: 7, stop_signal: 2, execMode: 'cluster_mode'}"
        )
        #expect(spec.script == "a" && spec.interpreter == .none && spec.interpreterArguments == ["-x"])
        #expect(
            spec.killTimeout == .milliseconds(7) && spec.stopSignal == .interrupt && spec.mode == .cluster)
        for attribute in AppAttribute.allCases {
            #expect(AppAttribute.byName[AppAttribute.camelCased(attribute.rawValue)] == attribute)
            for alias in attribute.aliases { #expect(AppAttribute.byName[alias] == attribute) }
        }
    }

    @Test(arguments: [
        "{apps: [{script: 'a'}]}", "{apps: {script: 'a'}}", "[{script: 'a'}]", "{script: 'a'}",
        "{name: 'package', version: '1', pm2: [{script: 'a'}]}", "{pm2: {apps: [{script: 'a'}]}}",
        "{$schema: 'x', apps: [{script: 'a'}]}",
    ])
    func `a file has one of several shapes`(text: String) throws {
        #expect(try file(text).apps.map(\.script) == ["a"])
    }

    @Test(arguments: [
        ("4", 4), ("'max'", 4), ("0", 4), ("-1", 3), ("-9", 1), ("'2'", 2), ("1000", 1000),
    ])
    func `instances are counted or taken from the processors`(text: String, count: Int) throws {
        #expect(try app("{script: 'a', instances: \(text)}").instances == count)
    }

    @Test(arguments: [
        ("a", "a"), ("./dist/server.js", "server"), ("/usr/bin/my.tool.py", "my.tool"),
        (".hidden", ".hidden"),
        ("npm run dev", "npm run dev"), ("./bin/x --dir a/b", "x"),
    ])
    func `an app without a name is called after its script`(script: String, name: String) throws {
        #expect(try app("{script: '\(script)'}").name == AppName(name))
    }

    @Test func `several instances make a cluster, unless somebody says otherwise`() throws {
        #expect(try app("{script: 'a'}").mode == .fork)
        #expect(try app("{script: 'a', instances: 2}").mode == .cluster)
        #expect(try app("{script: 'a', instances: 2, exec_mode: 'fork'}").mode == .fork)
    }

    @Test func `the directory is the file's, whoever calls from wherever`() throws {
        #expect(try app("{script: 'a'}").workingDirectory == "/home/me/conf")
        #expect(try app("{script: 'a', cwd: './x/../y/'}").workingDirectory == "/home/me/conf/x/../y")
        #expect(try app("{script: 'a', cwd: '/srv/./x'}").workingDirectory == "/srv/./x", "as written")
        let elsewhere = try EcosystemFile.decode(
            [UInt8]("{script: 'a'}"), path: "/etc/swpm.json", callerDirectory: "/home/me", processors: 1)
        #expect(elsewhere.apps[0].workingDirectory == "/etc")
        let roundabout = try EcosystemFile.decode(
            [UInt8]("{script: 'a'}"), path: "../me/./conf/ecosystem.json", callerDirectory: "/home/me",
            processors: 4)
        #expect(roundabout == (try file("{script: 'a'}")), "one file has one name")
    }

    @Test func `an environment is chosen by its name`() throws {
        let text =
            "{script: 'a', env_production: {A: 2}, env: {A: 1, PORT: 1, B: 1}, port: 8080, env_x: {PORT: 9}}"
        #expect(try file(text).apps[0].environment == ["A": "1", "B": "1", "PORT": "8080"])
        #expect(try file(text, environment: "production").apps[0].environment["A"] == "2")
        #expect(try file(text, environment: "x").apps[0].environment["PORT"] == "9")
        #expect(try file(text, environment: "x").warnings == [])
        #expect(try file(text, environment: "y").warnings == ["no app has an \"env_y\""])
    }

    @Test func `a delay of zero is PM2's way to say none`() throws {
        let spec = try app("{script: 'a', restart_delay: 0, exp_backoff_restart_delay: 0}")
        #expect(spec.restart.fixedDelay == nil && spec.restart.firstDelay == RestartPolicy().firstDelay)
    }

    @Test func `limits of memory and times of reloads are written as PM2 has them`() throws {
        let spec = try app("{script: 'a', max_memory_restart: '300M', cron: '0 3 * * *', watch: false}")
        #expect(spec.restart.maxMemory == 300 << 20)
        #expect(spec.restart.schedule == Schedule("0 3 * * *"))
        #expect(try app("{script: 'a', maxMemoryRestart: 4096}").restart.maxMemory == 4096)
        #expect(try app("{script: 'a', max_memory_restart: '512K'}").restart.maxMemory == 512 << 10)
        for none in ["0", "'0'", "''", "null", "false"] {
            #expect(try app("{script: 'a', cron_restart: \(none)}").restart.schedule == nil)
        }
        #expect(try app("{script: 'a', max_memory_restart: 0}").restart.maxMemory == nil)
        #expect(try file("{script: 'a', watch: false}").warnings == [])
    }

    @Test func `what is not supported yet is said, once`() throws {
        let found = try file(
            "{apps: [{script: 'a', watch: true, pmx: true}, {script: 'b', watch: true}], deploy: {}}"
        )
        #expect(found.apps.count == 2)
        #expect(
            found.warnings == [
                "deploy is not supported yet and is ignored",
                "watch is not supported yet and is ignored: after a change type \"swpm reload <app>\"",
                "pmx is not supported yet and is ignored",
            ])
    }

    @Test(arguments: [
        (
            "{\n apps: [\n  {script: 'a',\n   instnaces: 2}]}",
            "4:4: unknown key \"instnaces\" (did you mean \"instances\"?)"
        ),
        (
            "{script: 'a', kill_timout: 2}",
            "1:15: unknown key \"kill_timout\" (did you mean \"kill_timeout\"?)"
        ),
        ("{script: 'a', killTimout: 2}", "1:15: unknown key \"killTimout\" (did you mean \"killTimeout\"?)"),
        (
            "{script: 'a', cron_restart: '0 3 * *'}",
            "1:29: cron_restart: expected minute, hour, day, month and weekday as in \"0 3 * * *\", "
                + "found the string \"0 3 * *\""
        ),
        (
            "{script: 'a', max_memory_restart: 'much'}",
            "1:35: max_memory_restart: expected bytes or a text like \"20M\", \"500K\", \"1G\", "
                + "found the string \"much\""
        ),
        ("{script: 'a', xyzzy: 2}", "1:15: unknown key \"xyzzy\""),
        ("{app: [{script: 'a'}]}", "1:2: unknown key \"app\" (did you mean \"apps\"?)"),
        ("{apps: [], dploy: 1}", "1:12: unknown key \"dploy\" (did you mean \"deploy\"?)"),
        ("{script: 'a', inherited: 2}", "1:15: unknown key \"inherited\""),
        ("{script: 'a', exec: 'b'}", "1:15: \"script\" and \"exec\" mean the same"),
        (
            "{script: 'a', env_file: '.env'}",
            "1:15: env_file is not supported yet; write the variables into \"env\""
        ),
        (
            "[{script: 'a', instances: 'many'}]",
            "1:27: [0].instances: expected a number up to 1000 or \"max\", found the string \"many\""
        ),
        (
            "{apps: [{script: 'a', args: [1, {}]}]}",
            "1:33: apps[0].args[1]: expected a string, found an object"
        ),
        (
            "{script: 'a', autorestart: 'no'}",
            "1:28: autorestart: expected true or false, found the string \"no\""
        ),
        ("{script: 'a', env: []}", "1:20: env: expected an object of variables, found an array"),
        ("{script: 'a', env: {'A=B': 1}}", "1:21: this cannot be the name of a variable"),
        (
            "{script: 'a', umask: 22}",
            "1:22: umask: expected an octal string like \"022\", found the number 22"
        ),
        ("{script: 'a', nice: 20}", "1:21: nice: expected a number of -20 to 19, found the number 20"),
        ("{script: 'a', args: \"it's\"}", "1:21: args: a quote that is never closed"),
        ("{script: 'a', name: 'all'}", "1:1: the name \"all\" stands for every app"),
        ("{name: 'a'}", "1:1: this app has no \"script\""),
        ("{apps: 1}", "1:8: apps: expected an array of apps, found the number 1"),
        ("{}", "1:1: this file has no \"apps\""),
        (
            "[{script: 'a'}, {script: 'b/a'}]",
            "1:17: [1]: two apps are called \"a\"; give each a \"name\" of its own"
        ),
        ("{script: 'a', kill_timeout: '5x'}", nil),
        ("{script: 'a', kill_timeout: -1}", nil),
        ("{script: 'a', kill_timeout: '32d'}", "1:29: kill_timeout: longer than a month"),
        ("{script: 'a', kill_signal: 'SIGFOO'}", nil),
        ("{script: 'a', script: 'b'}", "1:15: the key \"script\" stands here twice"),
        ("{script: 'a\\u0000b'}", "1:10: script: a NUL character in a text"),
    ])
    func `a mistake is named with its place`(text: String, expected: String?) {
        let found = message(text)
        if let expected {
            #expect(found == "conf/ecosystem.json:" + expected)
        } else {
            #expect(found != "no error")
        }
    }

    @Test func `the example that we ship means what its comments say`() throws {
        let bytes = [UInt8](try exampleText())
        let found = try EcosystemFile.decode(bytes, path: "/x/e.json", callerDirectory: "/", processors: 2)
        #expect(found.warnings == [])
        #expect(found.apps.map(\.name.name) == ["web", "worker"])
        #expect(found.apps[0].instances == 2 && found.apps[0].mode == .cluster)
        #expect(found.apps[0].environment == ["PORT": "3000", "GREETING": "hello"])
        #expect(found.apps[1].restart.stopExitCodes == [0])
    }
}
