internal import Keeper
internal import Linux
internal import Supervision

// MARK: - Learning of ends

extension Loop {
    /// The keeper reaped a process: a main process, a helper that was left behind, or a child of a failed spawn.
    func reaped(_ process: ReapedProcess) {
        exits.wasTold(process)
        guard let instance = processes.instance(of: ProcessID(process.reaped.process)) else {
            exits.keep(process, whileLaunching: processes.launching)
            return lookForRemains()
        }
        ended(instance, process.exit)
    }

    func ended(_ instance: InstanceID, _ exit: Exit) {
        processes.ended(instance)
        ports.exited(instance)
        exits.begin(instance, exit, at: .now)
        logs.finish(instance)
    }

    /// Nobody was there to see how it ended.
    func endedUnseen(_ instance: InstanceID) {
        ended(instance, Exit(status: .unknown, at: .now))
    }

    /// The pump has taken what the pipes still held.
    func heard(_ lastWords: [String], of instance: InstanceID) {
        guard let exit = exits.end(instance, lastWords: lastWords) else { return }
        learn(.exited(instance, exit))
        if remains(of: instance).isEmpty { vanished(instance) }
    }

    func lastWordsOverdue(at now: Instant) {
        for instance in exits.overdue(at: now) { heard([], of: instance) }
    }

    /// A helper may have been the last of its instance.
    private func lookForRemains() {
        for instance in processes.remains where !exits.isDying(instance) {
            if remains(of: instance).isEmpty { vanished(instance) }
        }
    }

    private func vanished(_ instance: InstanceID) {
        processes.remove(instance)
        learn(.vanished(instance))
    }
}

// MARK: - Signalling

extension Loop {
    func signal(_ instance: InstanceID, _ signal: Signal) {
        guard let handle = processes[instance]?.handle else { return }
        do throws(SystemError) {
            // Not delivered: it ended meanwhile, and the keeper will say so.
            try Processes.signal(signal.number, through: handle.number)
        } catch {
            scribe.log("\(error) (instance \(instance.number))")
        }
    }

    /// Reaches everything of an instance. Killing repeats until a look finds nobody new, because what forks faster
    /// than one look is still of the instance.
    func sweep(_ instance: InstanceID, _ signal: Signal) {
        var reached: Set<Int32> = []
        for _ in 0..<Loop.sweepRounds {
            let found = family(of: instance).filter { !reached.contains($0) }
            for process in found { reach(process, of: instance, signal) }
            reached.formUnion(found)
            if found.isEmpty || signal != .kill { break }
        }
        guard let entry = processes[instance], entry.ended, !exits.isDying(instance) else { return }
        if remains(of: instance).isEmpty { vanished(instance) }
    }

    private static var sweepRounds: Int { 10 }

    /// Through a descriptor that is opened first and checked again: the number alone could mean another by now.
    private func reach(_ process: Int32, of instance: InstanceID, _ signal: Signal) {
        guard let handle = try? Processes.open(process), family(of: instance).contains(process) else {
            return
        }
        do throws(SystemError) {
            try Processes.signal(signal.number, through: handle.number)
        } catch {
            scribe.log("\(error) (process \(process) of instance \(instance.number))")
        }
    }
}

// MARK: - Belonging

extension Loop {
    /// What still runs of an instance whose main process was reaped.
    ///
    /// Whatever an instance left behind has become a child of the keeper, which is everybody's reaper; so only the
    /// keeper's children need to be looked at, and normally they are the main processes we know.
    private func remains(of instance: InstanceID) -> [Int32] {
        guard let entry = processes[instance] else { return [] }
        let orphans = ProcFS.children(of: keeper.process).filter {
            !processes.isMain($0) && belongs($0, to: entry)
        }
        return orphans.flatMap { [$0] + ProcFS.descendants(of: $0) }
    }

    /// Everything that runs of an instance.
    func family(of instance: InstanceID) -> [Int32] {
        guard let entry = processes[instance] else { return [] }
        guard let main = entry.process, !entry.ended else { return remains(of: instance) }
        return [main.number] + ProcFS.descendants(of: main.number) + remains(of: instance)
    }

    /// By its session or group, which outlive their leader; else by the marker, which survives setsid(2).
    private func belongs(_ process: Int32, to entry: ProcessTable.Entry) -> Bool {
        guard let main = entry.process, let status = ProcFS.status(of: process), !status.isZombie else {
            return false
        }
        if status.session == main.number || status.group == main.number { return true }
        return ProcFS.environment(of: process, contains: "\(ProgramEnvironment.marker)=\(entry.marker)")
    }
}
