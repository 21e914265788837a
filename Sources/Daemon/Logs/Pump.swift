internal import Glibc
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
    /// To be told when everything that was ordered before is done.
    case mark(UInt64)
    /// The thread that was given up has got its answer.
    case back(Tenure)
    /// Nothing is moved any more, but what nobody else could.
    case end(isLast: Bool)

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
    /// What was ordered before the mark is done.
    case marked(UInt64)
    /// The last that is heard.
    case ended
}

/// Moves the output of all programs from pipes to files, on a thread of its own.
///
/// Of what goes into files as it was said no byte is ever only in this process' memory, so nothing of it is lost when it is killed;
/// and a slow disk delays only this thread. When a disk does not answer at all, the thread that asked is given up and another goes on: whatever
/// may hang is an `attempt`, and whoever fails in it touches nothing here any more. A class, because one thread after
/// another has it; unchecked, because `Tenure` sees to it that only one does.
final class Pump: @unchecked Sendable {
    let orders: Mailbox<PumpOrder>
    let reports: Mailbox<PumpReport>
    let archivist: Archivist
    private let settings: HomeSettings
    let poller: Poller
    /// Made when the first stream wants them.
    private(set) var outlets: Outlets?
    private let scratch = PumpedStream.Scratch()
    /// What is carried out, and how far: whoever takes over does the one that hung again.
    private var inbox: [PumpOrder] = []
    private var position = 0
    var streams: [UInt64: PumpedStream] = [:]
    var tokens: [StreamID: UInt64] = [:]
    var files: [String: LogFile] = [:]
    /// Streams that are left alone until their time has come.
    var resting: [UInt64: Int64] = [:]
    /// Those whose file cannot be written, and how much was dropped when that was told last.
    var troubled: [StreamID: Int] = [:]
    /// The right of the thread that is the pump, and what it does that may hang.
    var tenure = Tenure()
    /// Who is the pump when this thread hangs; nil: nobody.
    var succession: Succession?
    var attempted = Attempt()
    /// What does not answer, and the streams that have found out.
    var stalls: [Stall] = []
    var hung: [UInt64: HungStream] = [:]
    /// For files that do not answer.
    var postponed: [StreamPlan] = []
    /// What programs said last whose pipes ended before their deaths were heard of.
    var parting: [InstanceID: [String]] = [:]
    /// Files to be made when the rush is over, whether or not anything was said.
    private var unopened: [LogFile] = []
    private var opensAt: Int64?
    private var nextToken: UInt64 = 2
    var growth = 0
    /// It is to end, and whether another pump will go on with the pipes.
    private var ending: Ending?

    enum Ending { case handsOver, isLast }

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

    /// Returns when it is told to end, or when the thread was given up.
    func run() throws(SystemError) {
        let tenure = tenure
        while true {
            // What whoever hung had not done.
            carryOut()
            if tenure.isOver { return }
            if let ending {
                if part(ending) { break } else { return }
            }
            let due = [resting.values.min(), opensAt, outlets?.deadline].compactMap { $0 }.min()
            let limit = due.map { Duration.nanoseconds(max(0, $0 - Clock.monotonic())) }
            let events = try poller.wait(atMost: limit)
            // What was ordered before a line was said comes before that line.
            inbox += orders.take()
            carryOut()
            if tenure.isOver { return }
            for event in events {
                switch event.token {
                case Pump.ordersToken: break
                case Pump.outletsToken: outlets?.stirred()
                default: stirred(event.token)
                }
                if tenure.isOver { return }
            }
            let now = Clock.monotonic()
            for (token, until) in resting where until <= now {
                turn(token, at: now)
                if tenure.isOver { return }
            }
            if let opensAt, opensAt <= now, !openFiles(at: now) { return }
            outlets?.deadlinePassed(at: now)
        }
        archivist.end()
        reports.send(.ended)
    }

    private func stirred(_ token: UInt64) {
        if resting[token] == nil { turn(token, at: Clock.monotonic()) }
    }
}

// MARK: - Orders

