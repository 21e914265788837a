internal import Linux
internal import Wire

/// Writes `state.json` and `daemon.log` on a thread of its own, because an fsync(2) may take as long as the disk
/// likes and neither supervision nor the logs should wait for it.
final class Scribe: Sendable {
    private enum Job: Sendable {
        case save(StateFile)
        case log(String)
        case finish
    }

    private let worker: Worker<Job>

    init(home: Home) throws(SystemError) {
        worker = try Worker(name: "scribe") { Scribe.carryOut($0, home) }
    }

    func save(_ state: StateFile) {
        worker.order(.save(state))
    }

    func log(_ sentence: String) {
        worker.order(.log("\(Clock.timestamp()) \(sentence)\n"))
    }

    /// Returns when everything is on disk.
    func finish() {
        worker.order(.finish)
        worker.join()
    }

    /// Of several states only the newest is written.
    private static func carryOut(_ jobs: [Job], _ home: Home) -> Bool {
        var newest: StateFile?
        var lines = ""
        var goesOn = true
        for job in jobs {
            switch job {
            case .save(let state): newest = state
            case .log(let line): lines += line
            case .finish: goesOn = false
            }
        }
        if let newest { write(newest, home, &lines) }
        // Nobody is left to be told when the daemon's own log cannot be written.
        if !lines.isEmpty { try? File.append(Array(lines.utf8), to: home.daemonLog) }
        return goesOn
    }

    private static func write(_ state: StateFile, _ home: Home, _ lines: inout String) {
        do throws(SystemError) {
            try File.replace(home.state, with: state.bytes)
        } catch {
            lines +=
                "\(Clock.timestamp()) \(error); what runs goes on, but a new daemon would not know the change\n"
        }
    }
}
