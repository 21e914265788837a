internal import Linux
internal import Supervision

// When the daemon ends in order, what the pump holds in memory is written: nobody else has it.

extension Pump {
    /// False: that hung, and this thread is not the pump any more.
    func part(_ ending: Ending) -> Bool {
        var lost = 0
        for (token, stream) in streams {
            if isHung(stream) {
                lost += hung[token]?.trouble.dropped ?? 0
                continue
            }
            let now = Clock.monotonic()
            guard attempt(stream, of: token, { lost += stream.part(ending, at: now) }) else { return false }
        }
        if lost > 0 {
            reports.send(.complaint("\(lost) bytes of output could not be written before the daemon ended"))
        }
        outlets?.end(by: Clock.monotonic() + LogPolicy.outletFarewell)
        return true
    }
}

extension PumpedStream {
    /// Returns how much of what was taken from the pipe is in no file, and is counted in none.
    fileprivate func part(_ ending: Pump.Ending, at now: Int64) -> Int {
        if ending == .isLast || !carried.isEmpty { _ = drain(at: now) }
        var lost = (trouble?.dropped ?? 0) + carried.count
        do throws(SystemError) { _ = try relay?.handOver() } catch { lost += relay?.drop() ?? 0 }
        if ending == .isLast { lost += (try? pipe.descriptor.readableBytes()) ?? 0 }
        return lost
    }
}
