internal import Linux
internal import Synchronization
internal import Wire

/// Writes `state.json`, `history.json` and `daemon.log` on a thread of its own, because an fsync(2) may take as long as the disk
/// likes and neither supervision nor the logs should wait for it.
///
/// What cannot be written, because the disk is full or the directory read-only, is tried again until it can.
final class Scribe: Sendable {
    private enum Job: Sendable {
        case save([UInt8])
        case remember(HistoryFile)
        case log(String)
        case finish
    }

    private let worker: Worker<Job>

    init(home: Home) throws(SystemError) {
        let desk = Mutex(Desk())
        worker = try Worker(name: "scribe") { jobs in desk.withLock { $0.carryOut(jobs, home) } }
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

    /// Returns when everything is on disk, or could not be written once more.
    func finish() {
        worker.order(.finish)
        worker.join()
    }

    /// What is not on disk yet.
    private struct Desk {
        /// Of several states, or histories, only the newest is written.
        private var state: [UInt8]?
        private var history: HistoryFile?
        private var lines: [UInt8] = []
        private var isStuck = false
        /// What is said while nothing can be written is kept up to here: the first of it says why.
        private static let limit = 64 << 10

        mutating func carryOut(_ jobs: [Job], _ home: Home) -> WorkerTurn {
            var goesOn = true
            for job in jobs {
                switch job {
                case .save(let newest): state = newest
                case .remember(let past): history = past
                case .log(let line): note(line)
                case .finish: goesOn = false
                }
            }
            write(home)
            let isDone = append(to: BoundedLog(home.daemonLog)) && !isStuck
            return goesOn ? isDone ? .wait : .tryAgain : .end
        }

        private mutating func note(_ line: String) {
            if lines.count < Desk.limit { lines += line.utf8 }
        }

        private mutating func write(_ home: Home) {
            guard state != nil || history != nil else { return }
            do throws(SystemError) {
                if let bytes = state {
                    Fault.point()
                    try File.replace(home.state, with: bytes)
                    Fault.point()
                    state = nil
                }
                if let past = history { try File.replace(home.history, with: past.bytes(clock: .now)) }
                history = nil
                if isStuck { note("\(Clock.timestamp()) \(home.state) is written again\n") }
                isStuck = false
            } catch {
                let loss = "what runs goes on, but a boot would not know the change; it is tried again"
                if !isStuck { note("\(Clock.timestamp()) \(error); \(loss)\n") }
                isStuck = true
            }
        }

        /// False: it cannot be written.
        private mutating func append(to log: BoundedLog) -> Bool {
            guard !lines.isEmpty else { return true }
            do throws(SystemError) {
                let isNew = try log.append(lines)
                lines.removeAll()
                // The last words of this process belong where the lines before them stand.
                if isNew { StandardStream.error.lead(to: try log.open()) }
                return true
            } catch {
                return lines.isEmpty
            }
        }
    }
}
