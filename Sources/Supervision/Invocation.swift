/// What is executed for an app: a program and its argument vector.
public struct Invocation: Equatable, Sendable {
    /// A path, or a bare name to be looked up in the app's `PATH`.
    public var program: String
    /// Without argument zero, which is the program.
    public var arguments: [String]

    public init(program: String, arguments: [String]) {
        self.program = program
        self.arguments = arguments
    }

    /// Whether output would otherwise sit in the program's buffer until it dies.
    public var isPython: Bool {
        program.split(separator: "/").last?.hasPrefix("python") ?? false
    }
}

/// What the disk says of a script at the moment of a start.
public enum ScriptFacts: Equatable, Sendable {
    /// No file of that name; a command of `PATH`, perhaps.
    case missing
    case file(path: String, executable: Bool, header: Header)

    public enum Header: Equatable, Sendable {
        /// A program of the machine (ELF).
        case binary
        /// What stands after `#!`.
        case shebang(String)
        case text
    }
}

extension AppSpec {
    /// What to execute, given what the script is.
    ///
    /// Files that the kernel can execute run as they are. For the rest the extension decides, as PM2 users expect;
    /// then the shebang of a file that nobody made executable.
    public func invocation(of facts: ScriptFacts) -> Invocation {
        switch interpreter {
        case .program(let program):
            return interpreted(by: program, facts.path ?? script)
        case .none:
            return direct(facts.path ?? script)
        case .automatic:
            return automatic(facts)
        }
    }

    private func automatic(_ facts: ScriptFacts) -> Invocation {
        guard case .file(let path, let executable, let header) = facts else {
            return script.contains(" ")
                ? Invocation(
                    program: "sh",
                    arguments: ["-c", script] + (arguments.isEmpty ? [] : ["sh"] + arguments))
                : direct(script)
        }
        if executable, header != .text { return direct(path) }
        if let program = AppSpec.interpreter(forExtensionOf: path) { return interpreted(by: program, path) }
        guard case .shebang(let line) = header else { return direct(path) }
        let words = line.split(separator: " ", maxSplits: 1).map(String.init)
        return Invocation(program: words.first ?? "sh", arguments: words.dropFirst() + [path] + arguments)
    }

    private func interpreted(by program: String, _ path: String) -> Invocation {
        Invocation(program: program, arguments: interpreterArguments + [path] + arguments)
    }

    private func direct(_ path: String) -> Invocation {
        Invocation(program: path, arguments: arguments)
    }

    /// PM2's table.
    public static func interpreter(forExtensionOf path: String) -> String? {
        guard let name = path.split(separator: "/").last, let dot = name.lastIndex(of: "."),
            dot != name.startIndex
        else { return nil }
        switch name[name.index(after: dot)...] {
        case "js", "mjs", "cjs": return "node"
        case "ts", "tsx", "mts", "cts": return "bun"
        case "py": return "python3"
        case "sh": return "bash"
        case "rb": return "ruby"
        case "php": return "php"
        case "pl": return "perl"
        case "coffee": return "coffee"
        case "ls": return "lsc"
        default: return nil
        }
    }
}

extension ScriptFacts {
    fileprivate var path: String? {
        switch self {
        case .missing: nil
        case .file(let path, _, _): path
        }
    }
}
