internal import Linux
internal import Supervision

/// Finds out who sent a SIGKILL that swpm did not send.
///
/// The kernel counts whom it ends for lack of memory. A count of the machine that has not grown acquits it. Where its log
/// may be read, that names them; where not, the count of our own control group convicts it, and that of the machine
/// leaves it open: the program may have been moved to another group.
struct Coroner {
    struct Counts: Equatable {
        var ownGroup: UInt64?
        var machine: UInt64?

        static func now() -> Counts {
            Counts(ownGroup: MemoryKills.inOwnGroup(), machine: MemoryKills.onMachine())
        }
    }

    /// As far as deaths were told of. Of several that the kernel ended at once each takes one away.
    private var accounted: Counts

    init(_ counts: Counts) {
        accounted = counts
    }

    mutating func killer(now: Counts, logNames: () -> Bool?) -> Killer {
        let byGroup = Coroner.take(&accounted.ownGroup, now.ownGroup)
        let byMachine = Coroner.take(&accounted.machine, now.machine)
        guard let hasGrown = byMachine ?? byGroup else { return .unknown }
        guard hasGrown else { return .somebody }
        if let named = logNames() { return named ? .outOfMemory : .somebody }
        return byGroup == true ? .outOfMemory : .unknown
    }

    /// Whether there is one more than accounted for; nil: nobody counts.
    private static func take(_ accounted: inout UInt64?, _ now: UInt64?) -> Bool? {
        guard let now, let before = accounted else {
            accounted = now
            return nil
        }
        guard now > before else { return false }
        accounted = before + 1
        return true
    }
}

extension Loop {
    /// Nil where nobody needs to ask: swpm did it, or it was no SIGKILL.
    func killer(of instance: InstanceID, _ status: ExitStatus) -> Killer? {
        guard case .signal(.kill) = status, let entry = processes[instance], !entry.isKilled,
            let process = entry.process
        else { return nil }
        return coroner.killer(now: .now()) { MemoryKills.logNames(process.number) }
    }
}
