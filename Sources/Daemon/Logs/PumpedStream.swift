internal import Glibc
internal import Linux

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
    private let isNew: Bool
    /// Where the file ended when this began: the last words are not looked for before it.
    let start: Int64
    /// The poller tells when there is something to read.
    var isArmed = true
    /// Its program has ended, and its last words were told.
    var isFinished: Bool
    private var capacity = LogPolicy.pipeCapacity
    private var lastTurn: Int64 = 0
    /// The last turn found the pipe more than half full.
    private(set) var isBusy = false
    private var trouble: Trouble?
    private var copies = false
    /// Read from the pipe and not yet written, because the file cannot be spliced to and could not be written.
    private var carried: [UInt8] = []

    /// The file cannot be written.
    private struct Trouble {
        var error: SystemError
        var since: Int64
        var retryAt: Int64
        var isDropping = false
        var dropped = 0
    }

    init(_ id: StreamID, _ pipe: SharedDescriptor, _ file: LogFile, _ origin: PumpOrder.Origin) {
        self.id = id
        self.pipe = pipe
        self.file = file
        isNew = origin == .new
        isFinished = origin == .left
        start = isNew ? file.end : 0
    }

    /// Why output is being dropped, if it is.
    var reasonForDropping: SystemError? { trouble.flatMap { $0.isDropping ? $0.error : nil } }

    /// How much more than usual the pipe holds.
    var growth: Int { capacity - LogPolicy.pipeCapacity }

    /// Makes the pipe hold more or less; it stays as it is where the kernel refuses.
    func resize(to wanted: Int) {
        capacity = (try? pipe.descriptor.setPipeCapacity(wanted)) ?? capacity
    }
}

// MARK: - Moving

extension PumpedStream {
    /// Moves what is there.
    func turn(at now: Int64) -> Rest {
        do throws(SystemError) {
            if trouble?.isDropping == true { return try drop(at: now) }
            try file.refresh(at: now)
            if try file.isMidLine(for: id, isNew: isNew), let rest = try wait(at: now) { return rest }
            let (moved, end) = try move(at: now)
            trouble = nil
            return rest(after: moved, end, at: now)
        } catch {
            return suffer(error, at: now)
        }
    }

    /// Moves everything that is there now, however chatty the stream is; for one whose program has ended.
    func drain(at now: Int64) -> Rest {
        var rest = turn(at: now)
        for _ in 0..<LogPolicy.turnsPerRound where rest == .until(now) && trouble == nil {
            rest = turn(at: now)
        }
        return rest
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
        while moved < capacity * LogPolicy.turnsPerRound {
            let transfer = try copies ? copy() : splice()
            guard case .moved(let count) = transfer else { return (moved, transfer) }
            moved += count
        }
        return (moved, .moved(moved))
    }

    private func splice() throws(SystemError) -> Transfer {
        do throws(SystemError) {
            return try file.take(from: pipe, atMost: capacity)
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
        try file.write(carried)
        defer { carried = [] }
        return .moved(carried.count)
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

// MARK: - Suffering

extension PumpedStream {
    /// The file cannot be written. The program may be held up for a while, then its output is dropped.
    private func suffer(_ error: SystemError, at now: Int64) -> Rest {
        var trouble = trouble ?? Trouble(error: error, since: now, retryAt: now)
        trouble.error = error
        trouble.retryAt = now + LogPolicy.resumeRetry
        if !trouble.isDropping, now - trouble.since >= LogPolicy.patience {
            trouble.isDropping = true
            trouble.dropped = file.takeBackLine(of: id)
        }
        self.trouble = trouble
        return .until(now + LogPolicy.retry)
    }

    /// Empties the pipe into nothing, and tries once in a while to go on behind a line that says how much is missing.
    private func drop(at now: Int64) throws(SystemError) -> Rest {
        guard var trouble else { return .until(now) }
        let chunk = carried.isEmpty ? try pipe.descriptor.read(atMost: LogPolicy.pipeCapacity) : carried
        carried = []
        let isOver = chunk?.isEmpty == true
        let bytes = chunk ?? []
        // Where a line begins, or anywhere when nothing more comes.
        let cut = bytes.lastIndex(of: 0x0a).map { $0 + 1 } ?? (bytes.isEmpty ? 0 : nil)
        if let cut, isOver || now >= trouble.retryAt {
            do throws(SystemError) {
                try file.resume(
                    id, dropped: trouble.dropped + cut, trouble.error, with: Array(bytes[cut...]), at: now)
                self.trouble = nil
                return isOver ? .over : .until(now)
            } catch {
                trouble.error = error
                trouble.retryAt = now + LogPolicy.resumeRetry
            }
        }
        trouble.dropped += bytes.count
        self.trouble = trouble
        if isOver { return .over }
        return .until(bytes.isEmpty ? trouble.retryAt : now + LogPolicy.pause)
    }
}
