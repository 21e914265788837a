import Linux

/// All clients on one thread, until there is no more to ask.
struct Run: ~Copyable {
    private(set) var tally = Tally()
    private let options: Options
    private let request: [UInt8]
    private let poller: Poller
    private let signals: SignalQueue
    private var clients: [Client]
    /// Which client a registration belongs to.
    private var owners: [UInt64: Int] = [:]
    private var tokens: [UInt64]
    private var lastToken: UInt64 = 0
    private let began = Clock.monotonic()
    private var begun = 0
    private var stopping = false
    private var reported = 0

    /// After a failure a client rests, so that a dead server is not asked a million times.
    private static let restAfterFailure: Int64 = 10_000_000
    private static let reportedFailures = 50

    init(_ options: Options) throws(SystemError) {
        let poller = try Poller()
        let signals = try SignalQueue(for: [Signals.terminate, Signals.interrupt])
        try poller.add(signals.descriptor.number, token: 0, for: .readable)
        self.poller = poller
        self.signals = signals
        self.options = options
        request = options.request
        clients = Array(repeating: Client(), count: options.clients)
        for index in clients.indices {
            clients[index].rest(keeping: false, until: began + Int64(index) * options.ramp.nanoseconds)
        }
        tokens = Array(repeating: 0, count: options.clients)
        if options.sources > 0 {
            for index in clients.indices { clients[index].source = UInt8(index % options.sources + 1) }
        }
    }

    var elapsed: Int64 { Clock.monotonic() - began }

    mutating func toTheEnd() throws(SystemError) {
        while true {
            let now = Clock.monotonic()
            if now - began >= options.limit.nanoseconds { stopping = true }
            try startIdle(now)
            if stopping || begun >= options.requests, clients.allSatisfy({ $0.state == .idle }) { return }
            for event in try poller.wait(atMost: .milliseconds(pausing ? 1 : 20)) {
                if event.token == 0 {
                    stopping = true
                    _ = try signals.next()
                } else if let index = owners[event.token] {
                    try follow(index, clients[index].proceed(request, status: options.status))
                }
            }
            try expire(Clock.monotonic())
        }
    }

    /// Whether somebody rests and wants to be woken soon.
    private var pausing: Bool { !stopping && clients.contains { $0.state == .idle } }

    private mutating func startIdle(_ now: Int64) throws(SystemError) {
        guard !stopping else { return }
        for index in clients.indices where clients[index].state == .idle && clients[index].since <= now {
            guard begun < options.requests else { return }
            begun += 1
            try follow(index, clients[index].begin(request, to: options.target, at: now))
        }
    }

    private mutating func expire(_ now: Int64) throws(SystemError) {
        for index in clients.indices where clients[index].state != .idle {
            guard now - clients[index].since > options.timeout.nanoseconds else { continue }
            try follow(index, .failed(clients[index].timedOut))
        }
    }

    private mutating func follow(_ index: Int, _ step: Client.Step) throws(SystemError) {
        switch step {
        case .connecting: try watch(index, for: .writable)
        case .waiting: try watch(index, for: .readable)
        case .succeeded(let word, let keeps):
            let now = Clock.monotonic()
            if tally.succeeded == 0 { say("load: running\n", to: 2) }
            tally.success(word, took: now - clients[index].since, from: clients[index].source)
            let keeping = keeps && options.keepAlive && !stopping
            finish(index, keeping: keeping, at: now + options.pause.nanoseconds)
        case .lost:
            tally.lose()
            finish(index, keeping: false, at: clients[index].since)
        case .failed(.stale) where options.retries:
            tally.retry()
            finish(index, keeping: false, at: Clock.monotonic())
        case .failed(let failing):
            report(failing)
            tally.failure(failing)
            finish(index, keeping: false, at: Clock.monotonic() + Self.restAfterFailure)
        }
    }

    private mutating func watch(_ index: Int, for interest: Poller.Interest) throws(SystemError) {
        let isNew = tokens[index] == 0
        if isNew {
            lastToken += 1
            tokens[index] = lastToken
            owners[lastToken] = index
            try poller.add(clients[index].descriptor, token: lastToken, for: interest)
        } else {
            try poller.change(clients[index].descriptor, token: tokens[index], for: interest)
        }
    }

    private mutating func finish(_ index: Int, keeping: Bool, at next: Int64) {
        if !keeping, tokens[index] != 0 {
            poller.remove(clients[index].descriptor)
            owners[tokens[index]] = nil
            tokens[index] = 0
        }
        clients[index].rest(keeping: keeping, until: next)
    }

    /// Says when the first failures happened, so that they can be matched with a log.
    private mutating func report(_ failing: Failing) {
        guard reported < Self.reportedFailures else { return }
        reported += 1
        say("load: \(failing.rawValue) after \(elapsed / 1_000_000) ms\n", to: 2)
    }
}

extension Duration {
    var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
