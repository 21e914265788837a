internal import Glibc

/// A program to be run, and everything about how.
public struct Command: Sendable {
    public var program: String
    public var arguments: [String]
    /// Added to, or (with nil) taken from, the environment of the test.
    public var environment: [String: String?] = [:]
    /// Nothing is inherited from the test but what `environment` says.
    public var cleanEnvironment = false
    public var directory: String?
    public var input = ""
    /// Run as this user (and the group of the same number), without any other group or privilege.
    public var user: UInt32?
    /// A session of its own, as a terminal or a service manager would give it.
    public var newSession = false

    public init(_ program: String, _ arguments: [String] = []) {
        self.program = program
        self.arguments = arguments
    }
}

/// What a program left behind.
public struct Finished: Sendable, CustomStringConvertible {
    public var command: String
    /// The exit code; nil when a signal ended it.
    public var code: Int32?
    public var signal: Int32?
    public var output: String
    public var errors: String
    public var took: Duration

    public var succeeded: Bool { code == 0 }

    public var description: String {
        let end = code.map { "exit code \($0)" } ?? "signal \(signal ?? 0)"
        return "\(command): \(end) after \(took)\n\(output)\(errors)"
    }
}

extension Command {
    /// Runs to the end; past `limit` the program is killed and the test fails.
    @discardableResult
    public func run(within limit: Duration = .seconds(60)) throws -> Finished {
        try start().wait(within: limit)
    }

    /// Starts it. Its output goes to nameless files, so that no pipe can fill and block it.
    public func start() throws -> Running {
        let files = (input: nameless(input), output: nameless(""), errors: nameless(""))
        let words = wrapped
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, files.input, 0)
        posix_spawn_file_actions_adddup2(&actions, files.output, 1)
        posix_spawn_file_actions_adddup2(&actions, files.errors, 2)
        var process: pid_t = 0
        let code = withStrings(words) { words in
            withStrings(variables) { posix_spawnp(&process, words[0]!, &actions, nil, words, $0) }
        }
        close(files.input)
        guard code == 0 else {
            close(files.output)
            close(files.errors)
            throw NeverHappened(description: "cannot run \(program): \(String(cString: strerror(code)))")
        }
        return Running(self, process, output: files.output, errors: files.errors)
    }

    /// With env(1), setpriv(1) and setsid(1) around it where asked for.
    private var wrapped: [String] {
        var words = [program] + arguments
        if let user {
            words =
                ["setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups", "--inh-caps=-all", "--"]
                + words
        }
        if let directory { words = ["env", "--chdir=\(directory)"] + words }
        return newSession ? ["setsid", "--wait"] + words : words
    }

    private var variables: [String] {
        var all: [String: String] = cleanEnvironment ? [:] : inheritedEnvironment()
        for (name, value) in environment { all[name] = value }
        return all.map { "\($0.key)=\($0.value)" }.sorted()
    }
}

/// A file without a name, at its beginning, holding `text`.
private func nameless(_ text: String) -> Int32 {
    var template = Array("/tmp/swpm-output-XXXXXX".utf8CString)
    close(mkstemp(&template))
    let descriptor = open(template, O_RDWR | O_CLOEXEC)
    precondition(descriptor >= 0, "cannot create a temporary file: \(reason())")
    unlink(template)
    writeAll(descriptor, text)
    lseek(descriptor, 0, SEEK_SET)
    return descriptor
}

private func withStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
}

/// The environment of the test itself, without what would lead a daemon to the user's own home.
private func inheritedEnvironment() -> [String: String] {
    var all: [String: String] = [:]
    for bytes in (readBytes("/proc/self/environ") ?? []).split(separator: 0) {
        let parts = String(decoding: bytes, as: UTF8.self).split(
            separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].hasPrefix("SWPM_") else { continue }
        all[String(parts[0])] = String(parts[1])
    }
    return all
}
