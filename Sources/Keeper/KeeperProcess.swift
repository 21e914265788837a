internal import Linux

/// The parent and safe of all instances: a process without opinions.
///
/// It holds what must outlive the daemon, reaps what ends, says so, and starts the daemon again when that ends. It
/// must never be the reason that something stopped, so it decides nothing, parses nothing but its own packets, and
/// every table of it has a bound.
public struct KeeperProcess: ~Copyable {
    let lock: SharedDescriptor
    var ready: SharedDescriptor?
    /// In place of `ready` for every daemon but the first.
    let nowhere: SharedDescriptor
    let request: SpawnRequest
    private let logPath: String
    let openFiles: ResourceLimit
    let poller: Poller
    private let signals: SignalQueue
    var safe = Safe()
    var daemon: DaemonProcess
    var update: Update?
    private var service: Service?
    private var link: SharedDescriptor?
    private var linkInterest: Poller.Interest = []
    private var repose = Repose()
    private var isTerminating = false
    private var exitCode: Int32?

    /// A daemon that cannot do its work knows it by then.
    private static let startupTime: Int64 = 5_000_000_000
    private static let signalsToken: UInt64 = 1
    private static let linkToken: UInt64 = 2
    static let updateToken: UInt64 = 3
    private static let serviceToken: UInt64 = 4

    /// The body of `swpm keeper`; returns the exit code.
    public static func run(_ configuration: KeeperConfiguration) -> Int32 {
        if let resumption = configuration.resumption { return resume(configuration, resumption) }
        do throws(SystemError) {
            StandardStream.openAll()
            guard let lock = try configuration.takeLock() else {
                announce("another one is running in \(configuration.home)")
                return KeeperConfiguration.alreadyRunning
            }
            leadErrors(to: configuration.logPath)
            var keeper = try KeeperProcess(configuration, lock: lock)
            if let bereaved = configuration.bereaved { try keeper.takeOver(Descriptor(owning: bereaved)) }
            return try keeper.serve()
        } catch {
            announce("\(error)")
            return 1
        }
    }

    /// `openFiles`: what the limit was, where this process has raised its own before.
    init(
        _ configuration: KeeperConfiguration, lock: SharedDescriptor, openFiles former: ResourceLimit? = nil
    ) throws(SystemError) {
        let nowhere = SharedDescriptor(try File.open("/dev/null", .write))
        let raised = try ResourceLimit.raiseOpenFiles()
        let openFiles = former ?? raised
        let signals = try SignalQueue(for: [Signals.child, Signals.terminate, Signals.interrupt])
        let poller = try Poller()
        try poller.add(signals.descriptor.number, token: KeeperProcess.signalsToken, for: .readable)
        try Processes.adoptOrphans()
        ThisProcess.setName("swpm")
        // The daemon inherits it; programs are given 0 back. Without the privilege nothing changes.
        ThisProcess.setMemoryScore(-900)
        // It must not keep a file system from being unmounted.
        try ThisProcess.changeDirectory("/")
        Signals.ignore(Signals.brokenPipe)
        Signals.ignore(Signals.fileTooLarge)
        Signals.ignore(Signals.hangup)
        self.lock = lock
        self.nowhere = nowhere
        self.signals = signals
        self.poller = poller
        self.openFiles = openFiles
        logPath = configuration.logPath
        ready = configuration.ready.map { SharedDescriptor(Descriptor(owning: $0)) }
        request = configuration.daemonRequest(openFiles: openFiles)
        daemon = DaemonProcess(at: Clock.monotonic())
        let manager = ServiceManager(
            environment: ThisProcess.environmentByName(), process: ThisProcess.identifier)
        // Who was started by a command is nobody's service.
        service = Service(configuration.ready == nil ? manager : nil, at: Clock.monotonic())
    }

    /// So that the last words of a daemon are found, whoever started the keeper.
    static func leadErrors(to path: String) {
        // Where it cannot be opened, they go where the caller's go.
        guard let log = try? BoundedLog(path).open() else { return }
        StandardStream.error.lead(to: log)
    }

    static func announce(_ sentence: String) {
        StandardStream.error.write("\(Clock.timestamp()) keeper: \(sentence)\n")
    }
}

// MARK: - Serving

