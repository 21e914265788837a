internal import Linux

/// What a service manager hears of a keeper that it started: when swpm is up, that it lives, and that it goes.
///
/// The keeper tells it, because it is the main process of the service; a daemon that hangs or dies is its affair, not
/// the manager's. Under a watchdog it asks the daemon whether it is well, passes on nothing but answers, and ends one
/// that is silent in time for another to answer; only if none does the manager's turn has come. Without a watchdog
/// nobody is asked, and nothing wakes.
struct Service {
    private let manager: ServiceManager
    /// Where the first daemon says that it is ready.
    private var word: SharedDescriptor?
    private var heard: [UInt8] = []
    private var isUp = false
    private var isStopping = false
    /// How often the daemon was asked since it last answered, or was started.
    private var questions = 0
    /// When the manager is to be told again, and the daemon to be asked, on the monotonic clock.
    private(set) var deadline: Int64?

    /// How long stopping may take is for the programs to say (`kill_timeout`); so the manager is asked for this much
    /// more, this often, for as long as it takes.
    private static let extensionMicroseconds = 30_000_000
    private static let extensionInterval: Int64 = 10_000_000_000
    private static let wordLimit = 4096
    private static let openQuestions = 3

    /// Nil: nobody wants to be told.
    init?(_ manager: ServiceManager?, at now: Int64) {
        guard let manager else { return nil }
        self.manager = manager
        schedule(at: now)
    }

    /// The end of a new pipe for a daemon to say on that it is ready; nil: one did.
    mutating func expectWord() throws(SystemError) -> (ours: Int32, theirs: SharedDescriptor)? {
        guard !isUp else { return nil }
        let pipe = try KeeperProcess.readyPipe()
        word = pipe.reader
        heard = []
        return (pipe.reader.number, pipe.writer)
    }

    /// To be called when the pipe stirs; true: there will be no more.
    mutating func hear() -> Bool {
        guard let word else { return true }
        // What cannot be read says nothing, as the end does.
        let bytes = (try? word.descriptor.read(atMost: Service.wordLimit)) ?? []
        heard += bytes
        guard bytes.isEmpty || heard.last == UInt8(ascii: "\n") || heard.count >= Service.wordLimit else {
            return false
        }
        if heard == Array("ready\n".utf8) {
            isUp = true
            manager.tell("READY=1", "MAINPID=\(ThisProcess.identifier)", "STATUS=Looking after programs")
        } else if !heard.isEmpty {
            manager.tell(
                "STATUS=" + String(decoding: heard.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
        }
        return true
    }

    /// What `hear` reads, as long as there may be more.
    var wordNumber: Int32? { word?.number }

    mutating func stopHearing() { word = nil }
}

// MARK: - Signs of life

extension Service {
    mutating func stopping(at now: Int64) {
        guard !isStopping else { return }
        isStopping = true
        manager.tell("STOPPING=1", "STATUS=Stopping programs")
        askForTime()
        schedule(at: now)
    }

    /// What is to be done about the daemon: `abort` has it leave a trace of where it hangs.
    enum Order { case ask, abort, kill }

    /// Questions are counted, not the time: where the machine held up both, the daemon was not asked.
    mutating func deadlinePassed(at now: Int64) -> Order? {
        guard let due = deadline, due <= now else { return nil }
        if isStopping { askForTime() }
        defer { schedule(at: now) }
        guard manager.watchdog != nil else { return nil }
        questions += 1
        if questions <= Service.openQuestions { return .ask }
        return questions == Service.openQuestions + 1 ? .abort : .kill
    }

    mutating func daemonStarted() { questions = 0 }

    mutating func daemonAnswered(at now: Int64) {
        questions = 0
        manager.tell("WATCHDOG=1")
        schedule(at: now)
    }

    private func askForTime() { manager.tell("EXTEND_TIMEOUT_USEC=\(Service.extensionMicroseconds)") }

    /// Four questions in each period. Without an answer the next one comes twice as soon: of the eighths of a period the
    /// third to fifth are for questions, then one is for the trace, and two are left for another daemon.
    private mutating func schedule(at now: Int64) {
        let watchdog = manager.watchdog.map { $0 / (questions == 0 ? 4 : 8) }
        let extending = isStopping ? Service.extensionInterval : nil
        deadline = [watchdog, extending].compactMap { $0 }.min().map { now + $0 }
    }
}
