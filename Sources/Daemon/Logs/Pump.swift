internal import Linux
internal import Supervision
internal import Wire

/// What the loop tells the pump.
enum PumpOrder: Sendable {
    case open(StreamID, SharedDescriptor, StreamPlan, Origin)
    /// The main process has ended: take what is there, and tell its last words.
    case finish(InstanceID)
    /// There will be no program.
    case close(InstanceID)
    /// Empty these files, and remove what was put aside of them.
    case flush([String])
    /// Look after what was put aside of these logs, though nobody writes to them.
    case tend([(path: String, rules: LogRules)])
    /// The files of these plans follow other rules, and their programs are held up for another time.
    case keep([StreamPlan])
    /// All paths may lead to other files by now.
    case reopen
    case end

    /// Where a stream comes from.
    enum Origin: Sendable {
        case new
        /// A daemon that died had it.
        case restored
        /// The same, and its instance is known to nobody any more.
        case left
    }
}

/// What the pump tells the loop.
enum PumpReport: Equatable, Sendable {
    case lastWords(InstanceID, [String])
    /// Nobody can write to the stream any more, and everything is in the file.
    case over(StreamID)
    /// A file cannot be written; said once, until `recovered`.
    case stuck(path: String, reason: String)
    /// What could not be written can be again.
    case recovered
    /// So much of a stream is in no file.
    case dropped(StreamID, Int)
    /// So much more of a stream did not get where it should besides files.
    case astray(StreamID, Int)
    /// Something else that went wrong.
    case complaint(String)
}

/// Moves the output of all programs from pipes to files, on a thread of its own.
///
/// No byte is ever only in this process' memory, so nothing is lost when it is killed; and a slow disk delays only
/// this thread. A class, because it lives on its thread from beginning to end.
final class Pump {
    private let orders: Mailbox<PumpOrder>
    private let reports: Mailbox<PumpReport>
    private let archivist: Archivist
    private let settings: HomeSettings
    private let poller: Poller
    /// Made when the first stream wants them.
    private var outlets: Outlets?
    private let scratch = PumpedStream.Scratch()
    private var streams: [UInt64: PumpedStream] = [:]
    private var tokens: [StreamID: UInt64] = [:]
    private var files: [String: LogFile] = [:]
    /// Streams that are left alone until their time has come.
    private var resting: [UInt64: Int64] = [:]
    /// Those whose file cannot be written, and how much was dropped when that was told last.
    private var troubled: [StreamID: Int] = [:]
    /// What programs said last whose pipes ended before their deaths were heard of.
    private var parting: [InstanceID: [String]] = [:]
    /// Files to be made when the rush is over, whether or not anything was said.
    private var unopened: [LogFile] = []
    private var opensAt: Int64?
    private var nextToken: UInt64 = 2
    private var growth = 0
    private var isEnding = false

    private static let ordersToken: UInt64 = 0
    private static let outletsToken: UInt64 = 1

    init(
        _ orders: Mailbox<PumpOrder>, _ reports: Mailbox<PumpReport>, _ archivist: Archivist,
        _ settings: HomeSettings
    ) throws(SystemError) {
        self.orders = orders
        self.reports = reports
        self.archivist = archivist
        self.settings = settings
        poller = try Poller()
        try poller.add(orders.number, token: Pump.ordersToken, for: .readable)
    }

    func run() throws(SystemError) {
        while !isEnding {
            let due = [resting.values.min(), opensAt, outlets?.deadline].compactMap { $0 }.min()
            let limit = due.map { Duration.nanoseconds(max(0, $0 - Clock.monotonic())) }
            for event in try poller.wait(atMost: limit) {
                switch event.token {
                case Pump.ordersToken: takeOrders()
                case Pump.outletsToken: outlets?.stirred(at: Clock.monotonic())
                default: stirred(event.token)
                }
            }
            let now = Clock.monotonic()
            for (token, until) in resting where until <= now { turn(token, at: now) }
            if let opensAt, opensAt <= now { openFiles(at: now) }
            outlets?.deadlinePassed(at: now)
        }
        archivist.end()
    }

    private func stirred(_ token: UInt64) {
        if resting[token] == nil { turn(token, at: Clock.monotonic()) }
    }
}

