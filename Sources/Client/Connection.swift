internal import Linux
internal import Supervision
internal import Wire

/// One connection to the daemon, for one call (unix(7)).
///
/// Nothing here waits for ever: a daemon that has stopped in its tracks still has an open socket.
struct Connection: ~Copyable {
    private let socket: Descriptor
    private let poller: Poller
    private var parser = ResponseParser()
    private var hasEnded = false

    /// What came of waiting.
    enum Arrival: Equatable {
        case head(HTTPResponseHead)
        case data([UInt8])
        case end
        /// Nothing, for as long as was said.
        case silence
        /// The other descriptor is readable.
        case disturbance
    }

    private static let socketToken: UInt64 = 1
    private static let disturbanceToken: UInt64 = 2

    /// `disturbance` is another descriptor that ends the waiting, for signals.
    init(to path: String, disturbance: Int32? = nil) throws(SystemError) {
        let socket = try UnixSocket.connect(path, nonBlocking: true)
        let poller = try Poller()
        try poller.add(socket.number, token: Connection.socketToken, for: .readable)
        if let disturbance {
            try poller.add(disturbance, token: Connection.disturbanceToken, for: .readable)
        }
        self.socket = socket
        self.poller = poller
    }

    /// For the poller of a loop that does more than wait for this.
    var number: Int32 { socket.number }

    /// Writes the whole call; false if the daemon does not take it in time or is gone.
    func send(_ call: APICall, _ ticket: Ticket?, by deadline: Deadline) throws(SystemError) -> Bool {
        var rest = call.bytes(ticket)[...]
        let room = try Poller()
        try room.add(socket.number, token: 0, for: .writable)
        while !rest.isEmpty {
            switch try socket.write(Array(rest)) {
            case .moved(let count): rest = rest.dropFirst(count)
            case .ended: return false
            case .wouldBlock:
                if deadline.isPast { return false }
                _ = try room.wait(atMost: deadline.remaining)
            }
        }
        return true
    }

    /// The next piece of the answer.
    mutating func next(within limit: Duration) throws(ConnectionError) -> Arrival {
        let deadline = Deadline(in: limit)
        while true {
            if let arrival = try take() { return arrival }
            do throws(SystemError) {
                let events = try poller.wait(atMost: deadline.remaining)
                if events.contains(where: { $0.token == Connection.disturbanceToken }) { return .disturbance }
                if events.isEmpty {
                    if deadline.isPast { return .silence }
                    continue
                }
                guard let bytes = try socket.read(atMost: 65536) else { continue }
                if bytes.isEmpty { hasEnded = true } else { parser.feed(bytes) }
            } catch {
                throw .lost
            }
        }
    }

    /// What has arrived already.
    private mutating func take() throws(ConnectionError) -> Arrival? {
        do throws(HTTPRefusal) {
            switch try parser.next() {
            case .head(let head): return .head(head)
            case .data(let bytes): return .data(bytes)
            case .end: return .end
            case nil: break
            }
            guard hasEnded else { return nil }
            guard case .end? = try parser.finish() else { throw HTTPRefusal(400, "the answer broke off") }
            return .end
        } catch {
            throw hasEnded ? .lost : .foreign("\(error)")
        }
    }
}

/// Why there is no answer.
enum ConnectionError: Error, Equatable {
    /// The daemon went away.
    case lost
    /// Whatever answers there is not ours.
    case foreign(String)
}
