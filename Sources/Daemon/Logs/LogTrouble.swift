internal import Linux
internal import Supervision
internal import Wire

// MARK: - Suffering

extension PumpedStream {
    /// The file cannot be written. What is said waits in the pipe; when that is full the program is held up for as
    /// long as its app says, and then its output is dropped.
    func suffer(_ reason: String, at now: Int64) -> Rest {
        var trouble = trouble ?? Trouble(reason: reason, since: now, retryAt: now)
        trouble.reason = reason
        trouble.retryAt = now + LogPolicy.resumeRetry
        let waiting = (try? pipe.descriptor.readableBytes()) ?? capacity
        trouble.fills(waiting, of: capacity, at: now)
        if trouble.isEnough(block: block, isFinished: isFinished, at: now) {
            trouble.isDropping = true
            trouble.dropped = file.takeBackLine(of: id) + carried.count + (relay?.drop() ?? 0)
            carried = []
        }
        self.trouble = trouble
        if trouble.isDropping { return .until(now) }
        return .until(now + (waiting < capacity / 4 ? LogPolicy.retry : LogPolicy.hastyRetry))
    }

    /// Empties the pipe into nothing, and tries once in a while to go on behind a line that says how much is missing.
    func drop(at now: Int64) throws(SystemError) -> Rest {
        guard var trouble else { return .until(now) }
        var bytes: [UInt8] = []
        var isOver = false
        for _ in 0..<LogPolicy.dropsPerRound {
            guard let more = try pipe.descriptor.read(atMost: LogPolicy.pipeCapacity) else { break }
            isOver = more.isEmpty
            if isOver { break }
            relay?.tell(more)
            trouble.dropped += bytes.count
            bytes = more
        }
        // Where a line begins, or anywhere when nothing more comes.
        let cut = bytes.lastIndex(of: 0x0a).map { $0 + 1 } ?? (bytes.isEmpty ? 0 : nil)
        if let cut, isOver || now >= trouble.retryAt {
            trouble.dropped += file.takeBackLine(of: id)
            if resume(behind: trouble.dropped + cut, trouble.reason, with: Array(bytes[cut...]), at: now) {
                dropped += trouble.dropped + cut
                self.trouble = nil
                return isOver ? .over : .until(now)
            }
            trouble.retryAt = now + LogPolicy.resumeRetry
        }
        trouble.dropped += bytes.count
        self.trouble = trouble
        if isOver { return .over }
        return .until(bytes.isEmpty ? trouble.retryAt : now + LogPolicy.pause)
    }

    /// False: it still cannot be written.
    private func resume(behind count: Int, _ reason: String, with rest: [UInt8], at now: Int64) -> Bool {
        guard file.lackOfSpace(at: now) == nil else { return false }
        do throws(SystemError) {
            if let relay {
                try relay.resume(behind: count, reason, with: rest)
            } else {
                let mark = Array("\(LogFormatter.mark(dropped: count, reason))\n".utf8)
                try file.resume(id, behind: mark, with: rest, at: now)
            }
            return true
        } catch {
            return false
        }
    }
}

extension PumpedStream.Trouble {
    /// So much waits in the pipe.
    mutating func fills(_ waiting: Int, of capacity: Int, at now: Int64) {
        if waiting < capacity / 4 * 3 {
            fullSince = nil
        } else if fullSince == nil {
            fullSince = now
        }
    }

    /// It has waited for so long that it is dropped.
    func isEnough(block: Duration?, isFinished: Bool, at now: Int64) -> Bool {
        guard let block else { return false }
        // Nobody is held up any more; but nothing waits for ever.
        if isFinished { return now - since >= max(LogPolicy.patience, block.nanoseconds) }
        return fullSince.map { now - $0 >= block.nanoseconds } ?? false
    }
}

// MARK: - Going on after a hang

extension PumpedStream {
    /// What stands in the file by now behind this was said after what was dropped.
    func takeBack(to gap: Int64, _ turnover: Int) -> Int {
        guard relay == nil, !copies, file.turnover == turnover else { return 0 }
        return file.cut(to: gap, of: id)
    }

    func goOn(behind entry: HungStream) {
        isFinished = isFinished || entry.isFinished
        guard entry.trouble.isDropping else {
            trouble = nil
            return
        }
        trouble = entry.trouble
        trouble?.dropped += carried.count + (relay?.drop() ?? 0)
        carried = []
    }
}
