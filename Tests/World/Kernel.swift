internal import Supervision

/// The machine as a world imagines it: processes that live as planned, and facts that wait to be heard.
struct Kernel {
    private(set) var processes: [InstanceID: Process] = [:]
    /// Facts in the order they came about, not yet told.
    var mailbox: [Event] = []
    private var agenda: [Entry] = []
    private var entries: UInt64 = 0
    private var lastProcess: Int32 = 1000

    struct Process {
        var plan: Plan
        var process = ProcessID(0)
        var isLaunched = false
        var hasMain = false
        var hasHelper = false
        var listening: [ListenAddress] = []
        var hasSaidReady = false
        var lastCheck: CheckResult?
        var status = ExitStatus.unknown
        var ended = Instant(nanoseconds: 0)
        /// It was killed before it was there.
        var isCancelled = false
        /// Stopped: it accepts nothing and hears nothing.
        var isFrozen = false
        /// A signal came meanwhile.
        var wasAsked = false
    }

    /// Something that will happen.
    enum Occurrence {
        case launches(InstanceID)
        case listens(InstanceID, ListenAddress?)
        case unlistens(InstanceID)
        case ends(InstanceID, ExitStatus)
        case helperEnds(InstanceID)
        case drains(InstanceID)
        case falters(InstanceID)
        case recovers(InstanceID)
        case saysReady(InstanceID)
        case checks(InstanceID, CheckResult)
        case freezes(InstanceID)
        case thaws(InstanceID)
        case asks
        case daemonDies
    }

    private struct Entry {
        var at: Instant
        var number: UInt64
        var occurrence: Occurrence
    }
}

// MARK: - The agenda

extension Kernel {
    mutating func plan(_ occurrence: Occurrence, at instant: Instant) {
        entries += 1
        agenda.append(Entry(at: instant, number: entries, occurrence: occurrence))
    }

    var next: Instant? { agenda.map(\.at).min() }

    /// Takes the first of what has come due.
    mutating func occur(until now: Instant) -> (Instant, Occurrence)? {
        var first: Int?
        for k in agenda.indices where agenda[k].at <= now {
            guard let best = first else {
                first = k
                continue
            }
            if (agenda[k].at, agenda[k].number) < (agenda[best].at, agenda[best].number) { first = k }
        }
        return first.map { k in
            let entry = agenda.remove(at: k)
            return (entry.at, entry.occurrence)
        }
    }

    /// Things that only processes do; requests and the daemon's death are the world's.
    mutating func happen(_ occurrence: Occurrence, at instant: Instant) {
        switch occurrence {
        case .launches(let id): launch(id, at: instant)
        case .listens(let id, let address): listen(id, address)
        case .unlistens(let id): relisten(id, at: instant)
        case .ends(let id, let status): end(id, status, at: instant)
        case .helperEnds(let id): endHelper(id)
        case .drains(let id):
            if processes[id]?.hasMain == true, processes[id]?.isFrozen == false {
                mailbox.append(.drained(id))
            }
        case .falters(let id):
            if processes[id]?.hasMain == true { mailbox.append(.faltered(id)) }
        case .recovers(let id):
            if processes[id]?.hasMain == true { mailbox.append(.recovered(id)) }
        case .saysReady(let id):
            guard processes[id]?.hasMain == true else { return }
            processes[id]?.hasSaidReady = true
            mailbox.append(.said(id, .ready))
        case .checks(let id, let result):
            guard processes[id]?.hasMain == true else { return }
            processes[id]?.lastCheck = result
            mailbox.append(.checked(id, result))
        case .freezes(let id): freeze(id)
        case .thaws(let id): thaw(id, at: instant)
        case .asks, .daemonDies: break
        }
    }
}

// MARK: - Lives of processes

extension Kernel {
    private mutating func launch(_ id: InstanceID, at now: Instant) {
        guard var process = processes[id], !process.isCancelled else {
            processes[id] = nil
            return
        }
        guard !process.plan.failsToLaunch else {
            processes[id] = nil
            mailbox.append(.spawnFailed(id, reason: "cannot find program"))
            return
        }
        lastProcess += 1
        process.process = ProcessID(lastProcess)
        (process.isLaunched, process.hasMain) = (true, true)
        process.hasHelper = process.plan.helper != nil
        processes[id] = process
        mailbox.append(.spawned(id, process.process))
        if let directory = process.plan.directory {
            mailbox.append(.located(id, Places(workingDirectory: directory)))
        }
        for listen in process.plan.listens { plan(.listens(id, listen.on), at: now + listen.after) }
        if let relistens = process.plan.relistens { plan(.unlistens(id), at: now + relistens) }
        if let crash = process.plan.crash { plan(.ends(id, crash.status), at: now + crash.after) }
        if let saysReady = process.plan.saysReady { plan(.saysReady(id), at: now + saysReady) }
        for check in process.plan.checks { plan(.checks(id, check.result), at: now + check.after) }
        if let falters = process.plan.falters { plan(.falters(id), at: now + falters) }
        if let recovers = process.plan.recovers { plan(.recovers(id), at: now + recovers) }
        if let freezes = process.plan.freezes { plan(.freezes(id), at: now + freezes) }
        if let thaws = process.plan.thaws { plan(.thaws(id), at: now + thaws) }
    }

    private mutating func freeze(_ id: InstanceID) {
        guard let process = processes[id], process.hasMain, !process.listening.isEmpty else { return }
        processes[id]?.isFrozen = true
        mailbox.append(.stuck(id, waiting: 7))
    }