// MARK: - Orders

extension Pump {
    private func takeOrders() {
        for order in orders.take() {
            switch order {
            case .open(let id, let pipe, let plan, let origin): open(id, pipe, plan, origin)
            case .finish(let instance): finish(instance)
            case .close(let instance): close(instance)
            case .flush(let paths): flush(paths)
            case .tend(let logs): archivist.tend(logs)
            case .keep(let plans): keep(plans)
            case .reopen: reopen()
            case .end: isEnding = true
            }
        }
    }

    private func open(
        _ id: StreamID, _ pipe: SharedDescriptor, _ plan: StreamPlan, _ origin: PumpOrder.Origin
    ) {
        let file = file(plan.path, plan.rules)
        var relay: LineRelay?
        if !plan.isRaw {
            let own = plan.path == LogFiles.nowhere ? nil : file
            relay = LineRelay(plan, own, plan.combined.map { self.file($0, plan.rules) }, flows(of: id, plan))
        }
        let stream = PumpedStream(id, pipe, file, origin, plan, relay: relay, scratch: scratch)
        let token = nextToken
        nextToken += 1
        streams[token] = stream
        tokens[id] = token
        // The kernel refuses only when the user's watches are used up; then the stream is looked at now and again.
        stream.isArmed = (try? poller.add(pipe.number, token: token, for: .readable)) != nil
        if !stream.isArmed { resting[token] = Clock.monotonic() }
    }

    private func file(_ path: String, _ rules: LogRules) -> LogFile {
        let file = files[path] ?? LogFile(path, rules)
        files[path] = file
        file.rules = rules
        file.streams += 1
        openSoon(file)
        return file
    }

    /// A hundred programs that start do not wait for the disk to make two hundred files.
    private func openSoon(_ file: LogFile) {
        let now = Clock.monotonic()
        // One that cannot be opened now is tried again when there is something to write.
        if file.isThere { try? file.refresh(at: now) }
        if unopened.isEmpty { opensAt = now + LogPolicy.openingDelay }
        unopened.append(file)
    }

    private func openFiles(at now: Int64) {
        for file in unopened { try? file.refresh(at: now) }
        // What a daemon that died has left half done is finished.
        archivist.tend(unopened.filter(\.isRegular).map { ($0.path, $0.rules) })
        unopened.removeAll()
        opensAt = nil
    }

    private func finish(_ instance: InstanceID) {
        let now = Clock.monotonic()
        var words = parting.removeValue(forKey: instance) ?? []
        for id in LogStream.allCases.map({ StreamID(instance: instance, stream: $0) }) {
            guard let token = tokens[id], let stream = streams[token] else { continue }
            stream.isFinished = true
            let rest = stream.drain(at: now)
            if id.stream == .error { words = stream.lastWords() }
            settle(token, stream, rest)
        }
        reports.send(.lastWords(instance, words))
    }

    private func close(_ instance: InstanceID) {
        for stream in LogStream.allCases {
            let id = StreamID(instance: instance, stream: stream)
            if let token = tokens[id] { forget(token, id) }
        }
        parting[instance] = nil
    }

    private func flush(_ paths: [String]) {
        for path in paths {
            do throws(SystemError) { try files[path]?.empty() } catch { reports.send(.complaint("\(error)")) }
        }
        archivist.clear(paths.filter { files[$0] == nil }, andPastOf: paths)
    }

    private func keep(_ plans: [StreamPlan]) {
        for plan in plans {
            let paths = ([plan.path] + (plan.combined.map { [$0] } ?? [])).filter { $0 != LogFiles.nowhere }
            for path in paths { files[path]?.rules = plan.rules }
            for stream in streams.values where stream.isOf(plan) {
                stream.block = plan.block
                if stream.plan?.outlets != plan.outlets { redirect(stream, plan.outlets) }
            }
            // It may be that fewer are kept.
            archivist.tend(paths.map { ($0, plan.rules) })
        }
    }

    private func redirect(_ stream: PumpedStream, _ outlets: [LogOutlet]) {
        guard let plan = stream.redirect(to: outlets) else { return }
        let flows = flows(of: stream.id, plan, former: stream.relay?.flows ?? [])
        if let relay = stream.relay { relay.flows = flows } else { stream.beginRelay(flows) }
    }

