internal import Glibc
internal import Keeper
internal import Linux
internal import Supervision

/// The daemon's end of the line to its keeper.
///
/// What is sent is sent in order and never waits: what does not fit stands in a queue. Everything that an instance
/// needs is deposited before the instance is there, so a deposit that does not fit at once gives the keeper, who has
/// nothing else to do, a moment to make room. A class, because callbacks lead back to it.
final class KeeperLink {
    /// What there was when this daemon came up.
    struct Manifest {
        var held: [String: SharedDescriptor] = [:]
        /// Ends that no daemon has acknowledged.
        var exits: [ReapedProcess] = []
        /// Processes that run, and whose end will be reported.
        var children: [Int32] = []
        /// Why the last update failed, or nothing; nil: there was none.
        var updateOutcome: String?
        /// Daemons before this one that came to an unwanted end, since swpm was started or updated.
        var deaths: Snapshot.DaemonDeaths?
    }

    /// A descriptor of another process, and a piece of its memory.
    struct Borrowed {
        var descriptor: SharedDescriptor
        var memory: [UInt8]
    }

    typealias BorrowOutcome = Result<Borrowed, SystemError>

    /// How long the keeper may take to say what there is.
    static let manifestPatience = Duration.seconds(10)
    static let depositPatience = Duration.milliseconds(20)

    /// The keeper's own pid.
    let process: Int32
    /// A child of the keeper has ended; acknowledge it when it need not be told again.
    var onExit: ((ReapedProcess) -> Void)?
    /// The keeper is dead. No callback comes any more, but for the borrowings, which all fail.
    var onLost: (() -> Void)?
    /// The keeper could not hold something: its key and the reason.
    var onRefusal: ((String, SystemError) -> Void)?
    /// Another program takes over.
    var onMakeWay: (() -> Void)?
    /// An update failed for this reason, or succeeded (empty).
    var onUpdateEnded: ((String) -> Void)?

    private let socket: SharedDescriptor
    private var watches: Watches?
    private var watch: Watch?
    private var waiting: [Packet] = []
    /// What the keeper holds.
    private(set) var deposits: [String: SharedDescriptor] = [:]
    private var borrowings: [UInt64: (BorrowOutcome) -> Void] = [:]
    private var nextTicket: UInt64 = 1
    private(set) var isLost = false
    /// The keeper will end with this daemon.
    private(set) var isQuitting = false

    private struct Packet {
        var bytes: [UInt8]
        var descriptor: SharedDescriptor?
    }

    /// Takes over the socket that the keeper gave.
    init(_ socket: consuming Descriptor) throws(SystemError) {
        socket.setInherited(false)
        socket.setNonBlocking()
        process = try socket.peerCredentials().process
        self.socket = SharedDescriptor(socket)
    }

    /// From now on the loop hears what the keeper says.
    func attach(to watches: Watches) throws(SystemError) {
        watch = try watches.watch(socket.number, for: .readable) { [weak self] _ in self?.stirred() }
        self.watches = watches
    }
}

// MARK: - Asking

extension KeeperLink {
    /// Has the keeper hold a copy of this descriptor. It stays open here, too, until it is withdrawn: when the keeper
    /// is killed, another is given all of them.
    func deposit(key: String, _ descriptor: SharedDescriptor) {
        deposits[key] = descriptor
        Fault.point()
        send(.deposit(key: key), with: descriptor.number)
        Fault.point()
        if !waiting.isEmpty { makeRoom() }
    }

    func withdraw(key: String) {
        deposits[key] = nil
        send(.withdraw(key: key))
    }

    func withdraw(prefix: String) {
        for key in deposits.keys where key.hasPrefix(prefix) { deposits[key] = nil }
        send(.withdrawAll(prefix: prefix))
    }

    /// Asks the keeper to become this program; answered by `onUpdateEnded`, to this daemon or the next.
    func update(_ program: Int32) { send(.update, with: program) }

    func acknowledge(_ process: Int32) { send(.acknowledge(process: process)) }

    /// The keeper will end when the daemon does.
    func quit() {
        send(.quit)
        makeRoom()
    }

    /// Looks into a process (or thread) that only its ancestor may look into; `then` is called later, exactly once.
    func borrow(
        process: Int32, descriptor: Int32, memory: (address: UInt64, length: Int)? = nil,
        then: @escaping (BorrowOutcome) -> Void
    ) {
        let ticket = nextTicket
        nextTicket += 1
        borrowings[ticket] = then
        send(
            .borrow(
                Loan(
                    ticket: ticket, process: process, descriptor: descriptor, address: memory?.address ?? 0,
                    length: memory?.length ?? 0)))
        if isLost { failBorrowings() }
    }

    /// Waits for the keeper to say everything it holds and knows; for a daemon that comes up.
    func manifest() throws(SystemError) -> Manifest {
        send(.list)
        var manifest = Manifest()
        let deadline = Clock.monotonic() + KeeperLink.manifestPatience.nanoseconds
        while true {
            guard let (report, descriptor) = try nextReport(before: deadline) else {
                throw SystemError("hear from the keeper", code: ETIMEDOUT)
            }
            switch report {
            case .exited(let process): manifest.exits.append(process)
            case .held(let key): manifest.held[key] = descriptor
            case .children(let processes): manifest.children += processes
            case .listed:
                deposits = manifest.held
                return manifest
            case .daemonsDied(let count, let last):
                manifest.deaths = .init(count: Int(count), last: Instant(nanoseconds: last))
            case .updateEnded(let reason): manifest.updateOutcome = reason
            case .lent, .notLent, .refused, .quitting, .makeWay, .areYouWell: take(report, descriptor)
            }
        }
    }
}

