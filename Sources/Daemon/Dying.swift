internal import Keeper
internal import Linux
internal import Supervision

// MARK: - Learning of ends

extension Loop {
    /// The keeper reaped a process: a main process, a helper that was left behind, or a child of a failed spawn.
    func reaped(_ process: ReapedProcess) {
        let number = ProcessID(process.reaped.process)
        // What it said last counts, and may be that another process is the main one now.
        if let instance = processes.instance(of: number) { notifySockets.hear(instance) }
        guard let instance = processes.instance(of: number) else {
            lostParent(number)
            exits.keep(process, whileLaunching: processes.launching)
            exits.wasTold(process)
            mustLookForRemains = true
            return
        }
        ended(instance, process.exit, process)
    }

    func ended(_ instance: InstanceID, _ exit: Exit, _ reaped: ReapedProcess? = nil) {
        // The pump works while the rest is done.
        logs.finish(instance)
        giveUp(instance)
        processes.ended(instance)
        channels.ended(instance)
        notifySockets.forget(instance)
        prober.end(instance)
        ports.exited(instance)
        // After it was steered away from, and while the pump works.
        var exit = exit
        exit.killer = killer(of: instance, exit.status)
        exits.begin(instance, exit, reaped, at: .now)
    }

    /// Nobody was there to see how it ended.
    func endedUnseen(_ instance: InstanceID) {
        ended(instance, Exit(status: .unknown, at: .now))
    }

    /// The pump has taken what the pipes still held.
    func heard(_ lastWords: [String], of instance: InstanceID) {
        guard var exit = exits.end(instance, lastWords: lastWords) else { return }
        exit.remark = ports.remark(on: instance, lastWords, at: exit.at)
        learn(.exited(instance, exit))
        mustLookForRemains = true
    }

    func lastWordsOverdue(at now: Instant) {
        for instance in exits.overdue(at: now) { heard([], of: instance) }
    }

    /// Finds out of which instances nothing is left; once a round, for all that died in it.
    func lookForRemains() {
        guard mustLookForRemains else { return }
        mustLookForRemains = false
        let shortages = ProcFS.shortages
        let orphans = orphans
        guard ProcFS.shortages == shortages else { return lookForRemainsLater() }
        remainsLookAt = nil
        for instance in processes.remains where !exits.isDying(instance) && orphans.isEmpty(for: instance) {
            processes.remove(instance)
            learn(.vanished(instance))
        }
    }

    /// Nobody is said to be gone because nobody could be seen.
    private func lookForRemainsLater() {
        if remainsLookAt == nil {
            scribe.log("\(SystemError("look at what runs", code: SystemError.tooManyFiles))")
        }
        remainsLookAt = .now + Loop.blindness
    }

    private static var blindness: Duration { .milliseconds(250) }

    private var orphans: Orphans {
        Orphans(of: keeper.process, everywhere: areOrphaned, processes, home, ports)
    }
}

// MARK: - Signalling

extension Loop {
    func signal(_ instance: InstanceID, _ signal: Signal) {
        guard let handle = processes[instance]?.handle else { return }
        if signal == .kill { processes.killed(instance) }
        do throws(SystemError) {
            // Not delivered: it ended meanwhile, and the keeper will say so.
            try Processes.signal(preloads.signal(signal, for: instance).number, through: handle.number)
        } catch {
            scribe.log("\(error) (instance \(instance.number))")
        }
    }

    /// As PM2 does where an app asks for it: Node programs that cannot handle signals listen for this word.
    func dismiss(_ instance: InstanceID, _ signal: Signal) {
        switch channels.send(Array("\"shutdown\"\n".utf8), to: instance) {
        case .sent, .queued: break
        case .tooLong, .full, .closed: self.signal(instance, signal)
        }
    }

    /// Reaches everything of an instance. Killing repeats until a look finds nobody new, because what forks faster
    /// than one look is still of the instance.
    func sweep(_ instance: InstanceID, _ signal: Signal) {
        guard let entry = processes[instance] else { return }
        if signal == .kill { processes.killed(instance) }
        let shortages = ProcFS.shortages
        var reached: Set<Orphans.Member> = []
        var victims = Victims()
        for _ in 0..<Loop.sweepRounds {
            let found = Set(members(of: instance, entry, orphans)).subtracting(reached)
            for member in found.sorted(by: { $0.process < $1.process }) {
                if signal == .kill { note(member, of: entry, among: &victims) }
                reach(member, of: instance, signal)
            }
            reached.formUnion(found)
            if found.isEmpty || signal != .kill { break }
        }
        if !victims.isEmpty { learn(.killed(instance, victims)) }
        // Who cannot be seen is reached all the same, where there is a handle.
        if ProcFS.shortages != shortages, !entry.ended { self.signal(instance, signal) }
        // Nothing was left: nobody's end will tell.
        if entry.ended, reached.isEmpty { mustLookForRemains = true }
    }

    private static var sweepRounds: Int { 10 }

    /// Who is about to be killed, while it can still be asked what it is.
    private func note(
        _ member: Orphans.Member, of entry: ProcessTable.Entry, among victims: inout Victims
    ) {
        let process = ProcessID(member.process)
        if process == entry.process, !entry.ended { return victims.main = process }
        let command = victims.hasRoom ? ProcFS.arguments(of: member.process).joined(separator: " ") : ""
        victims.add(KilledProcess(process, command: command))
    }

    /// Everything that runs of an instance, by number.
    func family(of instance: InstanceID) -> [Int32] {
        families()(instance)
    }

    /// The same for as many as are asked for, from one look at what is left behind.
    func families() -> (InstanceID) -> [Int32] {
        let orphans = orphans
        return { [unowned self] instance in
            processes[instance].map { members(of: instance, $0, orphans).map(\.process) } ?? []
        }
    }

    private func members(
        of instance: InstanceID, _ entry: ProcessTable.Entry, _ orphans: Orphans
    ) -> [Orphans.Member] {
        guard let main = entry.process, !entry.ended else { return orphans.all(of: instance) }
        let below = [main.number] + ProcFS.descendants(of: main.number)
        return below.compactMap(Orphans.Member.init) + orphans.all(of: instance)
    }

    /// Through a descriptor, which is opened first and then seen to mean the process that was found: the number
    /// alone could mean another by now.
    private func reach(_ member: Orphans.Member, of instance: InstanceID, _ signal: Signal) {
        guard let handle = try? Processes.open(member.process), Orphans.Member(member.process) == member
        else { return }
        do throws(SystemError) {
            try Processes.signal(signal.number, through: handle.number)
        } catch {
            scribe.log("\(error) (process \(member.process) of instance \(instance.number))")
        }
    }
}