extension KeeperProcess {
    mutating func serve() throws(SystemError) -> Int32 {
        while true {
            startDaemonIfDue()
            let isIdle = repose.begins(at: Clock.monotonic())
            let limit = untilDeadline
            let events = try poller.wait(atMost: limit, atRest: isIdle)
            if !events.isEmpty { repose.disturb(at: Clock.monotonic()) }
            for event in events {
                switch event.token {
                case KeeperProcess.signalsToken: try takeSignals()
                case KeeperProcess.updateToken: hearOfTrial()
                case KeeperProcess.serviceToken: hearDaemon()
                default: hear()
                }
            }
            updateDeadlinePassed(at: Clock.monotonic())
            watch(at: Clock.monotonic())
            if let exitCode { return exitCode }
            try speak()
        }
    }

    private var untilDeadline: Duration? {
        let deadlines = [daemon.startsAt, repose.deadline, update?.deadline, service?.deadline]
        let next = deadlines.compactMap { $0 }.min()
        return next.map { .nanoseconds(max(0, $0 - Clock.monotonic())) }
    }

    private mutating func takeSignals() throws(SystemError) {
        while let signal = try signals.next() {
            if signal == Signals.child { try reapAll() } else { try terminate() }
        }
    }

    /// The daemon knows how to end; where there is none, there is nobody who would.
    private mutating func terminate() throws(SystemError) {
        isTerminating = true
        service?.stopping(at: Clock.monotonic())
        if let process = daemon.process {
            try Signals.send(Signals.terminate, to: process)
        } else {
            exitCode = 0
        }
    }

    /// The first daemon of a service says that it is ready, or why not.
    private mutating func hearDaemon() {
        if service?.hear() == true { stopHearing() }
    }

    private mutating func stopHearing() {
        guard let number = service?.wordNumber else { return }
        poller.remove(number)
        service?.stopHearing()
    }

    private mutating func reapAll() throws(SystemError) {
        while let reaped = try Processes.reap() {
            let now = Clock.monotonic()
            if reaped.process == daemon.process {
                daemonEnded(reaped, at: now)
            } else if reaped.process == update?.rehearsal {
                rehearsed(reaped)
            } else {
                safe.add(ReapedProcess(reaped, at: now))
            }
        }
    }
}

// MARK: - The link

extension KeeperProcess {
    /// Takes requests for as long as each is answered at once.
    private mutating func hear() {
        while safe.acceptsRequests, let message = receive() {
            if !safe.take(message, daemon: daemon.process) {
                KeeperProcess.announce("a request that cannot be understood")
            }
            if let candidate = safe.takeCandidate() { beginUpdate(candidate) }
        }
        if safe.takeAnswer() { service?.daemonAnswered(at: Clock.monotonic()) }
    }

    /// A daemon that hangs looks after nobody. One that is stopped is beyond SIGABRT, too.
    private mutating func watch(at now: Int64) {
        guard let order = service?.deadlinePassed(at: now), let process = daemon.process else { return }
        switch order {
        case .ask: safe.askIfWell()
        case .abort:
            KeeperProcess.announce("the daemon (process \(process)) does not answer; it is ended")
            // It may be gone already, which is all that is wanted.
            _ = try? Signals.send(Signals.abort, to: process)
        case .kill: _ = try? Signals.send(Signals.kill, to: process)
        }
    }

    /// Nil when there is nothing now; the link is closed when there never will be.
    private mutating func receive() -> SocketMessage? {
        guard let link else { return nil }
        do throws(SystemError) {
            switch try link.descriptor.receiveMessage(atMost: KeeperRequest.packetLimit) {
            case .message(let message): return message
            case .wouldBlock: return nil
            case .ended: closeLink()
            }
        } catch {
            KeeperProcess.announce("\(error)")
            closeLink()
        }
        return nil
    }

    private mutating func speak() throws(SystemError) {
        guard let link else { return }
        guard try safe.tell(over: link) != .ended else { return abandon(link) }
        let interest: Poller.Interest = safe.hasSomethingToSay ? .writable : .readable
        guard interest != linkInterest else { return }
        try poller.change(link.number, token: KeeperProcess.linkToken, for: interest)
        linkInterest = interest
    }

    /// The other end is closed, but what was sent before counts: above all the deposits.
    private mutating func abandon(_ link: SharedDescriptor) {
        while let message = receive() { _ = safe.take(message, daemon: daemon.process) }
        closeLink()
    }

    /// A daemon that cannot be talked to is none.
    private mutating func closeLink() {
        guard let link else { return }
        poller.remove(link.number)
        self.link = nil
        // It may be gone already, which is all that is wanted.
        if let process = daemon.process {
            _ = try? Signals.send(Signals.kill, to: process)
        } else {
            daemon.predecessorLeft(at: Clock.monotonic())
        }
    }
}

