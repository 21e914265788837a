internal import Glibc
internal import Linux

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

    /// Starts it, in a session of its own. Its output goes to nameless files, so that no pipe can fill and block it.
    public func start() throws -> Running {
        let files = (input: nameless(input), output: nameless(""), errors: nameless(""))
        defer { close(files.input) }
        var request = SpawnRequest(program: program, arguments: arguments, environment: variables)
        request.directory = directory
        request.identity = user.map { SpawnRequest.Identity(user: $0, group: $0, groups: []) }
        request.descriptors = [
            .init(files.input, as: 0), .init(files.output, as: 1), .init(files.errors, as: 2),
        ]
        do {
            let spawned = try spawn(request)
            return Running(self, spawned.process, output: files.output, errors: files.errors)
        } catch {
            close(files.output)
            close(files.errors)
            throw error
        }
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
