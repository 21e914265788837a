internal import Linux
internal import Supervision
internal import Wire

/// The only circle of the program: wait, learn facts, decide, act; what comes of an act is a fact in turn.
///
/// Facts queue up and are handed to the supervisor one after another at the end of each round, never from within
/// an act, so that no part is called back while it is at work. A class, because every part leads back to it.
final class Loop {
    let home: Home
    let watches: Watches
    let keeper: KeeperLink
    let ports: Ports
    let logs: LogPump
    let channels: Channels
    let notifySockets: NotifySockets
    let preloads: Preloads
    let prober: Prober
    let cluster: NodeCluster
    let followers: Followers
    let spawner: Spawner
    let scribe: Scribe
    let recollection: Recollection
    let environments: Environments
    let connections: Connections
    let sampler = Sampler()
    /// What RLIMIT_NOFILE was before the daemon raised its own.
    let openFiles: ResourceLimit
    /// What programs read.
    let nothing: SharedDescriptor
    /// The user's name.
    let user = Users().name(of: ThisProcess.user)
    let who: DaemonFacts
    let signals: SignalQueue
    let boot: String?
    /// A service manager started the keeper, and will again.
    let isService = ThisProcess.variable(ServiceManager.variable) != nil
    var processes = ProcessTable()
    var exits = Exits()
    /// Ends of main processes that are no children of the keeper.
    var adoptions: [InstanceID: Watch] = [:]
    var unreaped: [InstanceID: Unreaped] = [:]
    /// Keys of words that are not on disk yet.
    var readyNotes: [String] = []
    var coroner = Coroner(.now())
    var updateAsker: UpdateAsker?
    /// Daemons before this one that came to an unwanted end.
    var deaths: Snapshot.DaemonDeaths?
    /// Another program takes over: this daemon ends, and nothing else does.
    var isMakingWay = false
    /// Some instances are no children of the keeper, because one before was killed.
    var areOrphaned = false

    private(set) var supervisor: Supervisor
    private var facts: [Event] = []
    private var finishedAt: Instant?
    private var repose = Repose()
    /// How long a client may take to read the last answer.
    private static let farewell = Duration.seconds(1)
    private var stateIsStale = false
    private var memoryIsStale = false
    /// As it was written to memory last, until it is on its way to the disk too.
    private var lastState: [UInt8] = []
    /// Something ended that may have been the last of an instance.
    var mustLookForRemains = false
    /// When to look again, because nothing could be seen.
    var remainsLookAt: Instant?
    /// Between two writes of the state at least: a hundred instances that start at once are not a hundred writes.
    private static let saveInterval = Duration.milliseconds(10)
    private var savedAt = Instant(nanoseconds: 0)
    /// Between two writes of the history, which is longer: after the first of many deaths the others wait.
    private static let historyInterval = Duration.seconds(1)
    private var historyAt = Instant(nanoseconds: 0)
    private var historyIsStale = false
    private var writtenHistory: History
    private var historyDue: Instant { historyAt + Loop.historyInterval }
    private var saveDue: Instant { savedAt + Loop.saveInterval }
    /// What is wanted at the next start, once the machine goes down: what happens until then is not remembered.
    private var legacy: SavedState?

    init(_ parts: Parts, supervisor: Supervisor) throws(SystemError) {
        signals = try SignalQueue(for: [
            Signals.terminate, Signals.interrupt, Signals.hangup, Signals.user2,
        ])
        home = parts.home
        watches = parts.watches
        keeper = parts.keeper
        ports = parts.ports
        logs = parts.logs
        channels = parts.channels
        notifySockets = parts.notifySockets
        preloads = Preloads(parts.channels)
        cluster = parts.cluster
        spawner = parts.spawner
        scribe = parts.scribe
        recollection = parts.recollection
        environments = parts.environments
        connections = parts.connections
        followers = Followers(parts.connections)
        openFiles = parts.openFiles
        nothing = parts.nothing
        who = parts.who
        boot = parts.boot
        prober = Prober(watches: watches, diagnostics: ports.diagnostics)
        self.supervisor = supervisor
        writtenHistory = supervisor.history
        self.supervisor.calendar.zone = { Clock.offset(atWall: $0 * 1_000_000_000) }
        ports.report = { [unowned self] in learn($0) }
        ports.family = { [unowned self] in family(of: $0) }
        ports.families = { [unowned self] in families() }
    }

    /// Notes a fact for the end of this round.
    func learn(_ fact: Event) {
        facts.append(fact)
        if case .listened(let instance, _) = fact { prober.listened(instance) }
    }

    func run() throws(SystemError) {
        repose.disturb(at: Clock.monotonic())
        settle()
        while !hasFinished, !isMakingWay {
            let isIdle = repose.begins(at: Clock.monotonic())
            let limit = nextDeadline.map { max(.zero, $0 - .now) }
            if try watches.wait(atMost: limit, atRest: isIdle) { repose.disturb(at: Clock.monotonic()) }
            let now = Instant.now
            ports.deadlinePassed(at: now)
            connections.deadlinePassed(at: now)
            prober.deadlinePassed(at: now)
            lastWordsOverdue(at: now)
            lookAtUnreaped(at: now)
            if let due = remainsLookAt, due <= now { mustLookForRemains = true }
            if let deadline = supervisor.nextDeadline, deadline <= now { learn(.deadlinePassed) }
            settle()
        }
        if let legacy { write(legacy) } else if stateIsStale { save() }
        if historyIsStale { saveHistory() }
        logs.end(isLast: !isMakingWay)
        scribe.finish()
        if isMakingWay { return }
        prober.endAll()
        // A socket that nobody answers on would only puzzle; if it cannot be removed, the next daemon replaces it.
        try? File.remove(home.socket)
        keeper.quit()
    }

