internal import Console
internal import Glibc
internal import Linux
internal import Supervision
internal import Wire

/// Asks the daemon: one call, one answer.
struct Caller {
    let home: Home
    let peer = Peer()
    /// What programs started now get instead of this process' own environment.
    var environment: [String: String]?
    /// How long the answer to a question may take.
    static let patience = Duration.seconds(10)
    /// How long an operation may say nothing before the daemon is asked whether it is well.
    private static let silence = Duration.seconds(10)

    /// The body of an answer, or nil where no daemon runs.
    func ask(_ call: APICall, within patience: Duration = Caller.patience) throws(Stop) -> [UInt8]? {
        guard var connection = try connect() else { return nil }
        let deadline = Deadline(in: patience)
        try send(call, over: connection, by: deadline)
        var status = 0
        var body: [UInt8] = []
        while true {
            switch try Caller.next(of: &connection, within: deadline.remaining) {
            case .head(let head):
                peer.note(head)
                status = head.status
            case .data(let bytes): body += bytes
            case .end:
                guard status == 200 else { throw Stop(Answer.refusal(body, status: status)) }
                return body
            case .silence, .disturbance: throw home.noAnswer(within: patience)
            }
        }
    }

    /// How everything stands; nil where no daemon runs.
    func snapshot(
        _ selector: Selector = .all, withPorts: Bool = false, within patience: Duration = Caller.patience
    ) throws(Stop) -> Snapshot? {
        let call = withPorts ? APICall.appsWithPorts(selector) : .apps(selector)
        guard let body = try ask(call, within: patience) else { return nil }
        do throws(JSONError) {
            return try Answer.snapshot(body, clock: .now)
        } catch {
            throw .notUnderstood("\(error)")
        }
    }

    /// Nil where no daemon runs; anything else that is in the way ends the command.
    func connect(disturbance: Int32? = nil) throws(Stop) -> Connection? {
        do throws(SystemError) {
            return try Connection(to: home.socket, disturbance: disturbance)
        } catch {
            if error.isNobodyThere { return nil }
            throw Stop(
                home.isForeign ? Wording.foreignHome(home.path) : Wording.unreachable("\(error)"),
                .unreachable)
        }
    }

    func send(
        _ call: APICall, _ ticket: Ticket? = nil, over connection: borrowing Connection, by deadline: Deadline
    ) throws(Stop) {
        do throws(SystemError) {
            if try connection.send(call, ticket, by: deadline) { return }
        } catch {
            throw Stop(Wording.unreachable("\(error)"), .unreachable)
        }
        // It went away before it took anything: whoever comes next may be asked, as if it had gone a moment later.
        guard deadline.isPast else { throw .lost }
        throw Stop(Wording.unreachable("it does not take the request"), .unreachable)
    }

    static func next(
        of connection: inout Connection, within limit: Duration
    ) throws(Stop) -> Connection.Arrival {
        do throws(ConnectionError) {
            return try connection.next(within: limit)
        } catch {
            switch error {
            case .lost: throw .lost
            case .foreign(let reason): throw .notUnderstood(reason)
            }
        }
    }
}

// MARK: - Operate

extension Caller {
    /// Asks for a change. In `hear` each line of the answer is told as it comes; the last one is the reply.
    ///
    /// There is no limit to how long it may take, for a release may be slow; but a daemon that is silent must
    /// answer whether it is well. One that dies leaves the operation to the next, where it is asked for again under
    /// the same ticket.
    func begin(
        _ request: Request, _ ticket: Ticket, over connection: borrowing Connection
    ) throws(Stop) {
        let environment = environment(for: request)
        try send(
            .operate(request, environment: environment), ticket, over: connection,
            by: Deadline(in: Caller.patience))
    }

    /// What comes of what was begun there.
    func hear(
        over connection: consuming Connection, signals: borrowing SignalQueue,
        tell: (OperationLine, [UInt8]) -> Void
    ) throws(Stop) -> Reply {
        var answer = OperationAnswer()
        while true {
            switch try Caller.next(of: &connection, within: Caller.silence) {
            case .head(let head):
                peer.note(head)
                answer.status = head.status
            case .data(let bytes):
                if let reply = try answer.take(bytes, tell) { return reply }
            case .end: return try answer.end()
            case .silence: try beWell()
            case .disturbance:
                // A signal that cannot be read was for somebody else.
                guard let signal = (try? signals.next()) ?? nil else { continue }
                throw .interrupted(by: signal)
            }
        }
    }

    /// Is the daemon alive, although it says nothing?
    private func beWell() throws(Stop) {
        guard try ask(.ping) != nil else { throw .lost }
    }

    /// What a program started now gets, as any command would give it.
    private func environment(for request: Request) -> [String: String]? {
        guard request.bringsSpecs else { return nil }
        return environment
            ?? ThisProcess.environmentByName().filter { name, _ in !Launcher.isPrivate(name + "=") }
    }
}

/// The answer to an operation while it arrives.
struct OperationAnswer {
    var status = 0
    private var lines = LineSplitter()
    private var refusal: [UInt8] = []

    mutating func take(_ bytes: [UInt8], _ tell: (OperationLine, [UInt8]) -> Void) throws(Stop) -> Reply? {
        guard status == 200 else {
            refusal += bytes
            return nil
        }
        do {
            for text in try lines.feed(bytes) where !text.isEmpty {
                let line = try Answer.line(text, clock: .now)
                tell(line, text)
                if case .reply(let reply) = line { return reply }
            }
            return nil
        } catch {
            throw .notUnderstood("\(error)")
        }
    }

    /// A refusal has no stream; a stream without a reply has broken off.
    func end() throws(Stop) -> Reply {
        guard status != 200 else { throw .lost }
        switch Answer.refusal(refusal, status: status) {
        case .refused(let refusal): return .refused(refusal)
        case .http: throw Stop(Answer.refusal(refusal, status: status))
        }
    }
}

// MARK: - Errors

extension Stop {
    init(_ error: APIError) {
        switch error {
        case .refused(let refusal): self.init(Report(.refused(refusal)))
        case .http(let refusal):
            self.init([refusal.message], refusal.status == 422 ? .usage : .failed)
            isMisunderstanding = true
        }
    }
}

extension SystemError {
    /// No socket, or one that nobody listens on.
    var isNobodyThere: Bool { [ENOENT, ENOTDIR, ECONNREFUSED].contains(code) }
}

extension WallClock {
    static var now: WallClock {
        WallClock(offset: .nanoseconds(Clock.wall() - Clock.monotonic()))
    }
}
