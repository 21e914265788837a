internal import Glibc
internal import Linux
internal import Supervision
internal import Wire

/// A pipe that is emptied into a file.
///
/// A class, because the pump's tables share it.
final class PumpedStream {
    /// What to do with the stream until its next turn.
    enum Rest: Equatable {
        case untilReadable
        case until(Int64)
        /// Nobody holds the writing end any more.
        case over
    }

    let id: StreamID
    let pipe: SharedDescriptor
    let file: LogFile
    let isNew: Bool
    var block: Duration?
    /// Where the file ended when this began, and how often it had been put aside: the last words are not looked for
    /// before that.
    let start: (end: Int64, turnover: Int)
    /// The poller tells when there is something to read.
    var isArmed = true
    /// Its program has ended, and its last words were told.
    var isFinished: Bool
    private(set) var capacity = LogPolicy.pipeCapacity
    private var lastTurn: Int64 = 0
    /// The last turn found the pipe more than half full.
    private(set) var isBusy = false
    var trouble: Trouble?
    /// How much of it is in no file.
    var dropped = 0
    /// Set where lines are written in another form, or to several files.
    private(set) var relay: LineRelay?
    private(set) var plan: StreamPlan?
    private(set) var copies = false
    /// Read from the pipe and not yet written, because the file cannot be spliced to and could not be written.
    var carried: [UInt8] = []
    private let scratch: Scratch
    /// Of the thread that moves it: one that was given up moves nothing more.
    var tenure: Tenure?

    /// The file cannot be written.
    struct Trouble {
        var reason: String
        var since: Int64
        var retryAt: Int64
        /// Since when the program is held up, or soon will be.
        var fullSince: Int64?
        var isDropping = false
        var dropped = 0
    }

    /// An empty pipe to look into others with. A class, because a pipe cannot be shared.
    final class Scratch {
        private var pipe: Pipe?

        func firstLine(in other: SharedDescriptor) throws(SystemError) -> (line: Int?, seen: Int)? {
            if pipe == nil { pipe = try Pipe() }
            return try other.descriptor.firstLine(through: pipe!)
        }
    }

    init(
        _ id: StreamID, _ pipe: SharedDescriptor, _ file: LogFile, _ origin: PumpOrder.Origin,
        _ plan: StreamPlan? = nil, relay: LineRelay? = nil, scratch: Scratch = Scratch()
    ) {
        self.id = id
        self.pipe = pipe
        self.file = file
        self.relay = relay
        self.plan = plan
        block = if let plan { plan.block } else { .zero }
        self.scratch = scratch
        isNew = origin == .new
        isFinished = origin == .left
        start = (isNew ? file.end : 0, file.turnover)
    }

    /// How much more than usual the pipe holds.
    var growth: Int { capacity - LogPolicy.pipeCapacity }

    /// Makes the pipe hold more or less; it stays as it is where the kernel refuses.
    func resize(to wanted: Int) {
        capacity = (try? pipe.descriptor.setPipeCapacity(wanted)) ?? capacity
    }
}

// MARK: - Changing

extension PumpedStream {
    /// It is of that app, whichever slot's.
    func isOf(_ plan: StreamPlan) -> Bool {
        id.stream == plan.source.stream && self.plan?.source.app == plan.source.app
    }

    func redirect(to outlets: [LogOutlet]) -> StreamPlan? {
        plan?.outlets = outlets
        return plan
    }

    /// Lines go into the file only, and as they are.
    private func endRelay(_ relay: LineRelay) throws(SystemError) {
        if try relay.handOver() { file.wrote(id, at: Clock.monotonic()) }
        self.relay = nil
    }

    /// From now on lines go elsewhere, too.
    func beginRelay(_ flows: [Outflow]) {
        guard let plan, !flows.isEmpty else { return }
        let relay = LineRelay(plan, file.path == LogFiles.nowhere ? nil : file, nil, flows)
        relay.adopt(carried)
        carried = []
        self.relay = relay
    }
}

// MARK: - Moving

extension PumpedStream {
    /// Moves what is there.
    func turn(at now: Int64) -> Rest {
        file.generation = plan?.generation ?? 0
        relay?.combined?.generation = file.generation
        do throws(SystemError) {
            if trouble?.isDropping == true { return try drop(at: now) }
            try file.refresh(at: now)
            if let reason = lackOfSpace(at: now) { return suffer(reason, at: now) }
            if try file.isMidLine(for: id, isNew: isNew), let rest = try wait(at: now) { return rest }
            let (moved, end) = try move(at: now)
            trouble = nil
            return rest(after: moved, end, at: now)
        } catch {
            return suffer(error.reason, at: now)
        }
    }

