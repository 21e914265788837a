internal import Linux
internal import Supervision
internal import Wire

/// The clients on the control socket: who they are, what they have sent, what they have not read yet.
///
/// Only the daemon's owner and root are heard (SO_PEERCRED, unix(7)). A client that does not read costs its own
/// output queue and, once that is full, its connection; nobody waits for it.
final class Connections {
    static let limit = 256
    /// So many more are let in to be told that they are too many.
    static let doomedLimit = 32
    static let outputLimit = 16 << 20
    private static let readSize = 16 << 10
    /// For a request that has begun.
    static let requestPatience = Duration.seconds(10)
    /// After which accepting is tried again.
    static let pause = Duration.seconds(1)

    private let listener: SharedDescriptor
    private let watches: Watches
    private let owner: UInt32
    /// How the daemon calls itself in every answer.
    private let server: String
    /// Who may look, beside the owner and root.
    var readers: Readers?
    var tell: (String) -> Void = { _ in }
    private var watch: Watch?
    private var listensAgainAt: Instant?
    private var connections: [UInt64: Connection] = [:]
    private var waiting: [Ticket: UInt64] = [:]
    /// They have something to be told at the end of this turn of the loop.
    private var unflushed: Set<UInt64> = []
    private var nextNumber: UInt64 = 1
    /// Answers a request: at once, or later under its ticket.
    private var answer: (HTTPRequest, Ticket) -> Answer = { _, _ in preconditionFailure("nobody answers yet")
    }

    enum Answer {
        case now(status: Int, [UInt8], allow: String? = nil)
        /// By `finish` or `refuse`; `stream` may come before `finish`.
        case later
    }

    init(_ listener: SharedDescriptor, watches: Watches, owner: UInt32, server: String = "") {
        self.listener = listener
        self.server = server
        self.watches = watches
        self.owner = owner
    }

    /// From now on clients are heard.
    func open(_ answer: @escaping (HTTPRequest, Ticket) -> Answer) throws(SystemError) {
        self.answer = answer
        watch = try watches.watch(listener.number, for: .readable) { [unowned self] _ in accept() }
    }

    /// For a request without one. It outlives this daemon, so that the next one must not give it again.
    func nextTicket() -> Ticket { Ticket(.random(in: 1...UInt64(Int64.max))) }

    var nextDeadline: Instant? {
        (connections.values.compactMap(\.deadline) + [listensAgainAt].compactMap { $0 }).min()
    }

    /// Whether somebody has yet to read the last answer.
    var areFlushing: Bool { connections.values.contains { !$0.output.isEmpty } }

    func deadlinePassed(at now: Instant) {
        listenAgain(at: now)
        for (number, connection) in connections where connection.deadline.map({ $0 <= now }) ?? false {
            connection.write(.timedOut)
            flush(number, connection)
        }
    }

    /// A line of an answer that is not complete; `flush` sends it. False: nobody waits for it any more.
    @discardableResult
    func stream(_ ticket: Ticket, _ line: [UInt8]) -> Bool {
        guard let (number, connection) = asker(ticket) else { return false }
        connection.write(line: line)
        unflushed.insert(number)
        return true
    }

    /// To be called when there is nothing more to say now: a hundred instances that start are one write.
    func flush() {
        for number in unflushed { if let connection = connections[number] { flush(number, connection) } }
        unflushed.removeAll(keepingCapacity: true)
    }

    /// The last line. The client may have left; then it is nobody's.
    func finish(_ ticket: Ticket, _ line: [UInt8]) {
        guard let (number, connection) = asker(ticket) else { return }
        connection.write(line: line)
        if connection.takesChunks { connection.output += HTTPWriter.lastChunk }
        answered(ticket, number, connection)
    }

    /// A whole answer, if nothing was streamed yet.
    func tell(_ ticket: Ticket, status: Int, _ body: [UInt8]) {
        guard let (number, connection) = asker(ticket) else { return }
        connection.write(status: status, body)
        answered(ticket, number, connection)
    }

    /// The connection that waits for this answer; nil: its client has left.
    func socket(of ticket: Ticket) -> SharedDescriptor? { asker(ticket)?.1.socket }

    /// A whole answer, for a connection that is none of these.
    func answer(_ status: Int, _ body: [UInt8]) -> [UInt8] {
        HTTPWriter.response(status, body, server: server, keepsAlive: false)
    }

    private func asker(_ ticket: Ticket) -> (UInt64, Connection)? {
        waiting[ticket].flatMap { number in connections[number].map { (number, $0) } }
    }

    private func answered(_ ticket: Ticket, _ number: UInt64, _ connection: Connection) {
        waiting[ticket] = nil
        connection.ticket = nil
        connection.streams = false
        advance(number, connection)
    }
}

// MARK: - Coming and going

extension Connections {
    private func accept() {
        while let shared = nextClient() {
            guard connections.count < Connections.limit + Connections.doomedLimit else { continue }
            let refusal = objection(to: shared)
            let mayLook =
                refusal != nil && readers.map { shared.descriptor.peerIsIn(group: $0.group) } == true
            enter(shared, doomedBy: mayLook ? crowding : refusal, isReader: mayLook)
        }
    }

