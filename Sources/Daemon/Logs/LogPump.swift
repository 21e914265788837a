internal import Keeper
internal import Linux
internal import Supervision

/// The loop's side of the log pump: makes the pipes, has them kept, and hears how they end.
///
/// A class, because callbacks lead back to it.
final class LogPump {
    /// What the program writes to. They are to be closed in the daemon as soon as it runs, or the pipes never end.
    struct Pipes {
        var output: SharedDescriptor
        var error: SharedDescriptor
    }

    /// The program's end was survived by its last lines of stderr, oldest first.
    var onLastWords: ((InstanceID, [String]) -> Void)?
    /// Something that the daemon's log should say.
    var onTrouble: ((String) -> Void)?

    private let keeper: KeeperLink
    private let orders: Mailbox<PumpOrder>
    private let reports: Mailbox<PumpReport>
    private let thread: Thread
    /// What the keeper holds the streams' reading ends under.
    private var keys: [StreamID: String] = [:]

    init(keeper: KeeperLink, watches: Watches) throws(SystemError) {
        let orders = try Mailbox<PumpOrder>()
        let reports = try Mailbox<PumpReport>()
        self.keeper = keeper
        self.orders = orders
        self.reports = reports
        thread = try Thread.start(name: "log pump") {
            do throws(SystemError) {
                try Pump(orders, reports).run()
            } catch {
                preconditionFailure("the log pump stopped: \(error)")
            }
        }
        _ = try watches.watch(reports.number, for: .readable) { [weak self] _ in self?.readReports() }
    }

    /// Ends the thread; what is in the pipes stays there.
    func end() {
        orders.send(.end)
        thread.join()
    }
}

// MARK: - Ordering

extension LogPump {
    /// Makes the pipes of an instance that is about to be started.
    func open(_ instance: InstanceID, _ output: String, _ error: String) throws(SystemError) -> Pipes {
        let (outputReader, outputWriter) = try Pipe.unbreakable()
        let (errorReader, errorWriter) = try Pipe.unbreakable()
        start(StreamID(instance: instance, stream: .out), outputReader, output)
        start(StreamID(instance: instance, stream: .error), errorReader, error)
        return Pipes(output: outputWriter, error: errorWriter)
    }

    /// The main process has ended; its last words will follow.
    func finish(_ instance: InstanceID) { orders.send(.finish(instance)) }

    /// There is no program after all.
    func close(_ instance: InstanceID) {
        orders.send(.close(instance))
        for stream in LogStream.allCases { release(StreamID(instance: instance, stream: stream)) }
    }

    private func start(_ id: StreamID, _ reader: SharedDescriptor, _ path: String) {
        let key = id.key(path: path, limit: KeeperRequest.keyLimit)
        keys[id] = key
        keeper.deposit(key: key, reader.number)
        orders.send(.open(id, reader, path: path, .new))
    }
}

// MARK: - Taking back

extension LogPump {
    /// Goes on with what a previous daemon began for this instance.
    func restore(
        _ instance: InstanceID, _ held: [String: SharedDescriptor], _ output: String, _ error: String
    ) {
        for (key, pipe) in held {
            guard let (id, _) = StreamID.parse(key: key), id.instance == instance else { continue }
            resume(id, key, pipe, id.stream == .out ? output : error, .restored)
        }
    }

    /// Goes on with all other streams: nobody knows their instances any more, but somebody may still write to them.
    func restoreRest(_ held: [String: SharedDescriptor]) {
        for (key, pipe) in held {
            guard let (id, path) = StreamID.parse(key: key), keys[id] == nil else { continue }
            resume(id, key, pipe, path ?? "/dev/null", .left)
        }
    }

    private func resume(
        _ id: StreamID, _ key: String, _ pipe: SharedDescriptor, _ path: String, _ origin: PumpOrder.Origin
    ) {
        keys[id] = key
        orders.send(.open(id, pipe, path: path, origin))
    }
}

// MARK: - Hearing

extension LogPump {
    private func readReports() {
        for report in reports.take() {
            switch report {
            case .lastWords(let instance, let lines): onLastWords?(instance, lines)
            case .over(let id): release(id)
            case .dropping(let id, let reason):
                onTrouble?(
                    "\(reason): the \(id.stream.rawValue) of instance \(id.instance.number) is dropped")
            }
        }
    }

    private func release(_ id: StreamID) {
        if let key = keys.removeValue(forKey: id) { keeper.withdraw(key: key) }
    }
}