// MARK: - The daemon

extension KeeperProcess {
    /// Hears what a daemon has to hand over whose keeper was killed.
    private mutating func takeOver(_ link: consuming Descriptor) throws(SystemError) {
        link.setInherited(false)
        link.setNonBlocking()
        let shared = SharedDescriptor(link)
        try poller.add(shared.number, token: KeeperProcess.linkToken, for: .readable)
        self.link = shared
        linkInterest = .readable
        daemon.awaitPredecessor()
    }

    private mutating func startDaemonIfDue() {
        guard let due = daemon.startsAt, due <= Clock.monotonic() else { return }
        do throws(SpawnError) {
            try startDaemon()
        } catch {
            KeeperProcess.announce("\(error)")
            daemon.ended(at: Clock.monotonic())
            goBackIfTrying(because: "\(error)")
        }
    }

    private mutating func startDaemon() throws(SpawnError) {
        let (ours, theirs) = try KeeperProcess.linkEnds()
        // During an update somebody else listens.
        let ready = if let known = self.ready { known } else { try expectWord() }
        var request = request
        request.descriptors.append(.init(theirs.number, as: KeeperConfiguration.linkDescriptor))
        request.descriptors.append(.init(lock.number, as: KeeperConfiguration.lockDescriptor))
        request.descriptors.append(
            .init(ready?.number ?? nowhere.number, as: KeeperConfiguration.readyDescriptor))
        // Numbers alone keep nothing open.
        let process = try withExtendedLifetime((theirs, lock, ready)) { () throws(SpawnError) in
            try spawn(request).process
        }
        self.ready = nil
        daemon.started(process, at: Clock.monotonic())
        service?.daemonStarted()
        safe.beginAnew()
        link = ours
        try watchLink(ours.number)
    }

    private mutating func expectWord() throws(SpawnError) -> SharedDescriptor? {
        stopHearing()
        do throws(SystemError) {
            guard let word = try service?.expectWord() else { return nil }
            try poller.add(word.ours, token: KeeperProcess.serviceToken, for: .readable)
            return word.theirs
        } catch {
            throw SpawnError(.descriptors, "\(KeeperConfiguration.readyDescriptor)", code: error.code)
        }
    }

    private mutating func watchLink(_ number: Int32) throws(SpawnError) {
        linkInterest = .readable
        do throws(SystemError) {
            try poller.add(number, token: KeeperProcess.linkToken, for: linkInterest)
        } catch {
            throw SpawnError(.descriptors, "\(KeeperConfiguration.linkDescriptor)", code: error.code)
        }
    }

    private static func linkEnds() throws(SpawnError) -> (ours: SharedDescriptor, theirs: SharedDescriptor) {
        do throws(SystemError) {
            let pair = try UnixSocket.pair(.packets)
            return (
                SharedDescriptor(try pair.first.duplicate()), SharedDescriptor(try pair.second.duplicate())
            )
        } catch {
            throw SpawnError(.descriptors, "\(KeeperConfiguration.linkDescriptor)", code: error.code)
        }
    }

    private mutating func daemonEnded(_ reaped: Reaped, at now: Int64) {
        daemon.ended(at: now)
        // The daemon may have put the file aside.
        KeeperProcess.leadErrors(to: logPath)
        if let link { abandon(link) }
        if !safe.isQuitting, !isTerminating, concludeUpdate(reaped) { return }
        if safe.isQuitting || isTerminating || isHopeless(reaped, at: now) {
            // One that said it would quit has done its work, and may have been ended below while it left.
            exitCode = safe.isQuitting ? 0 : reaped.end.exitCode
        } else {
            safe.daemonDied(at: now)
            KeeperProcess.announce("the daemon \(reaped.end.words); starting it again")
        }
    }

    /// The very first daemon refused to work and there is nothing to keep: whoever started the keeper will hear why.
    private func isHopeless(_ reaped: Reaped, at now: Int64) -> Bool {
        guard case .code = reaped.end, daemon.starts == 1 else { return false }
        return daemon.lastLife < KeeperProcess.startupTime && safe.isEmpty
            && Safe.children(except: nil).isEmpty
    }
}

extension Reaped.End {
    /// As a shell would tell it.
    fileprivate var exitCode: Int32 {
        switch self {
        case .code(let code): code
        case .signal(let signal): 128 + signal
        }
    }

    var words: String {
        switch self {
        case .code(let code): "exited with code \(code)"
        case .signal(let signal): "was ended by signal \(signal)"
        }
    }
}
