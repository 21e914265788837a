import Supervision
import Testing

/// Which programs are given a message channel.
@Suite struct RecognizingNode {
    private func isNode(
        _ script: String, _ interpreter: AppSpec.Interpreter = .automatic,
        _ header: ScriptFacts.Header? = nil, executable: Bool = true
    ) -> Bool {
        role(script, interpreter, header, executable: executable) == .itself
    }

    private func role(
        _ script: String, _ interpreter: AppSpec.Interpreter = .automatic,
        _ header: ScriptFacts.Header? = nil, executable: Bool = true, arguments: [String] = []
    ) -> NodeRole? {
        var spec = AppSpec(name: AppName("app"), script: script, workingDirectory: "/srv")
        spec.interpreter = interpreter
        spec.arguments = arguments
        let facts = header.map {
            ScriptFacts.file(path: "/srv/\(script)", executable: executable, header: $0)
        }
        let role = spec.invocation(of: facts ?? .missing).nodeRole(facts ?? .missing)
        #expect(spec.mayReachNode || role == nil)
        return role
    }

    @Test func `Node itself is, whatever runs in it`() {
        #expect(isNode("app.js", .automatic, .text, executable: false))
        #expect(isNode("app.mjs", .automatic, .text))
        #expect(isNode("node"))
        #expect(isNode("app", .program("/opt/node-22/bin/node"), .text))
        #expect(isNode("app.ts", .program("node"), .text))
    }

    @Test(arguments: [
        "/usr/bin/env node", "/usr/bin/env -S node --enable-source-maps", "/usr/local/bin/node",
        "/usr/bin/env -S A=1 node", "/usr/bin/nodejs",
    ])
    func `a script that names it in its first line is`(line: String) {
        #expect(isNode("cli", .automatic, .shebang(line)))
        #expect(isNode("cli", .none, .shebang(line)))
        #expect(isNode("cli", .automatic, .shebang(line), executable: false) || line.contains("-S"))
    }

    @Test func `npm, its kin and shells may start it`() {
        #expect(role("npm", arguments: ["start"]) == .wrapper)
        #expect(role("npm start") == .wrapper)
        #expect(role("npm", .none) == .wrapper)
        #expect(role("npm", .automatic, .shebang("/usr/bin/env node")) == .wrapper)
        #expect(role("npm-cli.js", .program("node"), .text) == .wrapper)
        #expect(role("yarn", arguments: ["start"]) == .wrapper)
        #expect(role("/opt/bin/pnpm", .none, arguments: ["start"]) == .wrapper)
        #expect(role("start.sh", .automatic, .text, executable: false) == .wrapper)
        #expect(role("start", .automatic, .shebang("/bin/sh -e")) == .wrapper)
        #expect(role("start", .automatic, .shebang("/usr/bin/env bash")) == .wrapper)
        #expect(role("start", .program("/bin/dash"), .text) == .wrapper)
    }

    @Test func `Deno speaks its protocol where it runs a program`() {
        #expect(role("deno", arguments: ["run", "-A", "server.mjs"]) == .deno)
        #expect(role("server.mjs", .program("/opt/deno"), .text) == .deno)
        #expect(role("deno", arguments: ["task", "start"]) == nil)
        #expect(role("deno", arguments: ["--version"]) == nil)
    }

    @Test func `what only may start it later is not`() {
        #expect(!isNode("npm start"))
        #expect(!isNode("server.py", .automatic, .text))
        #expect(!isNode("server", .automatic, .binary))
        #expect(!isNode("run", .automatic, .shebang("/bin/sh")))
        #expect(!isNode("run", .automatic, .shebang("/usr/bin/env python3 node")))
        #expect(!isNode("app.js", .program("deno"), .text))
        #expect(role("server.py", .automatic, .text) == nil)
        #expect(role("server", .automatic, .binary) == nil)
        #expect(role("run", .automatic, .shebang("/usr/bin/env python3 node")) == nil)
        #expect(role("npm-statistics.js", .automatic, .text, executable: false) == .itself)
    }

    @Test func `no variable of a channel is passed on, not even a declared one`() {
        var spec = AppSpec(name: AppName("app"), script: "app.js", workingDirectory: "/srv")
        spec.environment = ["NODE_CHANNEL_FD": "9", "NODE_UNIQUE_ID": "1", "PORT": "3000"]
        let launch = Launch(spec: spec, slot: SlotIndex(0), id: SlotID(0), generation: Generation(1))
        let caller = ["NODE_CHANNEL_FD": "7", "NODE_CHANNEL_SERIALIZATION_MODE": "advanced", "A": "1"]
        let environment = launch.environment(
            inherited: caller, home: "/home", marker: "m", unbuffered: false)
        #expect(environment.keys.filter { ProgramEnvironment.namesAChannel($0) }.isEmpty)
        #expect(environment["PORT"] == "3000")
        #expect(environment["A"] == "1")
    }

    @Test func `an instance is told its number in the variables that were asked for`() {
        var spec = AppSpec(name: AppName("app"), script: "app.js", workingDirectory: "/srv")
        spec.environment = ["PORT": "3000", "WORD": "x"]
        func environment(_ slot: Int) -> [String: String] {
            Launch(spec: spec, slot: SlotIndex(slot), id: SlotID(7), generation: Generation(1))
                .environment(inherited: [:], home: "/home", marker: "m", unbuffered: false)
        }
        #expect(environment(2)["NODE_APP_INSTANCE"] == "2")
        #expect(environment(2)["pm_id"] == "7")
        #expect(environment(2)["name"] == "app")
        spec.instanceVariable = "SLOT"
        spec.incrementVariable = "PORT"
        #expect(environment(2)["SLOT"] == "2")
        #expect(environment(2)["NODE_APP_INSTANCE"] == nil)
        #expect(environment(2)["PORT"] == "3002")
        spec.incrementVariable = "OTHER"
        #expect(environment(1)["OTHER"] == "1")
        spec.incrementVariable = "WORD"
        #expect(environment(1)["WORD"] == "x")
        spec.instanceVariable = "name"
        #expect(environment(1)["name"] == "app")
    }
}
