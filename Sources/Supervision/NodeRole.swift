/// What Node has to do with a program that is executed.
public enum NodeRole: Equatable, Sendable {
    /// It is Node, or a script that names it in its first line: given a message channel as Node's own `fork` gives it.
    case itself
    /// It is Deno running a program: it speaks Node's protocol, and needs no preload to be understood.
    case deno
    /// It may start Node in processes below it (npm, a shell). The first of them that serves takes the channel.
    case wrapper
}

extension Invocation {
    /// Nil: it has nothing to do with Node.
    public func nodeRole(_ facts: ScriptFacts) -> NodeRole? {
        // npm is a Node script, but not the program that is meant.
        if Invocation.isWrapper(program) { return .wrapper }
        var words = [program] + arguments
        if case .file(let path, _, .shebang(let line)) = facts, path == program {
            words = line.split(separator: " ").map(String.init) + words
        }
        if let first = words.first, Invocation.name(first) == "env" {
            words = Array(words.dropFirst().drop { $0.hasPrefix("-") || $0.contains("=") })
        }
        guard let first = words.first else { return nil }
        if Invocation.isWrapper(first) { return .wrapper }
        let script = words.dropFirst().first { !$0.hasPrefix("-") }
        if Invocation.name(first) == "deno" { return Invocation.isRunByDeno(script) ? .deno : nil }
        guard Invocation.isNode(program: first) else { return nil }
        return script.map(Invocation.isPackageRunner) ?? false ? .wrapper : .itself
    }

    public static func isNode(program: String) -> Bool { ["node", "nodejs"].contains(name(program)) }

    /// What runs other programs, by the name of its file.
    static func isWrapper(_ program: String) -> Bool {
        isPackageRunner(program) || ["sh", "bash", "dash", "ash", "zsh", "ksh"].contains(name(program))
    }

    static func isPackageRunner(_ path: String) -> Bool {
        [
            "npm", "npx", "yarn", "yarnpkg", "pnpm", "pnpx", "corepack", "npm-cli.js", "npx-cli.js",
            "yarn.js",
            "yarn.cjs", "pnpm.cjs", "pnpx.cjs", "corepack.js",
        ].contains(name(path))
    }

    /// Not `deno task`, which starts another program that would not find its channel.
    private static func isRunByDeno(_ word: String?) -> Bool {
        guard let word else { return false }
        return word == "run"
            || ["js", "mjs", "cjs", "ts", "mts", "cts"].contains { word.hasSuffix(".\($0)") }
    }

    private static func name(_ program: String) -> String {
        program.split(separator: "/").last.map(String.init) ?? program
    }
}

extension AppSpec {
    /// Probably a server: several share a port, or a package's `start` is run. Nobody is held to it.
    public var isMeantToListen: Bool {
        mode == .cluster
            || script.split(separator: " ").first.map { Invocation.isPackageRunner(String($0)) } ?? false
    }

    /// Before anybody has looked at the script: whether Node could be what is executed, or be started by it.
    public var mayReachNode: Bool {
        switch interpreter {
        case .program(let program):
            Invocation.isNode(program: program) || Invocation.isWrapper(program) || program.hasSuffix("env")
                || program.hasSuffix("deno")
        case .none: true
        case .automatic:
            AppSpec.interpreter(forExtensionOf: script).map { ["node", "bash"].contains($0) } ?? true
        }
    }
}
