import Glibc
import Linux

/// One client: one connection, one request at a time.
struct Client {
    private(set) var descriptor: Int32 = -1
    private(set) var state = State.idle
    /// When the request began, or when the next may.
    private(set) var since: Int64 = 0
    private var answer = Answer()
    private var reused = false
    /// The last byte of the address it comes from; 0: the kernel's choice.
    var source: UInt8 = 0

    /// Whoever ends a connection later than this after a request has had it in work.
    private static let crossing: Int64 = 100_000_000

    enum State { case idle, connecting, waiting }

    /// What a step led to.
    enum Step {
        /// Wait until the descriptor is writable or readable.
        case connecting, waiting
        case succeeded(word: String, keeps: Bool)
        case failed(Failing)
        /// A connection that was kept ended while nothing was asked.
        case lost
    }

    /// Begins a request, on a new connection or on the one it kept.
    mutating func begin(_ request: [UInt8], to target: SocketAddress, at now: Int64) -> Step {
        since = now
        answer = Answer()
        reused = descriptor >= 0
        if reused { return send(request) }
        let family = target.family == .v4 ? AF_INET : AF_INET6
        descriptor = socket(
            family,
            Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return .failed(.other) }
        if source > 0, !bindSource() { return .failed(.noPort) }
        let raw = target.raw
        let code = raw.withUnsafeBytes {
            connect(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
        }
        if code == 0 { return send(request) }
        guard errno == EINPROGRESS else { return .failed(connectFailure(errno)) }
        state = .connecting
        return .connecting
    }

    private func bindSource() -> Bool {
        // The port is chosen when it connects, so that many may share it.
        var isOn: Int32 = 1
        let noPort = Int32(24)  // IP_BIND_ADDRESS_NO_PORT
        setsockopt(descriptor, Int32(IPPROTO_IP), noPort, &isOn, socklen_t(MemoryLayout<Int32>.size))
        let raw = SocketAddress(.v4, host: [127, 1, 0, source], port: 0).raw
        return raw.withUnsafeBytes {
            bind(descriptor, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(raw.count))
                == 0
        }
    }

    /// The descriptor is ready for what was waited for.
    mutating func proceed(_ request: [UInt8], status: Int) -> Step {
        switch state {
        case .idle: return .lost
        case .connecting:
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
            return code == 0 ? send(request) : .failed(connectFailure(code))
        case .waiting: return receive(status)
        }
    }

    /// Too much time has passed.
    var timedOut: Failing { state == .connecting ? .connectTimeout : .unanswered }

    /// Ends the connection, or keeps it, and waits until `next`.
    mutating func rest(keeping: Bool, until next: Int64) {
        if !keeping, descriptor >= 0 {
            close(descriptor)
            descriptor = -1
        }
        state = .idle
        since = next
    }

    private mutating func send(_ request: [UInt8]) -> Step {
        let count = Glibc.send(descriptor, request, request.count, Int32(MSG_NOSIGNAL))
        guard count == request.count else { return .failed(ended(errno)) }
        state = .waiting
        return .waiting
    }

    private mutating func receive(_ status: Int) -> Step {
        var ended = false
        while !ended {
            let (count, code) = withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16384) { chunk in
                let count = read(descriptor, chunk.baseAddress, chunk.count)
                if count > 0 { answer.append(Array(chunk.prefix(count))[...]) }
                return (count, errno)
            }
            if count < 0 {
                if code == EAGAIN { break }
                if code == EINTR { continue }
                return .failed(self.ended(code))
            }
            ended = count == 0
            if count < 16384, !ended { break }
        }
        switch answer.progress(ended: ended) {
        case .malformed: return .failed(.malformed)
        case .partial: return ended ? .failed(self.ended(0)) : .waiting
        case .whole(let got, let word, let closes):
            return got == status ? .succeeded(word: word, keeps: !closes && !ended) : .failed(.status)
        }
    }

    private func ended(_ code: Int32) -> Failing {
        let hasCrossed = Clock.monotonic() - since < Self.crossing
        if reused && answer.bytes.isEmpty && hasCrossed { return .stale }
        return code == ECONNRESET || code == EPIPE ? .reset : .closed
    }

    private func connectFailure(_ code: Int32) -> Failing {
        switch code {
        case ECONNREFUSED: .refused
        case ECONNRESET: .reset
        case ETIMEDOUT: .connectTimeout
        case EADDRNOTAVAIL: .noPort
        default: .other
        }
    }
}