    /// Why a client is not heard. It is told once it has asked, because one that is hung up on while it speaks
    /// does not listen.
    private func objection(to socket: SharedDescriptor) -> HTTPRefusal? {
        guard let peer = try? socket.descriptor.peerCredentials(), peer.user == owner || peer.user == 0 else {
            return HTTPRefusal(403, "this swpm belongs to another user")
        }
        return crowding
    }

    private var crowding: HTTPRefusal? {
        connections.count < Connections.limit ? nil : .tooManyConnections
    }

    private func nextClient() -> SharedDescriptor? {
        do throws(SystemError) {
            guard let socket = try listener.descriptor.accept() else { return nil }
            return SharedDescriptor(socket)
        } catch {
            // The table of descriptors is full: the client waits in the queue, and the loop must not spin on it.
            if let watch { watches.change(watch, for: []) }
            tell("\(error): clients wait")
            listensAgainAt = .now + Connections.pause
            return nil
        }
    }

    private func listenAgain(at now: Instant) {
        guard let watch, let due = listensAgainAt, due <= now else { return }
        listensAgainAt = nil
        watches.change(watch, for: .readable)
    }

    private func enter(_ socket: SharedDescriptor, doomedBy refusal: HTTPRefusal?, isReader: Bool) {
        let number = nextNumber
        nextNumber += 1
        let connection = Connection(socket, doomedBy: refusal, server: server)
        connection.isReader = isReader
        // Without room for a watch there is none for a client.
        guard
            let watch = try? watches.watch(
                socket.number, for: [.readable, .readHungUp],
                { [unowned self] what in stirred(number, what) })
        else { return }
        connection.watch = watch
        if refusal != nil { connection.deadline = .now + Connections.requestPatience }
        connections[number] = connection
    }

    private func leave(_ number: UInt64) {
        guard let connection = connections.removeValue(forKey: number) else { return }
        if let watch = connection.watch { watches.remove(watch) }
        if let ticket = connection.ticket { waiting[ticket] = nil }
    }
}

// MARK: - Reading

extension Connections {
    private func stirred(_ number: UInt64, _ what: Poller.Interest) {
        guard let connection = connections[number] else { return }
        if what.contains(.writable) { flush(number, connection) }
        if connection.ticket != nil, !what.isDisjoint(with: [.readHungUp, .hungUp, .failed]) {
            return leave(number)
        }
        if !what.isDisjoint(with: [.readable, .readHungUp, .hungUp, .failed]) { read(number, connection) }
    }

    private func read(_ number: UInt64, _ connection: Connection) {
        do throws(SystemError) {
            while let bytes = try connection.socket.descriptor.read(atMost: Connections.readSize) {
                if bytes.isEmpty { return leave(number) }
                if let refusal = connection.doom {
                    connection.write(refusal)
                    return flush(number, connection)
                }
                connection.parser.feed(bytes)
                if bytes.count < Connections.readSize { break }
            }
        } catch {
            return leave(number)
        }
        advance(number, connection)
    }

    /// Takes requests one after another; the next one waits until this one is answered.
    private func advance(_ number: UInt64, _ connection: Connection) {
        while connection.ticket == nil, !connection.closesWhenRead, connections[number] != nil {
            do throws(HTTPRefusal) {
                guard let arrival = try connection.parser.next() else { break }
                take(arrival, number, connection)
            } catch {
                connection.write(error)
            }
        }
        let waits = connection.ticket == nil && connection.parser.isAmidRequest && !connection.closesWhenRead
        connection.deadline = waits ? connection.deadline ?? .now + Connections.requestPatience : nil
        flush(number, connection)
    }

    private func take(_ arrival: RequestParser.Arrival, _ number: UInt64, _ connection: Connection) {
        switch arrival {
        case .awaitsContinue:
            connection.output += HTTPWriter.proceed
        case .request(let request):
            let ticket = request.ticket ?? nextTicket()
            connection.closesWhenRead = !request.keepsAlive
            connection.takesChunks = request.takesChunks
            connection.ticket = ticket
            waiting[ticket] = number
            if case .now(let status, let body, let allow) = reply(to: request, ticket, connection) {
                waiting[ticket] = nil
                connection.ticket = nil
                connection.write(status: status, body, allow: allow)
            }
        }
    }
}

// MARK: - Looking

extension Connections {
    /// What is asked with GET changes nothing.
    private func reply(to request: HTTPRequest, _ ticket: Ticket, _ connection: Connection) -> Answer {
        guard connection.isReader else { return answer(request, ticket) }
        guard request.method == .get else {
            let refusal = HTTPRefusal(403, "members of the control_group may look, and change nothing")
            return .now(status: refusal.status, Wire.Answer.bytes(APIRefusal(refusal)))
        }
        readers?.openLogs()
        return answer(request, ticket)
    }
}

// MARK: - Writing

extension Connections {
    private func flush(_ number: UInt64, _ connection: Connection) {
        guard connections[number] != nil, let watch = connection.watch else { return }
        while !connection.output.isEmpty {
            guard let transfer = try? connection.socket.descriptor.write(connection.output),
                transfer != .ended
            else {
                return leave(number)
            }
            guard case .moved(let count) = transfer else { break }
            connection.output.removeFirst(count)
        }
        if connection.output.count > Connections.outputLimit { return leave(number) }
        if connection.output.isEmpty, connection.closesWhenRead, connection.ticket == nil {
            return leave(number)
        }
        watches.change(watch, for: connection.interest)
    }
}