    private mutating func thaw(_ id: InstanceID, at now: Instant) {
        guard let process = processes[id], process.hasMain, process.isFrozen else { return }
        processes[id]?.isFrozen = false
        mailbox.append(.unstuck(id))
        if process.wasAsked { signal(id, at: now) }
    }

    private mutating func listen(_ id: InstanceID, _ address: ListenAddress?) {
        guard processes[id]?.hasMain == true else { return }
        if let address, processes[id]?.listening.contains(address) == false {
            processes[id]?.listening.append(address)
        }
        mailbox.append(.listened(id, address))
    }

    private mutating func relisten(_ id: InstanceID, at now: Instant) {
        guard processes[id]?.hasMain == true, let address = processes[id]?.listening.first else { return }
        processes[id]?.listening.removeFirst()
        mailbox.append(.unlistened(id, address))
        plan(.listens(id, address), at: now + .milliseconds(150))
    }

    private mutating func end(_ id: InstanceID, _ status: ExitStatus, at now: Instant) {
        guard processes[id]?.hasMain == true else { return }
        processes[id]?.hasMain = false
        processes[id]?.status = status
        processes[id]?.ended = now
        mailbox.append(.exited(id, Exit(status: status, at: now, lastWords: ["last words"])))
        guard processes[id]?.hasHelper == true else { return vanish(id) }
        if let outlives = processes[id]?.plan.helper?.outlives { plan(.helperEnds(id), at: now + outlives) }
    }

    private mutating func endHelper(_ id: InstanceID) {
        guard processes[id]?.hasHelper == true else { return }
        processes[id]?.hasHelper = false
        if processes[id]?.hasMain == false { vanish(id) }
    }

    private mutating func vanish(_ id: InstanceID) {
        processes[id] = nil
        mailbox.append(.vanished(id))
    }
}

// MARK: - What is done to them

extension Kernel {
    mutating func spawn(_ id: InstanceID, _ plan: Plan, at now: Instant) {
        processes[id] = Process(plan: plan)
        self.plan(.launches(id), at: now + plan.launch)
    }

    mutating func signal(_ id: InstanceID, at now: Instant) {
        guard let process = processes[id], process.hasMain, let obeys = process.plan.obeys else { return }
        guard !process.isFrozen else {
            processes[id]?.wasAsked = true
            return
        }
        plan(.ends(id, .signal(.terminate)), at: now + obeys)
    }

    mutating func sweep(_ id: InstanceID, _ signal: Signal, at now: Instant) {
        guard let process = processes[id] else { return }
        guard signal == .kill else {
            if process.hasHelper, process.plan.helper?.obeys == true {
                plan(.helperEnds(id), at: now + .milliseconds(10))
            }
            return
        }
        let main = process.hasMain ? process.process : nil
        let helper =
            process.hasHelper ? [KilledProcess(ProcessID(-process.process.number), command: "helper")] : []
        let victims = Victims(main: main, others: helper)
        if !victims.isEmpty { mailbox.append(.killed(id, victims)) }
        if process.plan.escapes {
            processes[id]?.plan.escapes = false
            processes[id]?.hasHelper = true
        } else {
            plan(.helperEnds(id), at: now + process.plan.dies)
        }
        if process.hasMain { plan(.ends(id, .signal(.kill)), at: now + process.plan.dies) }
    }

    mutating func drain(_ id: InstanceID, at now: Instant) {
        guard let process = processes[id], let drains = process.plan.drains else { return }
        plan(.drains(id), at: now + drains)
    }

    /// Only handshakes are waited for; whoever does not even drain then has connections that never settle.
    mutating func weigh(_ id: InstanceID) {
        guard let process = processes[id], process.hasMain else { return }
        mailbox.append(.weighed(id, process.plan.memory))
    }

    mutating func hurry(_ id: InstanceID, at now: Instant) {
        guard let process = processes[id], process.plan.drains != nil else { return }
        plan(.drains(id), at: now + .milliseconds(50))
    }

    /// A new daemon compares what was written with what there is: ends what it does not know, and is told of
    /// what went missing, or never came to be.
    mutating func reconcile(with saved: SavedState) {
        mailbox = []
        let known = saved.apps.flatMap(\.slots).flatMap(\.instances)
        let ids = Set(known.map(\.id))
        for id in processes.keys where !ids.contains(id) {
            if processes[id]?.isLaunched == true {
                processes[id] = nil
            } else {
                processes[id]?.isCancelled = true
            }
        }
        for instance in known { report(instance) }
    }

    private mutating func report(_ instance: SavedState.Instance) {
        let id = instance.id
        if instance.process == nil {
            guard let process = processes[id], process.isLaunched else {
                processes[id]?.isCancelled = true
                return mailbox.append(.neverSpawned(id))
            }
            mailbox.append(.spawned(id, process.process))
        }
        guard let process = processes[id] else {
            mailbox.append(.exited(id, Exit(status: .unknown, at: instance.since)))
            mailbox.append(.vanished(id))
            return
        }
        for gone in instance.listening where !process.listening.contains(gone) {
            mailbox.append(.unlistened(id, gone))
        }
        for new in process.listening where !instance.listening.contains(new) {
            mailbox.append(.listened(id, new))
        }
        // What it said waits in its socket, and who has been looked at is looked at again.
        if process.hasSaidReady, !instance.hasSaidReady { mailbox.append(.said(id, .ready)) }
        if process.hasMain, let check = process.lastCheck { mailbox.append(.checked(id, check)) }
        guard !process.hasMain else {
            if process.isFrozen { mailbox.append(.stuck(id, waiting: 7)) }
            return
        }
        mailbox.append(.exited(id, Exit(status: process.status, at: process.ended)))
    }
}
