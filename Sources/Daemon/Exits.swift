internal import Keeper
internal import Linux
internal import Supervision

/// Processes that were reaped, on their way to the facts `exited` and `vanished`.
///
/// Between the two stand the last words: the pump first takes what the dead program's pipes still hold, so that a
/// death is told with the lines that explain it. A disk that hangs delays that by `patience` and no more.
struct Exits {
    static let patience = Duration.milliseconds(100)
    static let earlyLimit = 4096

    private struct Dying {
        var exit: Exit
        /// For the keeper's acknowledgement; nil if it was not the keeper who told.
        var reaped: ReapedProcess?
        var until: Instant
    }

    private var dying: [InstanceID: Dying] = [:]
    /// Exits the keeper told of before the spawner told whose they were.
    private var early: [Int32: ReapedProcess] = [:]
    /// Told to the supervisor; the keeper may forget them once the state is on its way to the disk.
    private var told: [Int32] = []

    var nextDeadline: Instant? { dying.values.map(\.until).min() }

    func isDying(_ instance: InstanceID) -> Bool { dying[instance] != nil }

    mutating func begin(_ instance: InstanceID, _ exit: Exit, _ reaped: ReapedProcess?, at now: Instant) {
        dying[instance] = Dying(exit: exit, reaped: reaped, until: now + Exits.patience)
    }

    /// Nil if it was told already.
    mutating func end(_ instance: InstanceID, lastWords: [String]) -> Exit? {
        guard var end = dying.removeValue(forKey: instance) else { return nil }
        end.exit.lastWords = lastWords
        if let reaped = end.reaped { wasTold(reaped) }
        return end.exit
    }

    func overdue(at now: Instant) -> [InstanceID] {
        dying.filter { $0.value.until <= now }.keys.sorted()
    }

    /// Nobody we know, as yet.
    mutating func keep(_ process: ReapedProcess, whileLaunching launching: Int) {
        if launching > 0, early.count < Exits.earlyLimit { early[process.reaped.process] = process }
    }

    /// Its acknowledgement follows its last words.
    func isAwaited(_ process: ReapedProcess) -> Bool { dying.values.contains { $0.reaped == process } }

    mutating func wasTold(_ process: ReapedProcess) {
        told.append(process.reaped.process)
    }

    mutating func takeEarly(_ process: ProcessID, stillLaunching launching: Int) -> ReapedProcess? {
        let found = early.removeValue(forKey: process.number)
        if launching == 0 { early.removeAll() }
        return found
    }

    mutating func acknowledge(to keeper: KeeperLink) {
        for process in told { keeper.acknowledge(process) }
        told.removeAll(keepingCapacity: true)
    }
}

extension ExitStatus {
    init(_ end: Reaped.End) {
        switch end {
        case .code(let code): self = .code(code)
        case .signal(let number): self = .signal(Signal(number: number))
        }
    }
}

extension ReapedProcess {
    var exit: Exit {
        Exit(
            status: ExitStatus(reaped.end), at: Instant(nanoseconds: at), peakMemory: reaped.peakMemory,
            processorTime: reaped.processorTime)
    }
}
