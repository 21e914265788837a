internal import Linux
internal import Supervision
internal import Wire

/// One check by a connection: whether it is accepted, or answered well.
final class CheckConnection: Examination {
    enum Question {
        /// Nothing is asked: the program has to accept.
        case acceptance
        case http(HTTPProbe)
    }

    /// How often the kernel is asked whether a connection was accepted, of which nothing else tells.
    static let interval = Duration.milliseconds(25)

    var onResult: (CheckResult?) -> Void = { _ in }

    private let question: Question
    private let target: SocketAddress
    private let deadline: Instant
    private let timeout: Duration
    private let watches: Watches
    private let diagnostics: SocketDiagnostics
    private var socket: SharedDescriptor?
    private var watch: Watch?
    private var isConnected = false
    private var unsent: [UInt8] = []
    private var parser = ResponseParser(limits: .healthAnswers)
    private var lookAt: Instant?
    /// What the head of the answer means; the rest is read, within limits, so that the program can end it well.
    private var verdict: CheckResult?

    init(
        _ question: Question, to target: SocketAddress, until deadline: Instant, timeout: Duration,
        _ watches: Watches,
        _ diagnostics: SocketDiagnostics
    ) {
        self.question = question
        self.target = target
        self.deadline = deadline
        self.timeout = timeout
        self.watches = watches
        self.diagnostics = diagnostics
        if case .http(let probe) = question { unsent = probe.request(port: target.port) }
    }

    func open(from source: SteeringProgram.Source?) {
        do throws(SystemError) {
            let from = source.map { SocketAddress(.v4, host: $0.host, port: 0) }
            let socket = SharedDescriptor(try TCPSocket.connecting(to: target, from: from))
            self.socket = socket
            watch = try watches.watch(socket.number, for: .writable) { [unowned self] _ in stirred() }
        } catch {
            finish(CheckResult(error))
        }
    }

    var nextLook: Instant? { lookAt.map { min($0, deadline) } ?? deadline }

    func look(at now: Instant) {
        guard now < deadline else { return finish(verdict ?? .failed(lateness)) }
        lookAt = now + CheckConnection.interval
        if wasAccepted { finish(.passed) }
    }

    func breakOff() {
        if let watch { watches.remove(watch) }
        watch = nil
        socket = nil
        onResult = { _ in }
    }

    private func finish(_ result: CheckResult?) {
        let tell = onResult
        breakOff()
        tell(result)
    }
}

// MARK: - Steps

extension CheckConnection {
    private func stirred() {
        guard let socket else { return }
        if !isConnected {
            if let failure = TCPSocket(socket.number).failure {
                return finish(.failed("\(target) cannot be reached: \(failure.reason)"))
            }
            isConnected = true
            if case .acceptance = question { lookAt = .now }
        }
        do throws(SystemError) {
            guard try send(socket) else { return }
            try hear(socket)
        } catch {
            finish(.failed("\(target): \(error.reason)"))
        }
    }

    /// True when everything is sent.
    private func send(_ socket: SharedDescriptor) throws(SystemError) -> Bool {
        while !unsent.isEmpty {
            switch try socket.descriptor.write(unsent) {
            case .moved(let count): unsent.removeFirst(count)
            case .wouldBlock: return false
            case .ended:
                finish(.failed("\(target) closed the connection"))
                return false
            }
        }
        if let watch { watches.change(watch, for: .readable) }
        return true
    }

    private func hear(_ socket: SharedDescriptor) throws(SystemError) {
        while self.socket != nil, let bytes = try socket.descriptor.read(atMost: 4096) {
            switch question {
            // It was accepted, or nobody could have said or ended anything.
            case .acceptance:
                return finish(TCPSocket(socket.number).failure == nil ? .passed : .failed(refusal))
            case .http(let probe): understand(bytes, probe)
            }
        }
    }

    private func understand(_ bytes: [UInt8], _ probe: HTTPProbe) {
        do throws(HTTPRefusal) {
            parser.feed(bytes)
            while let arrival = try parser.next() {
                switch arrival {
                case .head(let head) where head.status >= 200:
                    verdict =
                        probe.accepts(head.status) ? .passed : .failed("\(head.status) from \(probe.path)")
                case .end where verdict != nil: return finish(verdict!)
                case .head, .data, .end: break
                }
            }
            guard bytes.isEmpty else { return }
            _ = try parser.finish()
            finish(verdict ?? .failed("no answer from \(probe.path): the connection was closed"))
        } catch {
            finish(verdict ?? .failed("what came from \(probe.path) is not HTTP: \(error.message)"))
        }
    }

    private var refusal: String { "\(target) closed the connection" }

    private var lateness: String {
        let time = "within \(timeout.milliseconds) ms"
        switch question {
        case .acceptance: return "\(target) accepted no connection \(time)"
        case .http(let probe): return "no answer from \(probe.path) \(time)"
        }
    }

    /// The program has taken the other end from the queue.
    private var wasAccepted: Bool {
        guard isConnected, let socket, let own = TCPSocket(socket.number).localAddress else { return false }
        // A failing look is no acceptance; the deadline comes in any case.
        for (server, client) in [(target, own), (target.asV6, own.asV6)] {
            if let found = try? diagnostics.connection(from: server, to: client), found.inode != 0 {
                return true
            }
        }
        return false
    }
}