    /// Moves everything that is there now, however chatty the stream is; for one whose program has ended.
    func drain(at now: Int64) -> Rest {
        var rest = turn(at: now)
        for _ in 0..<LogPolicy.turnsPerRound
        where rest == .until(now) && trouble == nil && tenure?.isOver != true {
            rest = turn(at: now)
        }
        return rest
    }

    private func lackOfSpace(at now: Int64) -> String? {
        file.lackOfSpace(at: now) ?? relay?.combined?.lackOfSpace(at: now)
    }

    /// Another's line is not finished. Nil: now it is, and there is something to say.
    private func wait(at now: Int64) throws(SystemError) -> Rest? {
        let readiness = pipe.descriptor.readiness()
        guard readiness.contains(.readable) else {
            trouble = nil
            return readiness.contains(.hungUp) ? .over : .untilReadable
        }
        return try file.endsLine(at: now) ? nil : .until(now + LogPolicy.pause)
    }

    private func move(at now: Int64) throws(SystemError) -> (moved: Int, end: Transfer) {
        var moved = 0
        // Also when the disk is full in the middle of it.
        defer { if moved > 0 { file.wrote(id, at: now) } }
        while moved < capacity * LogPolicy.turnsPerRound, tenure?.isOver != true {
            let transfer = try step()
            guard case .moved(let count) = transfer else { return (moved, transfer) }
            moved += count
            if hasCaughtUp(after: count) { return (moved, .wouldBlock) }
        }
        return (moved, .moved(moved))
    }

    /// Whoever writes a line at a time is not run after: that would take a call for each, and the next turn finds many. Of a program
    /// that has ended everything is taken, and a file is brought to the end of its line.
    private func hasCaughtUp(after count: Int) -> Bool {
        count < LogPolicy.piece && !isFinished && !file.isDue(at: Clock.wall())
    }

    private func step() throws(SystemError) -> Transfer {
        if let relay {
            guard plan?.isRaw == true else {
                return try relay.step(from: pipe, isFinished: isFinished, tenure)
            }
            try endRelay(relay)
        }
        if copies { return try copy() }
        // It is put aside only where a line ends: up to there and no further is moved first.
        if file.isDue(at: Clock.wall()), !file.rotate(at: Clock.wall()) {
            guard let (line, seen) = try scratch.firstLine(in: pipe) else { return .wouldBlock }
            return seen == 0 ? .ended : try file.take(from: pipe, atMost: line ?? seen)
        }
        return try splice()
    }

    private func splice() throws(SystemError) -> Transfer {
        do throws(SystemError) {
            guard file.isRegular || file.path == LogFiles.nowhere else {
                throw SystemError("splice", code: EINVAL)
            }
            return try file.take(from: pipe, atMost: min(capacity, file.room))
        } catch  where error.code == EINVAL {
            // A file system that cannot: then the bytes go through memory.
            copies = true
            return try copy()
        }
    }

    private func copy() throws(SystemError) -> Transfer {
        if carried.isEmpty {
            guard let bytes = try pipe.descriptor.read(atMost: LogPolicy.pipeCapacity) else {
                return .wouldBlock
            }
            carried = bytes
        }
        guard !carried.isEmpty else { return .ended }
        guard file.isRegular else {
            let count = try file.pass(carried)
            carried.removeFirst(count)
            return .moved(count)
        }
        var count = carried.count
        if file.isDue(at: Clock.wall()), !file.rotate(at: Clock.wall()) {
            count = carried.firstIndex(of: 0x0a).map { $0 + 1 } ?? count
        }
        try file.write(count == carried.count ? carried : Array(carried[..<count]))
        carried.removeFirst(count)
        return .moved(count)
    }

    private func rest(after moved: Int, _ end: Transfer, at now: Int64) -> Rest {
        let elapsed = now - lastTurn
        lastTurn = now
        switch end {
        case .ended: return .over
        case .moved:
            isBusy = true
            return .until(now)
        case .wouldBlock: break
        }
        isBusy = moved > capacity / 2
        guard moved > 0, elapsed < LogPolicy.chatty else { return .untilReadable }
        guard isBusy else { return .until(now + LogPolicy.pause) }
        // As long as it takes to fill half of the pipe again.
        return .until(now + min(LogPolicy.pause, elapsed * Int64(capacity / 2) / Int64(moved)))
    }
}
