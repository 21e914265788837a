internal import Console
internal import Linux
internal import Supervision

/// Where everything of one swpm lies, as far as a client must know.
struct Home: Equatable, Sendable {
    let path: String

    var socket: String { "\(path)/swpm.sock" }
    var state: String { "\(path)/state.json" }
    /// The copy of the list that `save` writes and `resurrect` returns to.
    var saved: String { "\(path)/saved.json" }
    var logs: String { "\(path)/logs" }
    /// Held while a keeper or a daemon lives.
    var lock: String { "\(path)/lock" }

    /// `$SWPM_HOME`, else `~/.swpm`. Absolute, because the daemon stands elsewhere.
    static func locate() -> Home {
        let directory = (try? ThisProcess.workingDirectory()) ?? "/"
        if let written = ThisProcess.variable("SWPM_HOME"), !written.isEmpty {
            return Home(path: Path.absolute(written, from: directory))
        }
        let user = ThisProcess.variable("HOME").flatMap { $0.isEmpty ? nil : $0 }
        let home = user ?? Users().user("\(ThisProcess.user)")?.home ?? "/"
        return Home(path: Path.absolute(".swpm", from: Path.absolute(home, from: directory)))
    }

    var daemonLog: String { "\(path)/daemon.log" }
    var configuration: String { "\(path)/config.json" }
    /// As it was called once, for logs; nobody reads it any more.
    var formerSettings: String { "\(path)/settings.json" }
    /// How a state begins to be called that could not be read.
    static let asidePrefix = "state.json.unreadable-"

    /// The daemon's process, by its command and environment: one that does not answer cannot be asked.
    var daemon: Int32? {
        ProcFS.processes().first { process in
            guard ProcFS.arguments(of: process).dropFirst().first == "daemon" else { return false }
            let environment = ProcFS.environment(of: process)
            return environment.contains("SWPM_HOME=\(path)")
                && !environment.contains { $0.hasPrefix("\(ProgramEnvironment.marker)=") }
        }
    }

    /// What was started from here and runs: the processes that lead their sessions.
    var programs: [Int32] {
        let mark = "\(ProgramEnvironment.marker)=\(path):"
        return ProcFS.processes().filter { process in
            ProcFS.status(of: process)?.session == process
                && ProcFS.environment(of: process).contains { $0.hasPrefix(mark) }
        }
    }

    func noAnswer(within patience: Duration) -> Stop {
        Stop(Wording.noAnswer(within: patience, daemon: daemon, log: daemonLog), .unreachable)
    }

    /// Whether apps were ever started here, so that a daemon would have something to say.
    var hasState: Bool { ((try? File.status(state)) ?? nil) != nil }

    /// Whether another user keeps others out of it.
    var isForeign: Bool {
        // One that cannot even be looked at lies in a directory that keeps us out.
        guard let status = try? File.status(path) else { return false }
        return status.owner != ThisProcess.user
    }

    /// Makes the directory, or sees that it is ours alone: whoever can write here commands the daemon.
    func prepare() throws(Stop) {
        let found: FileStatus?
        do throws(SystemError) {
            found = try File.status(path)
            if found == nil { try Directory.create(path, mode: 0o700) }
        } catch {
            throw Stop(error)
        }
        guard let status = found else { return }
        guard status.kind == .directory else { throw Stop(Wording.homeNotDirectory(path), .failed) }
        guard status.owner == ThisProcess.user else { throw Stop(Wording.foreignHome(path), .failed) }
        guard status.mode & 0o077 != 0 else { return }
        do throws(SystemError) { try File.setMode(path, 0o700) } catch { throw Stop(error) }
    }
}

/// A command that ends here, and what it says.
struct Stop: Error {
    var report: Report
    /// Set when a signal ended it: the exit code then says so, as a shell would.
    var signal: Int32?
    /// The other side did not understand us, or we not it: it may be another swpm.
    var isMisunderstanding = false
    /// The daemon went away in the middle: whoever takes its place may be asked again.
    var isLoss = false

    init(_ lines: [String], _ code: ExitCode) {
        report = .failure(lines, code)
    }

    init(_ report: Report) {
        self.report = report
    }

    static func notUnderstood(_ reason: String) -> Stop {
        var stop = Stop(Wording.unreachable(reason), .unreachable)
        stop.isMisunderstanding = true
        return stop
    }

    static var lost: Stop {
        var stop = Stop(Wording.connectionLost(), .unreachable)
        stop.isLoss = true
        return stop
    }

    static func interrupted(by signal: Int32) -> Stop {
        var stop = Stop([Wording.interrupted], .failed)
        stop.signal = signal
        return stop
    }

    init(_ error: SystemError) {
        self.init(["\(error)"], .failed)
    }
}
