internal import Linux
internal import Supervision
internal import Wire

/// A way out for lines besides files: another logger's socket, or the daemon's standard output.
///
/// It never waits. What is not taken at once stays in a queue with a bound for each stream and one for all; beyond that
/// it is dropped, and said behind the gap. One that is not there is looked for once a second. A class, because all
/// streams share it.
final class Outlet {
    let kind: LogOutlet
    /// Nil: lines go there as they go into files.
    let logger: LoggerProtocol?
    private let path: String
    private unowned let outlets: Outlets

    private var way: SharedDescriptor?
    /// Nothing was taken from it yet.
    private var isFresh = true
    /// What is still to be sent, each with what follows it, and how much of the first was.
    private var first: Item?
    private var last: Item?
    private var sent = 0
    private var total = 0
    /// Nothing is tried before.
    private var pausedUntil: Int64 = 0

    /// Those that have lost something and not said so.
    private var lossy: [Outflow] = []
    private var reason = ""
    private var isTroubled = false
    private var lostAt: Int64 = 0
    private var lost = 0

    /// A class, because one leads to the next.
    private final class Item {
        let bytes: [UInt8]
        /// How much the program said for it.
        let worth: Int
        let flow: Outflow
        var next: Item?

        init(_ bytes: [UInt8], _ worth: Int, _ flow: Outflow) {
            (self.bytes, self.worth, self.flow) = (bytes, worth, flow)
        }
    }

    init(_ kind: LogOutlet, _ logger: LoggerProtocol?, _ path: String, _ outlets: Outlets) {
        (self.kind, self.logger, self.path, self.outlets) = (kind, logger, path, outlets)
    }

    func report(_ report: PumpReport) { outlets.report(report) }
}

// MARK: - Queueing

extension Outlet {
    /// Whoever has lost something goes on only behind the words that say so.
    func hasRoom(for flow: Outflow, _ count: Int) -> Bool {
        guard flow.missing == 0 else { return false }
        return (flow.waiting == 0 || flow.waiting + count <= LogPolicy.outletShare)
            && (total == 0 || total + count <= LogPolicy.outletQueue)
    }

    func add(_ bytes: [UInt8], _ worth: Int, of flow: Outflow) {
        let item = Item(bytes, worth, flow)
        if let last { last.next = item } else { first = item }
        last = item
        flow.waiting += bytes.count + LogPolicy.outletOverhead
        total += bytes.count + LogPolicy.outletOverhead
    }

    func lost(_ count: Int, of flow: Outflow) {
        if flow.missing == count { lossy.append(flow) }
        lost += count
        lostAt = Clock.monotonic()
        if !isTroubled { suffer("it does not keep up") }
    }

    private func remove(_ item: Item) {
        first = item.next
        if first == nil { last = nil }
        sent = 0
        item.flow.waiting -= item.bytes.count + LogPolicy.outletOverhead
        total -= item.bytes.count + LogPolicy.outletOverhead
        guard !lossy.isEmpty, total <= LogPolicy.outletQueue / 2 else { return }
        let all = lossy
        lossy = []
        for flow in all {
            if flow.waiting == 0 {
                add(flow.mark("\(name): \(reason)"), 0, of: flow)
            } else {
                lossy.append(flow)
            }
        }
    }
}

// MARK: - Sending

extension Outlet {
    /// Sends what is taken now.
    func flush(at now: Int64) {
        while let item = first, now >= pausedUntil {
            do throws(SystemError) {
                switch try send(item.bytes) {
                case .moved(let count):
                    isFresh = false
                    sent += count
                    if logger != nil || sent >= item.bytes.count { remove(item) }
                case .wouldBlock: pause(at: now)
                case .ended:
                    if isFresh { lose("nobody listens", at: now) } else { close() }
                }
            } catch  where error.code == SystemError.messageTooLong {
                if item.worth > 0 { item.flow.lose(item.worth) }
                reason = error.reason
                remove(item)
            } catch {
                lose(error.reason, at: now)
            }
        }
        if isTroubled, first == nil, now - lostAt >= LogPolicy.outletPause { recover() }
    }

    /// There is room again.
    func stirred(at now: Int64) {
        if way != nil { pausedUntil = 0 }
        flush(at: now)
    }

    /// When to flush at the latest; nil: there is nothing to be done.
    var deadline: Int64? {
        if first != nil { return pausedUntil }
        return isTroubled ? lostAt + LogPolicy.outletPause : nil
    }

    /// It takes nothing just now, and may again.
    var isDelayed: Bool { first != nil && way != nil }

    private func send(_ bytes: [UInt8]) throws(SystemError) -> Transfer {
        let way = try connected()
        guard logger == nil else { return try way.descriptor.sendMessage(bytes) }
        // Also one that waits does not, for so little and where there is room.
        guard !way.descriptor.readiness().isDisjoint(with: [.writable, .failed, .hungUp]) else {
            return .wouldBlock
        }
        return try way.descriptor.write(Array(bytes[sent...].prefix(LogPolicy.outletPiece)))
    }

    private func connected() throws(SystemError) -> SharedDescriptor {
        if let way { return way }
        let made = SharedDescriptor(try opened())
        // One that cannot be watched, as a file, is tried again after a pause.
        try? outlets.poller.add(made.number, token: outlets.token(of: self), for: .oneShot)
        way = made
        isFresh = true
        return made
    }

    private func opened() throws(SystemError) -> Descriptor {
        guard logger == nil else { return try UnixSocket.connectDatagrams(path) }
        guard let way = try StandardStream.output.apart() else {
            throw SystemError("open standard output", code: SystemError.noSuchFile)
        }
        return way
    }

    private func pause(at now: Int64) {
        pausedUntil = now + LogPolicy.outletPause
        guard let way else { return }
        try? outlets.poller.change(way.number, token: outlets.token(of: self), for: [.writable, .oneShot])
    }

    private func close() {
        if let way { outlets.poller.remove(way.number) }
        way = nil
    }

    private func lose(_ reason: String, at now: Int64) {
        close()
        pausedUntil = now + LogPolicy.outletPause
        if isTroubled { self.reason = reason } else { suffer(reason) }
    }
}

// MARK: - Suffering

extension Outlet {
    private var name: String { path.isEmpty ? kind.rawValue : "\(kind.rawValue) (\(path))" }

    private func suffer(_ reason: String) {
        isTroubled = true
        self.reason = reason
        report(
            .complaint(
                "\(name): \(reason). Lines for it wait, and are dropped when those of a stream are more than "
                    + "\(LogPolicy.outletShare >> 10) KiB"))
    }

    /// Nobody will send it any more.
    func tellWhatIsLeft() {
        var left = isTroubled ? lost : 0
        var item = first
        while let one = item { (left, item) = (left + one.worth, one.next) }
        if left > 0 { report(.complaint("\(name): \(left) bytes were not taken before the daemon ended")) }
    }

    private func recover() {
        isTroubled = false
        report(.complaint("\(name) takes lines again; \(lost) bytes were dropped"))
        lost = 0
    }
}
