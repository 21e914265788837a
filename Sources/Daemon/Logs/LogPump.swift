internal import Keeper
internal import Linux
internal import Supervision
internal import Wire

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
    /// What holds for files of which nobody said anything.
    private let place: LogPlace
    /// Those that were needed last: the files of one app follow each other.
    private var rules: LogRules
    /// What the keeper holds the streams' reading ends under.
    private var keys: [StreamID: String] = [:]
    /// Bytes that are in no file, of streams that have not ended.
    private var dropped: [StreamID: Int] = [:]
    /// Bytes that did not get where else they should.
    private var astray: [StreamID: Int] = [:]
    private var hasEnded = false
    /// What is to be done when the pump has come so far.
    private var errands: [UInt64: () -> Void] = [:]
    private var lastErrand: UInt64 = 0
    /// Of all streams, since the trouble began.
    private var droppedLately: [StreamID: Int] = [:]

    init(keeper: KeeperLink, watches: Watches, place: LogPlace) throws(SystemError) {
        let orders = try Mailbox<PumpOrder>()
        let reports = try Mailbox<PumpReport>()
        self.keeper = keeper
        self.orders = orders
        self.reports = reports
        self.place = place
        rules = LogRules(ofUnknown: place.settings)
        let pump = try Pump(orders, reports, Archivist(place, complaints: reports), place.settings)
        try Succession(pump).begin().detach()
        _ = try watches.watch(reports.number, for: .readable) { [weak self] _ in self?.readReports() }
    }

    /// Has what the pump holds in memory written, and ends it. What is in the pipes stays there for the next daemon; if there
    /// will be none, it is written, too. Waits no longer than `LogPolicy.partingPatience`, and says what is lost.
    func end(isLast: Bool) {
        orders.send(.end(isLast: isLast))
        let deadline = Clock.monotonic() + LogPolicy.partingPatience
        do throws(SystemError) {
            let poller = try Poller()
            try poller.add(reports.number, token: 0, for: .readable)
            while !hasEnded {
                let left = deadline - Clock.monotonic()
                guard left > 0 else { throw SystemError("end the log pump", code: SystemError.timedOut) }
                _ = try poller.wait(atMost: .nanoseconds(left))
                readReports()
            }
        } catch {
            onTrouble?("\(error): what was in its memory, and in no log, is lost")
        }
    }
}

// MARK: - Ordering

extension LogPump {
    /// What becomes of the two streams of a slot.
    struct Plans {
        var output: StreamPlan
        var error: StreamPlan
    }

    func plans(
        _ spec: AppSpec, _ slot: SlotIndex, _ id: SlotID, _ generation: Generation = Generation(0)
    ) -> Plans {
        var plans = Plans(
            output: StreamPlan(spec, slot, id, .out, place, generation),
            error: StreamPlan(spec, slot, id, .error, place, generation))
        if rules != plans.output.rules { rules = plans.output.rules }
        (plans.output.rules, plans.error.rules) = (rules, rules)
        return plans
    }

    /// Makes the pipes of an instance that is about to be started.
    func open(_ instance: InstanceID, _ plans: Plans) throws(SystemError) -> Pipes {
        let (outputReader, outputWriter) = try Pipe.unbreakable()
        let (errorReader, errorWriter) = try Pipe.unbreakable()
        start(StreamID(instance: instance, stream: .out), outputReader, plans.output)
        start(StreamID(instance: instance, stream: .error), errorReader, plans.error)
        return Pipes(output: outputWriter, error: errorWriter)
    }

    /// The main process has ended; its last words will follow.
    func finish(_ instance: InstanceID) { orders.send(.finish(instance)) }

    /// There is no program after all.
    func close(_ instance: InstanceID) {
        orders.send(.close(instance))
        for stream in LogStream.allCases { release(StreamID(instance: instance, stream: stream)) }
    }

    /// Empties these files, and removes what was put aside of them.
    func flush(_ paths: [String]) { orders.send(.flush(paths)) }

    /// From now on as this says; what it says of paths and forms is that of the next instances.
    func keep(_ spec: AppSpec) {
        let plans = (0..<spec.instances).map { self.plans(spec, SlotIndex($0), SlotID(0)) }
        orders.send(.keep(plans.flatMap { [$0.output, $0.error] }))
    }

