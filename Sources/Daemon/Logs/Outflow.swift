internal import Linux
internal import Supervision
internal import Wire

/// The lines of one stream on their way to an outlet.
///
/// A class, because the stream and the outlet's queue share it.
final class Outflow {
    let outlet: Outlet
    let stream: StreamID
    private let source: LineSource
    /// For an outlet that gets lines as files do.
    private var formatter: LogFormatter
    /// For one that gets messages.
    private var cutter: LineCutter
    /// How much of it waits in the outlet's queue.
    var waiting = 0
    /// How much did not find room since the outlet was told so.
    private(set) var missing = 0
    /// The same since the loop was told, and what the loop knows.
    private var untold = 0
    private var told = 0
    /// The stream has ended; who does not exist any more has lost nothing.
    var isOver = false

    init(_ outlet: Outlet, _ stream: StreamID, _ plan: StreamPlan) {
        self.outlet = outlet
        self.stream = stream
        source = plan.source
        formatter = LogFormatter(plan.style, plan.speaker)
        cutter = LineCutter(limit: outlet.logger?.lineLimit ?? LineCutter.limit)
    }

    /// What the program has said, or nil: nothing follows what has no end yet. Never waits.
    func take(_ bytes: [UInt8]?) {
        let wall = Clock.wall()
        if let logger = outlet.logger {
            let head = logger.head(source, at: wall)
            let offer = { (line: LineCutter.Line) in
                let worth = line.bytes.count + (line.isPartial ? 0 : 1)
                guard self.outlet.hasRoom(for: self, head.count + worth) else { return self.lose(worth) }
                self.outlet.add(
                    logger.message(line.bytes, isContinued: line.isContinued, behind: head), worth, of: self)
            }
            if let bytes { bytes.withUnsafeBytes { cutter.feed($0, offer) } } else { cutter.finish(offer) }
        } else {
            let offset = Clock.offset(atWall: wall)
            offer(
                bytes.map { formatter.take($0, at: wall, offset: offset) }
                    ?? formatter.finish(at: wall, offset: offset))
        }
        outlet.flush(at: Clock.monotonic())
    }

    /// Nothing will follow.
    func end() {
        take(nil)
        isOver = true
    }

    /// Whole lines, not too many at once.
    private func offer(_ text: [UInt8]) {
        var rest = text[...]
        while !rest.isEmpty {
            let lines = LineRelay.lines(of: rest, within: LogPolicy.pipeCapacity)
            rest = rest[lines.endIndex...]
            if outlet.hasRoom(for: self, lines.count) {
                outlet.add(Array(lines), lines.count, of: self)
            } else {
                lose(lines.count)
            }
        }
    }
}

// MARK: - Losing

extension Outflow {
    func lose(_ count: Int) {
        missing += count
        untold += count
        outlet.lost(count, of: self)
        // Not each of a thousand small pieces.
        if untold >= told { tell() }
    }

    /// What says how much is missing, and why.
    func mark(_ reason: String) -> [UInt8] {
        defer { missing = 0 }
        tell()
        let wall = Clock.wall()
        guard let logger = outlet.logger else {
            return formatter.mark(dropped: missing, reason, at: wall, offset: Clock.offset(atWall: wall))
        }
        let text = Array(LogFormatter.mark(dropped: missing, reason).utf8)
        return text.withUnsafeBytes { logger.message($0, behind: logger.head(source, at: wall)) }
    }

    private func tell() {
        if untold > 0, !isOver { outlet.report(.astray(stream, untold)) }
        told += untold
        untold = 0
    }
}