extension Pump {
    private func carryOut() {
        let tenure = tenure
        while position < inbox.count {
            switch inbox[position] {
            case .open(let id, let pipe, let plan, let origin): open(id, pipe, plan, origin)
            case .finish(let instance): finish(instance)
            case .close(let instance): close(instance)
            case .flush(let paths): flush(paths)
            case .tend(let logs): archivist.tend(logs)
            case .keep(let plans): keep(plans)
            case .reopen: reopen()
            case .mark(let number): reports.send(.marked(number))
            case .back(let former): isBack(former, at: Clock.monotonic())
            case .end(let isLast): ending = isLast ? .isLast : .handsOver
            }
            if tenure.isOver { return }
            position += 1
        }
        (inbox, position) = ([], 0)
    }

    private func open(
        _ id: StreamID, _ pipe: SharedDescriptor, _ plan: StreamPlan, _ origin: PumpOrder.Origin
    ) {
        guard let file = file(plan.path, plan.rules) else { return }
        var combined: LogFile?
        if !plan.isRaw, let path = plan.combined {
            combined = self.file(path, plan.rules)
            guard combined != nil else { return }
        }
        file.streams += 1
        combined?.streams += 1
        var relay: LineRelay?
        if !plan.isRaw {
            relay = LineRelay(plan, plan.path == LogFiles.nowhere ? nil : file, combined, flows(of: id, plan))
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

    /// Nil: that hung.
    private func file(_ path: String, _ rules: LogRules) -> LogFile? {
        let file = files[path] ?? LogFile(path, rules)
        files[path] = file
        let now = Clock.monotonic()
        if !isHung(file) {
            file.rules = rules
            // One that cannot be opened now is tried again when there is something to write.
            guard attempt(file, { if file.isThere { try? file.refresh(at: now) } }) else { return nil }
        }
        // A hundred programs that start do not wait for the disk to make two hundred files.
        if unopened.isEmpty { opensAt = now + LogPolicy.openingDelay }
        unopened.append(file)
        return file
    }

    private func openFiles(at now: Int64) -> Bool {
        for file in unopened where !isHung(file) {
            guard attempt(file, { try? file.refresh(at: now) }) else { return false }
        }
        // What a daemon that died has left half done is finished.
        archivist.tend(unopened.filter { !isHung($0) && $0.isRegular }.map { ($0.path, $0.rules) })
        unopened.removeAll()
        opensAt = nil
        return true
    }

    private func finish(_ instance: InstanceID) {
        let (now, mine) = (Clock.monotonic(), tenure)
        var words = parting[instance] ?? []
        for id in LogStream.allCases.map({ StreamID(instance: instance, stream: $0) }) {
            guard let token = tokens[id], let stream = streams[token] else { continue }
            if isHung(stream) {
                hungStream(token).isFinished = true
                turn(token, at: now)
                if mine.isOver { return }
                continue
            }
            stream.isFinished = true
            var rest = PumpedStream.Rest.untilReadable
            let isDone = attempt(stream, of: token) {
                rest = stream.drain(at: now)
                if id.stream == .error { words = stream.lastWords() }
            }
            guard isDone else { return }
            settle(token, stream, rest)
            if mine.isOver { return }
        }
        parting[instance] = nil
        reports.send(.lastWords(instance, words))
    }

    private func close(_ instance: InstanceID) {
        for stream in LogStream.allCases {
            let id = StreamID(instance: instance, stream: stream)
            let mine = tenure
            if let token = tokens[id] { forget(token, id) }
            if mine.isOver { return }
        }
        parting[instance] = nil
    }

    private func flush(_ paths: [String]) {
        for path in paths {
            guard let file = files[path] else { continue }
            var failure = isHung(file) ? SystemError("empty \(path)", code: EAGAIN) : nil
            if failure == nil {
                let isDone = attempt(file) {
                    do throws(SystemError) { try file.empty() } catch { failure = error }
                }
                guard isDone else { return }
            }
            if let failure { reports.send(.complaint("\(failure)")) }
        }
        archivist.clear(paths.filter { files[$0] == nil }, andPastOf: paths)
    }

    func keep(_ plans: [StreamPlan]) {
        for plan in plans {
            let paths = ([plan.path] + (plan.combined.map { [$0] } ?? [])).filter { $0 != LogFiles.nowhere }
            let isBusy = paths.contains { files[$0].map(isHung) ?? false }
            guard !isBusy, !streams.values.contains(where: { $0.isOf(plan) && isHung($0) }) else {
                postponed.append(plan)
                continue
            }
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
        for file in files.values where !isHung(file) {
            // It is tried again when there is something to write.
            guard attempt(file, { try? file.reopen() }) else { return }
        }
    }
}
