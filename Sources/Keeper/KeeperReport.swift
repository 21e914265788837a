public import Linux

/// What the keeper tells the daemon, one packet each.
public enum KeeperReport: Equatable, Sendable {
    /// A child of the keeper has ended. It is told again to every new daemon until it is acknowledged.
    case exited(ReapedProcess)
    /// What was asked for; the descriptor comes along.
    case lent(ticket: UInt64, memory: [UInt8])
    /// The errno(3) that stood in the way.
    case notLent(ticket: UInt64, code: Int32)
    /// A key and, along with it, its descriptor.
    case held(key: String)
    /// Children of the keeper that run.
    case children([Int32])
    /// Everything was said that `list` asked for.
    case listed
    /// A deposit that could not be kept.
    case refused(key: String, code: Int32)
    /// The keeper will end with the daemon.
    case quitting
    /// The daemon is to put everything on disk and end, because another program takes over.
    case makeWay
    /// An update has come to its end; why it failed, or nothing.
    case updateEnded(reason: String)
    /// How many daemons came to an unwanted end since the keeper began or was updated, and when the last one did, in
    /// nanoseconds of the monotonic clock.
    case daemonsDied(count: UInt32, last: Int64)
    /// To be answered with `well` by a loop that does its work.
    case areYouWell

    public static let childrenPerPacket = 512
    /// Of the reason why an update failed.
    public static let reasonLimit = 1000
}

/// The end of a child of the keeper, and when it was noticed.
public struct ReapedProcess: Equatable, Sendable {
    public var reaped: Reaped
    /// On the monotonic clock, in nanoseconds.
    public var at: Int64

    public init(_ reaped: Reaped, at: Int64) {
        self.reaped = reaped
        self.at = at
    }
}

// MARK: - As bytes

extension KeeperReport {
    public func encoded() -> [UInt8] {
        var writer = PacketWriter(kind)
        switch self {
        case .exited(let process): process.encode(to: &writer)
        case .lent(let ticket, let memory):
            writer.put(ticket)
            writer.put(memory)
        case .notLent(let ticket, let code):
            writer.put(ticket)
            writer.put(code)
        case .held(let key): writer.put(key)
        case .children(let processes):
            precondition(processes.count <= KeeperReport.childrenPerPacket, "a packet is small")
            for process in processes { writer.put(process) }
        case .refused(let key, let code):
            writer.put(key)
            writer.put(code)
        case .updateEnded(let reason): writer.put(reason)
        case .daemonsDied(let count, let last):
            writer.put(count)
            writer.put(last)
        case .listed, .quitting, .makeWay, .areYouWell: break
        }
        return writer.bytes
    }

    /// Nil: these bytes are no report.
    public init?(decoding bytes: [UInt8]) {
        var reader = PacketReader(bytes)
        guard let kind = reader.number(UInt8.self), let report = KeeperReport.decode(kind, &reader),
            reader.isAtEnd
        else { return nil }
        self = report
    }

    private var kind: UInt8 {
        switch self {
        case .exited: 1
        case .lent: 2
        case .notLent: 3
        case .held: 4
        case .children: 5
        case .listed: 6
        case .refused: 7
        case .quitting: 8
        case .makeWay: 9
        case .updateEnded: 10
        case .daemonsDied: 11
        case .areYouWell: 12
        }
    }

    private static func decode(_ kind: UInt8, _ reader: inout PacketReader) -> KeeperReport? {
        switch kind {
        case 1: return ReapedProcess(from: &reader).map { .exited($0) }
        case 2:
            guard let ticket = reader.number(UInt64.self), let memory = reader.block(atMost: Loan.memoryLimit)
            else { return nil }
            return .lent(ticket: ticket, memory: memory)
        case 3:
            guard let ticket = reader.number(UInt64.self), let code = reader.number(Int32.self) else {
                return nil
            }
            return .notLent(ticket: ticket, code: code)
        case 4: return reader.text(atMost: KeeperRequest.keyLimit).map { .held(key: $0) }
        case 5: return decodeChildren(&reader)
        case 6: return .listed
        case 7:
            guard let key = reader.text(atMost: KeeperRequest.keyLimit), let code = reader.number(Int32.self)
            else { return nil }
            return .refused(key: key, code: code)
        case 8: return .quitting
        case 9: return .makeWay
        case 10: return reader.text(atMost: reasonLimit).map { .updateEnded(reason: $0) }
        case 11:
            guard let count = reader.number(UInt32.self), let last = reader.number(Int64.self) else {
                return nil
            }
            return .daemonsDied(count: count, last: last)
        case 12: return .areYouWell
        default: return nil
        }
    }

    private static func decodeChildren(_ reader: inout PacketReader) -> KeeperReport? {
        var processes: [Int32] = []
        while let process = reader.number(Int32.self) { processes.append(process) }
        return processes.count <= childrenPerPacket ? .children(processes) : nil
    }
}

extension ReapedProcess {
    func encode(to writer: inout PacketWriter) {
        writer.put(reaped.process)
        switch reaped.end {
        case .code(let code):
            writer.put(UInt8(0))
            writer.put(code)
        case .signal(let signal):
            writer.put(UInt8(1))
            writer.put(signal)
        }
        let (seconds, attoseconds) = reaped.processorTime.components
        writer.put(seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        writer.put(reaped.peakMemory)
        writer.put(at)
    }

    init?(from reader: inout PacketReader) {
        guard let process = reader.number(Int32.self), let kind = reader.number(UInt8.self), kind < 2,
            let value = reader.number(Int32.self), let time = reader.number(Int64.self),
            let memory = reader.number(UInt64.self), let at = reader.number(Int64.self)
        else { return nil }
        let reaped = Reaped(
            process: process, end: kind == 0 ? .code(value) : .signal(value),
            processorTime: .microseconds(time), peakMemory: memory)
        self.init(reaped, at: at)
    }
}