    private func flows(of id: StreamID, _ plan: StreamPlan, former: [Outflow] = []) -> [Outflow] {
        if outlets == nil, !plan.outlets.isEmpty {
            do throws(SystemError) {
                let made = try Outlets(settings, reports)
                try poller.add(made.poller.number, token: Pump.outletsToken, for: .readable)
                outlets = made
            } catch {
                reports.send(.complaint("lines go into files only: \(error)"))
            }
        }
        return outlets?.flows(of: id, plan, former: former) ?? []
    }

    private func reopen() {
        for file in files.values {
            // It is tried again when there is something to write.
            try? file.reopen()
        }
    }
}

// MARK: - Turns

extension Pump {
    private func turn(_ token: UInt64, at now: Int64) {
        guard let stream = streams[token] else { return }
        settle(token, stream, stream.turn(at: now))
    }

    private func settle(_ token: UInt64, _ stream: PumpedStream, _ rest: PumpedStream.Rest) {
        tellOfTrouble(stream)
        for file in [stream.file, stream.relay?.combined] { if let file { sendAway(file) } }
        fit(stream, rest)
        switch rest {
        case .untilReadable:
            resting[token] = nil
            arm(token, stream, true)
        case .until(let time):
            resting[token] = time
            arm(token, stream, false)
        case .over:
            if stream.id.stream == .error, !stream.isFinished {
                parting[stream.id.instance] = stream.lastWords()
            }
            forget(token, stream.id)
            reports.send(.over(stream.id))
        }
    }

    private func arm(_ token: UInt64, _ stream: PumpedStream, _ wanted: Bool) {
        guard stream.isArmed != wanted else { return }
        // One-shot without an interest: a hang-up that comes meanwhile is told once and not for ever.
        let interest: Poller.Interest = wanted ? .readable : .oneShot
        guard (try? poller.change(stream.pipe.number, token: token, for: interest)) != nil else { return }
        stream.isArmed = wanted
    }

    /// Busy pipes are made bigger within the budget for all, and smaller when they have fallen silent.
    private func fit(_ stream: PumpedStream, _ rest: PumpedStream.Rest) {
        let before = stream.growth
        if stream.isBusy, before == 0, growth + LogPolicy.largePipeCapacity <= LogPolicy.growthBudget {
            stream.resize(to: LogPolicy.largePipeCapacity)
        } else if rest == .untilReadable, before > 0 {
            stream.resize(to: LogPolicy.pipeCapacity)
        }
        growth += stream.growth - before
    }

    /// What was put aside is the archivist's.
    private func sendAway(_ file: LogFile) {
        if file.wasPutAside { archivist.tend([(file.path, file.rules)]) }
        file.wasPutAside = false
        guard let complaint = file.complaint else { return }
        file.complaint = nil
        reports.send(.complaint("\(complaint): \(file.path) is not rotated for a while"))
    }

    private func tellOfTrouble(_ stream: PumpedStream) {
        let lost = stream.dropped + (stream.trouble?.dropped ?? 0)
        let told = troubled[stream.id]
        if let trouble = stream.trouble {
            if troubled.isEmpty { reports.send(.stuck(path: stream.file.path, reason: trouble.reason)) }
            // Not each of a thousand small pieces.
            if let told, lost == 0 || lost < told * 2 { return }
            troubled[stream.id] = lost
        } else {
            guard told != nil else { return }
            troubled[stream.id] = nil
            if troubled.isEmpty { reports.send(.recovered) }
        }
        if lost > 0, lost != told { reports.send(.dropped(stream.id, lost)) }
    }

    private func forget(_ token: UInt64, _ id: StreamID) {
        guard let stream = streams.removeValue(forKey: token) else { return }
        poller.remove(stream.pipe.number)
        tokens[id] = nil
        resting[token] = nil
        if troubled.removeValue(forKey: id) != nil, troubled.isEmpty { reports.send(.recovered) }
        growth -= stream.growth
        stream.relay?.end()
        stream.file.finished(id)
        for file in [stream.file, stream.relay?.combined] {
            guard let file else { continue }
            file.streams -= 1
            if file.streams == 0 { files[file.path] = nil }
        }
    }
}