// MARK: - Hearing

extension KeeperLink {
    /// To be called when the socket is readable.
    func readable() {
        while !isLost {
            do throws(SystemError) {
                switch try receive() {
                case .report(let report, let descriptor): take(report, descriptor)
                case .nothing: return
                case .ended: lose()
                }
            } catch {
                lose()
            }
        }
    }

    private func stirred() {
        flush()
        readable()
    }

    private enum Heard {
        case report(KeeperReport, SharedDescriptor?)
        case nothing
        case ended
    }

    private func receive() throws(SystemError) -> Heard {
        switch try socket.descriptor.receiveMessage(atMost: KeeperRequest.packetLimit) {
        case .message(let message):
            guard let report = KeeperReport(decoding: message.bytes) else {
                throw SystemError("understand the keeper", code: EPROTO)
            }
            return .report(report, message.descriptors.first)
        case .wouldBlock: return .nothing
        case .ended: return .ended
        }
    }

    private func nextReport(before deadline: Int64) throws(SystemError) -> (KeeperReport, SharedDescriptor?)?
    {
        while true {
            flush()
            switch try receive() {
            case .report(let report, let descriptor): return (report, descriptor)
            case .ended: throw SystemError("hear from the keeper", code: ECONNRESET)
            case .nothing: break
            }
            let left = deadline - Clock.monotonic()
            guard left > 0 else { return nil }
            let poller = try Poller()
            let interest: Poller.Interest = waiting.isEmpty ? .readable : [.readable, .writable]
            try poller.add(socket.number, token: 0, for: interest)
            _ = try poller.wait(atMost: .nanoseconds(left))
        }
    }

    private func take(_ report: KeeperReport, _ descriptor: SharedDescriptor?) {
        switch report {
        case .exited(let process): onExit?(process)
        case .lent(let ticket, let memory): lent(ticket, descriptor, memory)
        case .notLent(let ticket, let code):
            borrowings.removeValue(forKey: ticket)?(.failure(SystemError("borrow a descriptor", code: code)))
        case .refused(let key, let code): onRefusal?(key, SystemError("have \(key) kept", code: code))
        case .quitting: isQuitting = true
        case .makeWay: onMakeWay?()
        case .updateEnded(let reason): onUpdateEnded?(reason)
        case .areYouWell: send(.well)
        case .held, .children, .listed, .daemonsDied: break
        }
    }

    /// The descriptor is lost on the way when this process has too many open files.
    private func lent(_ ticket: UInt64, _ descriptor: SharedDescriptor?, _ memory: [UInt8]) {
        guard let then = borrowings.removeValue(forKey: ticket) else { return }
        if let descriptor {
            then(.success(Borrowed(descriptor: descriptor, memory: memory)))
        } else {
            then(.failure(SystemError("borrow a descriptor", code: EMFILE)))
        }
    }
}

// MARK: - Sending

extension KeeperLink {
    private func send(_ request: KeeperRequest, with number: Int32? = nil) {
        guard !isLost else { return }
        let bytes = request.encoded()
        if waiting.isEmpty, transmit(bytes, number) { return }
        waiting.append(Packet(bytes: bytes, descriptor: number.flatMap(KeeperLink.copy)))
        showInterest()
    }

    /// False: it has to wait.
    private func transmit(_ bytes: [UInt8], _ number: Int32?) -> Bool {
        do throws(SystemError) {
            switch try socket.descriptor.sendMessage(bytes, descriptors: number.map { [$0] } ?? []) {
            case .moved: return true
            case .wouldBlock: return false
            // The end is heard of when everything was read that came before it.
            case .ended: return true
            }
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private func flush() {
        var sent = 0
        while sent < waiting.count, transmit(waiting[sent].bytes, waiting[sent].descriptor?.number) {
            sent += 1
        }
        guard sent > 0 else { return }
        waiting.removeFirst(sent)
        showInterest()
    }

    /// Waits a moment for the keeper to read; what still does not fit stays in the queue.
    private func makeRoom() {
        let deadline = Clock.monotonic() + KeeperLink.depositPatience.nanoseconds
        while !waiting.isEmpty, !isLost {
            let left = deadline - Clock.monotonic()
            guard left > 0, let poller = try? Poller(),
                (try? poller.add(socket.number, token: 0, for: .writable)) != nil,
                (try? poller.wait(atMost: .nanoseconds(left))) != nil
            else { return }
            flush()
        }
    }

    private func showInterest() {
        guard let watch, let watches else { return }
        watches.change(watch, for: waiting.isEmpty ? .readable : [.readable, .writable])
    }

    /// The caller may close its own before its turn comes.
    private static func copy(_ number: Int32) -> SharedDescriptor? {
        try? SharedDescriptor(Descriptor.copy(of: number))
    }

    private func lose() {
        guard !isLost else { return }
        isLost = true
        if let watch { watches?.remove(watch) }
        waiting.removeAll()
        failBorrowings()
        onLost?()
    }

    private func failBorrowings() {
        let unanswered = borrowings.sorted { $0.key < $1.key }
        borrowings.removeAll()
        for (_, then) in unanswered {
            then(.failure(SystemError("borrow a descriptor", code: ECONNRESET)))
        }
    }
}
