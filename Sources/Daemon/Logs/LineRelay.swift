internal import Linux
internal import Supervision
internal import Wire

/// Takes a stream apart into lines, and writes them in another form or to several files.
///
/// What it has read and not written is lost when the daemon is killed, but not when it ends in order: one batch, and a line without
/// an end. A class, because the stream and the pump share it.
final class LineRelay {
    private var own: Sink?
    private var other: Sink?
    let combined: LogFile?
    private var formatter: LogFormatter
    /// Where lines go besides.
    var flows: [Outflow]
    private let keepsTail: Bool
    /// The last of what was said, for last words.
    private(set) var tail: [UInt8] = []
    /// How many bytes of the program the unwritten ones stand for.
    private var unwritten = 0

    private struct Sink {
        let file: LogFile
        var pending: [UInt8] = []
    }

    /// Nil for a file: nothing is written there.
    init(_ plan: StreamPlan, _ own: LogFile?, _ combined: LogFile?, _ flows: [Outflow]) {
        self.flows = flows
        self.own = own.map { Sink(file: $0) }
        self.combined = combined
        other = combined.map { Sink(file: $0) }
        formatter = LogFormatter(plan.style, plan.speaker)
        keepsTail = plan.speaker.stream == .error
    }

    /// Writes what is left, then what the pipe has.
    func step(from pipe: SharedDescriptor, isFinished: Bool, _ tenure: Tenure?) throws(SystemError)
        -> Transfer
    {
        try flush()
        if tenure?.isOver == true { return .wouldBlock }
        let wall = Clock.wall()
        let bytes = try pipe.descriptor.read(atMost: LogPolicy.pipeCapacity)
        guard let bytes, !bytes.isEmpty else {
            if isFinished || bytes != nil { try finish(at: wall) }
            return bytes == nil ? .wouldBlock : .ended
        }
        if keepsTail {
            tail = Array((tail + bytes.suffix(LogPolicy.lastWordsBytes)).suffix(LogPolicy.lastWordsBytes))
        }
        tell(bytes)
        unwritten = bytes.count
        put(formatter.take(bytes, at: wall, offset: Clock.offset(atWall: wall)))
        try flush()
        return .moved(bytes.count)
    }

    /// Tells those who are no files, whatever becomes of the files.
    func tell(_ bytes: [UInt8]) { for flow in flows { flow.take(bytes) } }

    /// Nobody will say anything any more.
    func end() { for flow in flows { flow.end() } }

    /// Writes everything that it has; of a line without an end others go on with the rest. False: there was nothing.
    func handOver() throws(SystemError) -> Bool {
        for flow in flows { flow.take(nil) }
        let hadAny = unwritten > 0 || formatter.waiting > 0
        unwritten += formatter.waiting
        let wall = Clock.wall()
        put(formatter.surrender(at: wall, offset: Clock.offset(atWall: wall)))
        try flush()
        return hadAny
    }

    /// What was read before and is not written yet.
    func adopt(_ bytes: [UInt8]) { put(bytes) }

    /// Forgets what could not be written; returns how much of the program's output that was.
    func drop() -> Int {
        own?.pending = []
        other?.pending = []
        defer { unwritten = 0 }
        return unwritten + formatter.drop()
    }

    func resume(behind count: Int, _ reason: String, with rest: [UInt8]) throws(SystemError) {
        for sink in [own, other] { try sink?.file.refresh(at: Clock.monotonic()) }
        let wall = Clock.wall()
        let offset = Clock.offset(atWall: wall)
        put(formatter.mark(dropped: count, reason, at: wall, offset: offset))
        do throws(SystemError) {
            try flush()
        } catch {
            own?.pending = []
            other?.pending = []
            throw error
        }
        put(formatter.take(rest, at: wall, offset: offset))
    }

    private func finish(at wall: Int64) throws(SystemError) {
        for flow in flows { flow.take(nil) }
        guard formatter.waiting > 0 else { return }
        unwritten = formatter.waiting
        put(formatter.finish(at: wall, offset: Clock.offset(atWall: wall)))
        try flush()
    }

    private func put(_ text: [UInt8]) {
        own?.pending += text
        other?.pending += text
    }

    private func flush() throws(SystemError) {
        try LineRelay.flush(&own)
        try LineRelay.flush(&other)
        unwritten = 0
    }

    private static func flush(_ sink: inout Sink?) throws(SystemError) {
        guard let ready = sink, !ready.pending.isEmpty else { return }
        let file = ready.file
        guard file.isRegular else {
            let count = try file.pass(ready.pending)
            sink?.pending.removeFirst(count)
            return try flush(&sink)
        }
        var rest = ready.pending[...]
        do throws(SystemError) {
            while !rest.isEmpty {
                if file.isDue(at: Clock.wall()) { _ = file.rotate(at: Clock.wall()) }
                let lines = LineRelay.lines(of: rest, within: file.room)
                try file.write(Array(lines))
                rest = rest[lines.endIndex...]
            }
            sink?.pending = []
        } catch {
            sink?.pending = Array(rest)
            throw error
        }
    }

    /// As many whole lines as have room; one at least.
    static func lines(of bytes: ArraySlice<UInt8>, within room: Int) -> ArraySlice<UInt8> {
        guard bytes.count > room else { return bytes }
        let end = bytes.prefix(room).lastIndex(of: 0x0a) ?? bytes.firstIndex(of: 0x0a) ?? bytes.endIndex - 1
        return bytes[...end]
    }
}