    /// Others have put files aside.
    func reopen() { orders.send(.reopen) }

    /// Does this when everything that was ordered before is done.
    func afterwards(_ errand: @escaping () -> Void) {
        lastErrand += 1
        errands[lastErrand] = errand
        orders.send(.mark(lastErrand))
    }

    private func start(_ id: StreamID, _ reader: SharedDescriptor, _ plan: StreamPlan) {
        let key = id.key(path: plan.path, limit: KeeperRequest.keyLimit)
        keys[id] = key
        keeper.deposit(key: key, reader)
        orders.send(.open(id, reader, plan, .new))
    }
}

// MARK: - Taking back

extension LogPump {
    /// Goes on with what a previous daemon began for this instance.
    func restore(_ instance: InstanceID, _ held: [String: SharedDescriptor], _ plans: Plans) {
        for (key, pipe) in held {
            guard let (id, _) = StreamID.parse(key: key), id.instance == instance else { continue }
            resume(id, key, pipe, id.stream == .out ? plans.output : plans.error, .restored)
        }
    }

    /// A daemon that died may have left half done what nobody writes to any more.
    func tend(_ apps: [SavedState.App]) {
        let plans = apps.flatMap { app in app.slots.map { self.plans(app.spec, $0.index, $0.id) } }
        let logs = plans.flatMap { plans in
            [(plans.output.path, plans.output.rules), (plans.error.path, plans.error.rules)]
                + (plans.output.combined.map { [($0, plans.output.rules)] } ?? [])
        }.filter { $0.0 != LogFiles.nowhere }
        if !logs.isEmpty { orders.send(.tend(logs.map { (path: $0.0, rules: $0.1) })) }
    }

    /// Goes on with all other streams: nobody knows their instances any more, but somebody may still write to them.
    func restoreRest(_ held: [String: SharedDescriptor]) {
        for (key, pipe) in held {
            guard let (id, path) = StreamID.parse(key: key), keys[id] == nil else { continue }
            resume(id, key, pipe, StreamPlan(path: path ?? LogFiles.nowhere, id.stream, place), .left)
        }
    }

    private func resume(
        _ id: StreamID, _ key: String, _ pipe: SharedDescriptor, _ plan: StreamPlan,
        _ origin: PumpOrder.Origin
    ) {
        keys[id] = key
        orders.send(.open(id, pipe, plan, origin))
    }
}

// MARK: - Hearing

extension LogPump {
    /// Fills in how much of what every instance said is in no file.
    func fill(_ snapshot: inout Snapshot) {
        guard !dropped.isEmpty || !astray.isEmpty else { return }
        for app in snapshot.apps.indices {
            for slot in snapshot.apps[app].slots.indices {
                guard let instance = snapshot.apps[app].slots[slot].current?.id else { continue }
                let bytes = LogStream.allCases.reduce(0) {
                    let id = StreamID(instance: instance, stream: $1)
                    return $0 + (dropped[id] ?? 0) + (astray[id] ?? 0)
                }
                if bytes > 0 { snapshot.apps[app].slots[slot].current?.droppedLogBytes = bytes }
            }
        }
    }

    private func readReports() {
        for report in reports.take() {
            switch report {
            case .lastWords(let instance, let lines): onLastWords?(instance, lines)
            case .over(let id): release(id)
            case .stuck(let path, let reason):
                onTrouble?(
                    "\(path) cannot be written (\(reason)): output waits in its pipe, and is dropped when that is full"
                )
            case .dropped(let id, let bytes):
                droppedLately[id, default: 0] += bytes - (dropped[id] ?? 0)
                dropped[id] = bytes
            case .astray(let id, let bytes): if keys[id] != nil { astray[id, default: 0] += bytes }
            case .recovered:
                let bytes = droppedLately.values.reduce(0, +)
                onTrouble?("logs are written again; \(bytes) bytes were dropped")
                droppedLately = [:]
            case .complaint(let text): onTrouble?(text)
            case .marked(let number): errands.removeValue(forKey: number)?()
            case .ended: hasEnded = true
            }
        }
    }

    private func release(_ id: StreamID) {
        dropped[id] = nil
        astray[id] = nil
        if let key = keys.removeValue(forKey: id) { keeper.withdraw(key: key) }
    }
}
