internal import Linux
internal import Supervision
internal import Wire

/// What the pump does that may hang.
struct Attempt {
    var files: (LogFile?, LogFile?)
    /// Of the stream that it is done for; 0: of none.
    var token: UInt64 = 0
    var device: UInt64?
    var turnover = 0
}

/// A thread that waits for an answer of the kernel, and what it has in its hands meanwhile.
struct Stall {
    let tenure: Tenure
    let attempt: Attempt
    let directory: String
    /// It is the second one there: then it is the disk, and not this file alone.
    let spreads: Bool
    /// What nobody writes to any more, until it can be closed.
    var unclosed: [LogFile] = []

    init(_ tenure: Tenure, _ attempt: Attempt, beside others: [Stall]) {
        self.tenure = tenure
        self.attempt = attempt
        let file = attempt.files.0
        directory = file.map { LogFile.parts(of: $0.path).directory } ?? ""
        let place = (directory, attempt.device)
        // Of two files that may lie apart nobody knows which one hangs.
        spreads = attempt.files.1 == nil && others.contains { $0.isAt(place.0, place.1) }
    }

    private func isAt(_ directory: String, _ device: UInt64?) -> Bool {
        // Devices have nothing in common but their names.
        guard !directory.isEmpty, directory != "/dev" else { return false }
        return directory == self.directory || (device != nil && device == attempt.device)
    }

    func holds(_ file: LogFile) -> Bool { file === attempt.files.0 || file === attempt.files.1 }

    /// It would hang, too.
    func covers(_ file: LogFile) -> Bool {
        holds(file) || (spreads && isAt(LogFile.parts(of: file.path).directory, file.device))
    }
}

/// A stream whose file does not answer: what is said waits in its pipe, and is dropped when that is full.
///
/// A class, because the thread that was given up may have it, too.
final class HungStream {
    var trouble: PumpedStream.Trouble
    /// Its program has ended.
    var isFinished = false
    /// Its pipe does not answer either: the thread that hangs has it locked.
    var isLocked = false
    /// Where the file ended when the dropping began.
    private(set) var gap: Int64 = 0

    init(at now: Int64) {
        trouble = PumpedStream.Trouble(reason: "the disk does not answer", since: now, retryAt: now)
    }

    /// `relay` hears what is dropped.
    func turn(_ stream: PumpedStream, _ relay: LineRelay?, at now: Int64) -> PumpedStream.Rest {
        let waiting = (try? stream.pipe.descriptor.readableBytes()) ?? 0
        trouble.fills(waiting, of: stream.capacity, at: now)
        if waiting == 0 {
            return stream.pipe.descriptor.readiness().contains(.hungUp) ? .over : .untilReadable
        }
        if !trouble.isDropping {
            guard trouble.isEnough(block: stream.block, isFinished: isFinished, at: now) else {
                return .until(now + (waiting < stream.capacity / 4 ? LogPolicy.retry : LogPolicy.hastyRetry))
            }
            trouble.isDropping = true
            gap = stream.file.end
        }
        for _ in 0..<LogPolicy.dropsPerRound {
            guard let bytes = try? stream.pipe.descriptor.read(atMost: LogPolicy.pipeCapacity),
                !bytes.isEmpty
            else { break }
            relay?.tell(bytes)
            trouble.dropped += bytes.count
        }
        return .until(now + LogPolicy.pause)
    }
}

// MARK: - Attempting

extension Pump {
    /// Does something that may hang. False: it did, and this thread is not the pump any more.
    func attempt(_ file: LogFile, _ work: () -> Void) -> Bool {
        attempt(Attempt(files: (file, nil), device: file.device), work)
    }

    func attempt(_ stream: PumpedStream, of token: UInt64, _ work: () -> Void) -> Bool {
        let file = stream.file
        stream.tenure = tenure
        return attempt(
            Attempt(
                files: (file, stream.relay?.combined), token: token, device: file.device,
                turnover: file.turnover), work)
    }

    private func attempt(_ attempt: Attempt, _ work: () -> Void) -> Bool {
        let (mine, now) = (tenure, Clock.monotonic())
        attempted = attempt
        mine.begin(at: now)
        succession?.look()
        work()
        return mine.finish(begun: now)
    }

    /// The thread before hangs.
    func takeOver(at now: Int64) {
        let stall = Stall(tenure, attempted, beside: stalls)
        stalls.append(stall)
        tenure = Tenure()
        let token = attempted.token
        if attempted.files.0 == nil { hung[token]?.isLocked = true }
        // It finds out, and says so.
        if streams[token] != nil { resting[token] = now }
    }
}

// MARK: - Enduring

extension Pump {
    func isHung(_ file: LogFile) -> Bool { !stalls.isEmpty && stalls.contains { $0.covers(file) } }

    func isHung(_ stream: PumpedStream) -> Bool {
        isHung(stream.file) || (stream.relay?.combined.map(isHung) ?? false)
    }

    /// Closing it could hang, too.
    func leave(_ file: LogFile) {
        if let index = stalls.firstIndex(where: { $0.covers(file) }) { stalls[index].unclosed.append(file) }
    }

    func hungStream(_ token: UInt64) -> HungStream {
        let found = hung[token] ?? HungStream(at: Clock.monotonic())
        hung[token] = found
        return found
    }

    func endure(_ token: UInt64, _ stream: PumpedStream, at now: Int64) {
        let entry = hungStream(token)
        guard !entry.isLocked else {
            resting[token] = nil
            return arm(token, stream, false)
        }
        // The outlets must not be told by two threads.
        let relay = stalls.contains { $0.attempt.token == token } ? nil : stream.relay
        var rest = PumpedStream.Rest.untilReadable
        let asked = Attempt(files: (nil, nil), token: token)
        guard attempt(asked, { rest = entry.turn(stream, relay, at: now) }) else { return }
        tellOfTrouble(stream.id, stream.file, entry.trouble, stream.dropped)
        if rest == .over { isOver(token, stream.id) } else { self.rest(token, stream, rest) }
    }

    /// The thread that was given up has got its answer.
    func isBack(_ former: Tenure, at now: Int64) {
        guard let index = stalls.firstIndex(where: { $0.tenure == former }) else { return }
        let stall = stalls[index]
        // What it hung on may be what hangs the next one, who begins here again.
        let others = stalls.filter { $0.tenure != former }
        for file in stall.unclosed where !others.contains(where: { $0.covers(file) }) {
            stalls[index].unclosed.removeAll { $0 === file }
            guard attempt(file, { file.close() }) else { return }
        }
        if let stream = streams[stall.attempt.token], let entry = hung[stall.attempt.token],
            entry.trouble.dropped > 0, !others.contains(where: { $0.covers(stream.file) })
        {
            // What it has moved was said after what was dropped.
            var cut = 0
            guard attempt(stream.file, { cut = stream.takeBack(to: entry.gap, stall.attempt.turnover) })
            else { return }
            entry.trouble.dropped += cut
        }
        let left = stalls.remove(at: index).unclosed
        for file in left { leave(file) }
        for (token, entry) in hung {
            if token == stall.attempt.token { entry.isLocked = false }
            resting[token] = now
            guard let stream = streams[token], !isHung(stream) else { continue }
            hung[token] = nil
            stream.goOn(behind: entry)
        }
        let plans = postponed
        postponed = []
        keep(plans)
    }
}