    /// Everything has stopped, and whoever asked for it has heard so or had the time to.
    private var hasFinished: Bool {
        guard let finishedAt else { return false }
        return !connections.areFlushing || finishedAt + Loop.farewell <= .now
    }

    private var nextDeadline: Instant? {
        [
            finishedAt.map { $0 + Loop.farewell },
            stateIsStale ? saveDue : nil, supervisor.nextDeadline, ports.nextDeadline,
            connections.nextDeadline, exits.nextDeadline, historyIsStale ? historyDue : nil,
            repose.deadline.map(Instant.init(nanoseconds:)),
            prober.nextDeadline, remainsLookAt, unreaped.values.map(\.lookAt).min(),
        ]
        .compactMap { $0 }.min()
    }

    /// Hands every fact to the supervisor and performs what it orders, until there is nothing new.
    private func settle() {
        repeat {
            lookForRemains()
            let batch = facts
            facts.removeAll(keepingCapacity: true)
            supervisor.calendar.offset = WallClock.now.offset
            for fact in batch {
                for effect in supervisor.handle(fact, at: .now) {
                    Fault.point()
                    perform(effect)
                }
                Fault.point()
            }
        } while !facts.isEmpty || mustLookForRemains
        connections.flush()
        if stateIsStale, saveDue <= .now { save() }
        if historyIsStale, historyDue <= .now { saveHistory() }
        // An exit that the state does not know yet is told again to the next daemon.
        if !stateIsStale {
            exits.acknowledge(to: keeper)
            withdrawReadyNotes()
        }
        sampler.catchUp(at: .now)
    }

    private func perform(_ effect: Effect) {
        if effect.isIrrevocable { recollect() }
        switch effect {
        case .spawn(let instance, let launch): spawn(instance, launch)
        case .steer(let app, let shares): ports.steer(app, to: shares)
        case .drain(let instance):
            let patience = ports.patienceApart(of: instance)
            if preloads.drain(instance, idle: patience), patience != nil { ports.awaitWord(of: instance) }
            prober.end(instance)
            ports.drain(instance)
        case .signal(let instance, let signal):
            prober.end(instance)
            ports.endDrain(instance)
            self.signal(instance, signal)
        case .dismiss(let instance, let signal):
            prober.end(instance)
            ports.endDrain(instance)
            dismiss(instance, signal)
        case .sweep(let instance, let signal): sweep(instance, signal)
        case .release(let instance): ports.release(instance)
        case .progress(let ticket, let progress): tell(ticket, progress)
        case .reply(let ticket, let reply): answer(ticket, reply)
        case .announce(let notice): scribe.log(notice.sentence)
        case .save: (stateIsStale, memoryIsStale) = (true, true)
        case .finish: finishedAt = .now
        case .hurry(let instance): ports.hurry(instance)
        case .keepLogs(let spec): logs.keep(spec)
        case .weigh(let instance): weigh(instance)
        }
    }

    /// Writes what must outlive the daemon, and lets go of environments nobody refers to.
    private func save() {
        stateIsStale = false
        savedAt = .now
        guard legacy == nil else { return }
        environments.keep(only: supervisor.environments)
        recollect()
        scribe.save(lastState.isEmpty ? encodedState : lastState)
        lastState = []
        historyIsStale = true
        if historyDue <= .now { saveHistory() }
    }

    /// Writes to memory what a daemon must know that takes this one's place now.
    func recollect() {
        guard memoryIsStale, legacy == nil else { return }
        memoryIsStale = false
        lastState = encodedState
        recollection.write(lastState)
    }

    private var encodedState: [UInt8] {
        StateFile(
            state: supervisor.saved, environments: environments.survivors, boot: boot,
            starts: processes.startTimes, listeners: ports.survivors
        ).bytes
    }

    /// What is to be there after a boot.
    private func write(_ state: SavedState) {
        scribe.save(StateFile(state: state, environments: environments.survivors, boot: boot).bytes)
    }

    /// Writes what went wrong, if that is news.
    private func saveHistory() {
        historyIsStale = false
        let history = supervisor.history
        guard history != writtenHistory else { return }
        writtenHistory = history
        historyAt = .now
        scribe.save(HistoryFile(history))
    }

    /// Stops everything gracefully without forgetting that it is wanted: the machine, or the service, goes down.
    ///
    /// Should it be ended by force, the next daemon finds what runs; else nothing that ran is there, which is no crash.
    func goDown(_ ticket: Ticket) {
        guard legacy == nil else { return }
        save()
        legacy = supervisor.saved.withoutProcesses
        learn(.requested(.shutdown, ticket))
    }

    /// The service manager starts another keeper when this daemon's is gone, and that one its own daemon, which adopts
    /// what runs.
    func leaveToServiceManager() -> Never {
        save()
        logs.end(isLast: false)
        scribe.finish()
        ThisProcess.exit(1)
    }
}

extension Effect {
    /// A daemon that did it and died must have said before what it meant.
    fileprivate var isIrrevocable: Bool {
        switch self {
        case .spawn, .signal, .dismiss, .sweep, .release, .reply, .finish: true
        case .steer, .drain, .hurry, .keepLogs, .weigh, .progress, .announce, .save: false
        }
    }
}

extension Instant {
    /// The machine's monotonic clock.
    static var now: Instant { Instant(nanoseconds: Clock.monotonic()) }
}
