import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Daemon

/// The control socket with clients that mean no good, without a daemon behind it.
@Suite struct ServingClients {
    private let scratch: Scratch
    private let watches: Watches
    private let connections: Connections
    private let path: String

    init() throws {
        scratch = Scratch()
        path = "\(scratch.path)/control.sock"
        watches = try Watches()
        connections = Connections(
            SharedDescriptor(try UnixSocket.listen(path)), watches: watches, owner: ThisProcess.user)
        let connections = connections
        try connections.open { request, ticket in
            if request.path.last == "later" { return .later }
            return .now(status: 200, Array("{}\n".utf8))
        }
    }

    /// Lets the loop turn until nothing stirs, then reads what the client was told.
    private func heard(_ client: SharedDescriptor) throws -> String {
        for _ in 0..<5 { try watches.wait(atMost: .milliseconds(2)) }
        var bytes: [UInt8] = []
        while let more = try client.descriptor.read(atMost: 4096), !more.isEmpty { bytes += more }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func client(saying text: String = "") throws -> SharedDescriptor {
        let socket = SharedDescriptor(try UnixSocket.connect(path, nonBlocking: true))
        if !text.isEmpty { _ = try socket.descriptor.write(Array(text.utf8)) }
        return socket
    }

    private func hasEnded(_ client: SharedDescriptor) -> Bool {
        (try? client.descriptor.read(atMost: 16)) == []
    }

    @Test func `a request is answered and the next one may follow`() throws {
        let client = try client(
            saying: "GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/y HTTP/1.1\r\nHost: x\r\n\r\n")
        let text = try heard(client)
        #expect(text.split(separator: "HTTP/1.1 200 OK").count == 2)
        #expect(!hasEnded(client))
    }

    @Test func `nonsense is refused and the connection closed`() throws {
        let client = try client(saying: "\u{1}\u{2}nonsense\r\n\r\n")
        #expect(try heard(client).hasPrefix("HTTP/1.1 400 "))
        #expect(hasEnded(client))
    }

    @Test func `a body beyond the limit is refused before it is sent`() throws {
        let length = HTTPLimits().bodyBytes + 1
        let client = try client(
            saying: "POST /v1/apps HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n")
        #expect(try heard(client).hasPrefix("HTTP/1.1 413 "))
    }

    @Test func `headers beyond the limit are refused`() throws {
        let client = try client(saying: "GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 20_000))
        #expect(try heard(client).hasPrefix("HTTP/1.1 431 "))
    }

    @Test func `one client more than the limit is told so`() throws {
        var clients: [SharedDescriptor] = []
        for _ in 0..<Connections.limit {
            clients.append(try client())
            try watches.wait(atMost: .zero)
        }
        let surplus = try client(saying: "GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try heard(surplus).hasPrefix("HTTP/1.1 503 "))
        clients.removeLast()
        let welcome = try client(saying: "GET /v1/x HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(try heard(welcome).hasPrefix("HTTP/1.1 200 "))
    }

    @Test func `half a request is given up after its patience`() throws {
        let client = try client(saying: "GET /v1/x HT")
        #expect(try heard(client).isEmpty)
        let deadline = try #require(connections.nextDeadline)
        connections.deadlinePassed(at: deadline)
        #expect(try heard(client).hasPrefix("HTTP/1.1 408 "))
        #expect(hasEnded(client))
        #expect(connections.nextDeadline == nil)
    }

    @Test func `a client that waits for an answer has no deadline`() throws {
        let client = try client(saying: "POST /v1/later HTTP/1.1\r\nHost: x\r\nIdempotency-Key: 1\r\n\r\n")
        #expect(try heard(client).isEmpty)
        #expect(connections.nextDeadline == nil)
        connections.stream(Ticket(1), Array("{\"a\":1}\n".utf8))
        connections.finish(Ticket(1), Array("{\"b\":2}\n".utf8))
        let text = try heard(client)
        #expect(text.contains("Transfer-Encoding: chunked") && text.hasSuffix("0\r\n\r\n"))
    }

    @Test func `an answer to a client that left is dropped`() throws {
        do {
            let client = try client(
                saying: "POST /v1/later HTTP/1.1\r\nHost: x\r\nIdempotency-Key: 1\r\n\r\n")
            #expect(try heard(client).isEmpty)
        }
        for _ in 0..<5 { try watches.wait(atMost: .milliseconds(2)) }
        connections.finish(Ticket(1), Array("{}\n".utf8))
        #expect(!connections.areFlushing)
    }

    @Test func `a client that does not read loses its connection, not the daemon its memory`() throws {
        let client = try client(saying: "POST /v1/later HTTP/1.1\r\nHost: x\r\nIdempotency-Key: 1\r\n\r\n")
        #expect(try heard(client).isEmpty)
        let line = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
        for _ in 0..<(Connections.outputLimit >> 20) + 2 { connections.stream(Ticket(1), line) }
        connections.flush()
        #expect(!connections.areFlushing)
    }

    @Test func `an old client gets its stream without chunks`() throws {
        let client = try client(saying: "POST /v1/later HTTP/1.0\r\nIdempotency-Key: 1\r\n\r\n")
        #expect(try heard(client).isEmpty)
        connections.finish(Ticket(1), Array("{\"b\":2}\n".utf8))
        let text = try heard(client)
        #expect(text.hasSuffix("\r\n\r\n{\"b\":2}\n"))
        #expect(hasEnded(client))
    }

    @Test func `somebody else is refused, and root is not`() throws {
        let watches = try Watches()
        let other = "\(scratch.path)/other.sock"
        let listener = SharedDescriptor(try UnixSocket.listen(other))
        let isRoot = ThisProcess.user == 0
        // As an ordinary user the stranger is the test itself, and the socket somebody else's.
        let connections = Connections(listener, watches: watches, owner: isRoot ? 0 : 12345)
        try connections.open { _, _ in .now(status: 200, []) }
        try File.setMode(other, 0o666)
        var command = Command("curl", ["-s", "-w", "%{http_code}", "--unix-socket", other, "http://x/v1/x"])
        command.user = isRoot ? 65534 : nil
        let refused = try code(of: command, watches)
        #expect(refused.hasSuffix("403"), "\(refused)")
        if isRoot {
            command.user = nil
            #expect(try code(of: command, watches).hasSuffix("200"))
        }
    }

    private func code(of command: Command, _ watches: Watches) throws -> String {
        let running = try command.start()
        try eventually {
            try watches.wait(atMost: .milliseconds(5))
            return !running.isRunning
        }
        return try running.wait().output
    }
}
