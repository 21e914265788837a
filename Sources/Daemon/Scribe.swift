internal import Linux
internal import Wire

/// Writes `state.json`, `history.json` and `daemon.log` on a thread of its own, because an fsync(2) may take as long as the disk
/// likes and neither supervision nor the logs should wait for it.
final class Scribe: Sendable {
    private enum Job: Sendable {
        case save([UInt8])
        case remember(HistoryFile)
        case log(String)
        case finish
    }

    private let worker: Worker<Job>

    init(home: Home) throws(SystemError) {
        worker = try Worker(name: "scribe") { Scribe.carryOut($0, home) }
    }

    /// `StateFile.bytes`.
    func save(_ state: [UInt8]) {
        worker.order(.save(state))
    }

    func save(_ history: HistoryFile) {
        worker.order(.remember(history))
    }

    func log(_ sentence: String) {
        worker.order(.log("\(Clock.timestamp()) \(sentence)\n"))
    }

    /// Returns when everything is on disk.
    func finish() {
        worker.order(.finish)
        worker.join()
    }

    /// Of several states, or histories, only the newest is written.
    private static func carryOut(_ jobs: [Job], _ home: Home) -> Bool {
        var newest: [UInt8]?
        var history: HistoryFile?
        var lines = ""
        var goesOn = true
        for job in jobs {
            switch job {
            case .save(let state): newest = state
            case .remember(let past): history = past
            case .log(let line): lines += line
            case .finish: goesOn = false
            }
        }
        if let newest { write(newest, home, &lines) }
        if let history { write(history, home, &lines) }
        // Nobody is left to be told when the daemon's own log cannot be written.
        if !lines.isEmpty { try? Scribe.append(lines, to: BoundedLog(home.daemonLog)) }
        return goesOn
    }

    private static func append(_ lines: String, to log: BoundedLog) throws(SystemError) {
        guard try log.append(Array(lines.utf8)) else { return }
        // The last words of this process belong where the lines before them stand.
        StandardStream.error.lead(to: try log.open())
    }

    private static func write(_ state: [UInt8], _ home: Home, _ lines: inout String) {
        do throws(SystemError) {
            Fault.point()
            try File.replace(home.state, with: state)
            Fault.point()
        } catch {
            lines +=
                "\(Clock.timestamp()) \(error); what runs goes on, but a new daemon would not know the change\n"
        }
    }

    private static func write(_ history: HistoryFile, _ home: Home, _ lines: inout String) {
        do throws(SystemError) {
            try File.replace(home.history, with: history.bytes(clock: .now))
        } catch {
            lines += "\(Clock.timestamp()) \(error); a new daemon would not know what went wrong before\n"
        }
    }
}
