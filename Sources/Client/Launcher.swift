internal import Console
internal import Linux

/// Starts the keeper, which starts the daemon, far away from whoever typed the command.
///
/// Nothing of the caller may cling to it: no session, control group (as far as it may be left), directory, terminal
/// or descriptor, and no variable by which an instance is recognised, because the caller may itself be one.
struct Launcher {
    let home: Home
    /// How long a first command may take altogether.
    static let patience = Duration.seconds(10)
    private static let answerLimit = 4096
    private static let ready = "ready"

    /// Returns when a daemon can be expected to answer, or says why there is none.
    ///
    /// Of several that try at once one wins the lock; the others end, and their clients find the winner.
    func launch(by deadline: Deadline) throws(Stop) {
        try home.prepare()
        let answer: String
        do throws(SystemError) {
            answer = try run(by: deadline)
        } catch {
            throw Stop(Wording.launchFailed("\(error)"), .unreachable)
        }
        if answer.isEmpty || answer.hasPrefix(Launcher.ready) || answers(by: deadline) { return }
        let line = answer.split(separator: "\n").first.map(String.init) ?? answer
        throw Stop(Wording.launchFailed(line), .unreachable)
    }

    /// What the keeper says on its ready pipe before it closes it.
    private func run(by deadline: Deadline) throws(SystemError) -> String {
        let pipe = try Pipe()
        let nothing = try File.open("/dev/null", .readAndWrite)
        var request = SpawnRequest(
            program: program, arguments: ["keeper", "--ready", "3"], environment: environment)
        request.name = "swpm"
        request.directory = "/"
        request.descriptors =
            (0...2).map { SpawnRequest.Inheritance(nothing.number, as: $0) }
            + [SpawnRequest.Inheritance(pipe.writer.number, as: 3)]
        do throws(SpawnError) {
            try start(request)
        } catch {
            return "\(error)"
        }
        return try listen(to: pipe, by: deadline)
    }

    /// At the top of the tree of control groups: a service that ends, a deploy hook say, would end us with it.
    private func start(_ request: SpawnRequest) throws(SpawnError) {
        if let top = ControlGroup.top() {
            var apart = request
            apart.cgroup = top.number
            // The kernel may have reasons to refuse that it does not tell beforehand.
            if (try? spawn(apart)) != nil { return }
        }
        _ = try spawn(request)
    }

    private func listen(to pipe: consuming Pipe, by deadline: Deadline) throws(SystemError) -> String {
        let reader = pipe.keepReader()
        let poller = try Poller()
        try poller.add(reader.number, token: 0, for: .readable)
        defer { poller.remove(reader.number) }
        var bytes: [UInt8] = []
        while !deadline.isPast, bytes.count < Launcher.answerLimit {
            guard try !poller.wait(atMost: deadline.remaining).isEmpty else { continue }
            guard let more = try reader.read(atMost: Launcher.answerLimit) else { continue }
            bytes += more
            if more.isEmpty || bytes.starts(with: "\(Launcher.ready)\n".utf8) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether another client's daemon is there, or comes up now.
    private func answers(by deadline: Deadline) -> Bool {
        // Why it does not answer is not the question: our own attempt has said why.
        (try? Connection(to: home.socket)) != nil
    }

    private var program: String {
        guard let path = try? ThisProcess.executable(), !path.hasSuffix(" (deleted)") else {
            return "/proc/self/exe"
        }
        return path
    }

    private var environment: [String] {
        ThisProcess.environment().filter { !Launcher.isPrivate($0) } + ["SWPM_HOME=\(home.path)"]
    }

    /// Variables that belong to one process and must not reach another. The caller's service manager is not ours.
    static func isPrivate(_ entry: String) -> Bool {
        ["SWPM_", "NODE_CHANNEL_", "NODE_UNIQUE_ID=", "NOTIFY_SOCKET=", "WATCHDOG_"].contains {
            entry.hasPrefix($0)
        }
    }
}

extension Pipe {
    /// The writing end is closed here: then only the child can keep the pipe open.
    consuming func keepReader() -> Descriptor { reader }
}
