internal import Console
internal import Glibc
internal import Linux
internal import Supervision
internal import Wire

/// The programs of `ecosystem.example.json`, so that a first session needs nothing but swpm.
///
/// They know nothing of swpm, and are as programs are that people write: they handle no signal.
enum ExampleProgram {
    static func run(_ operands: [String]) throws(Stop) -> Int32 {
        do throws(SystemError) {
            switch operands.first {
            case "web": try Website().serve()
            case "worker": try work()
            default: return ExitCode.usage.rawValue
            }
        } catch {
            throw Stop(error)
        }
    }

    private static func work() throws(SystemError) -> Never {
        let queue = ThisProcess.variable("QUEUE") ?? "jobs"
        let clock = try Poller()
        var count = 0
        while true {
            count += 1
            StandardStream.output.write("\(queue): job \(count) is done\n")
            _ = try clock.wait(atMost: .seconds(1))
        }
    }
}

/// An HTTP server that answers every request with a greeting and its process number.
///
/// A class, because its connections are open files in a table.
private final class Website {
    private let poller: Poller
    private let listener: SharedDescriptor
    private var visitors: [UInt64: Visitor] = [:]
    private var nextToken: UInt64 = 1

    private struct Visitor {
        let connection: SharedDescriptor
        var parser = RequestParser()
    }

    private static let listenerToken: UInt64 = 0
    private static let visitorLimit = 1000

    init() throws(SystemError) {
        let port = ThisProcess.variable("PORT").flatMap { UInt16($0) } ?? 3000
        poller = try Poller()
        listener = SharedDescriptor(try TCPSocket.open(.v4))
        let socket = TCPSocket(listener.number)
        // As every server library does: connections of yesterday do not keep the port.
        var yes: Int32 = 1
        setsockopt(listener.number, SOL_SOCKET, SO_REUSEADDR, &yes, 4)
        try socket.bind(SocketAddress(.v4, host: [0, 0, 0, 0], port: port))
        try socket.listen(backlog: 511)
        listener.descriptor.setNonBlocking()
        try poller.add(listener.number, token: Website.listenerToken, for: .readable)
        StandardStream.output.write("listening on port \(port)\n")
    }

    func serve() throws(SystemError) -> Never {
        while true {
            for event in try poller.wait(atMost: nil) {
                if event.token == Website.listenerToken { try welcome() } else { listen(event.token) }
            }
        }
    }

    private func welcome() throws(SystemError) {
        while let accepted = try listener.descriptor.accept() {
            guard visitors.count < Website.visitorLimit else { continue }
            let connection = SharedDescriptor(accepted)
            try poller.add(connection.number, token: nextToken, for: .readable)
            visitors[nextToken] = Visitor(connection: connection)
            nextToken += 1
        }
    }

    private func listen(_ token: UInt64) {
        guard var visitor = visitors[token] else { return }
        let isStaying = answer(&visitor)
        visitors[token] = isStaying ? visitor : nil
        if !isStaying { poller.remove(visitor.connection.number) }
    }

    /// False when the connection has had its last answer. What cannot be read or understood ends it.
    private func answer(_ visitor: inout Visitor) -> Bool {
        guard let bytes = try? visitor.connection.descriptor.read(atMost: 65536) else { return true }
        guard !bytes.isEmpty else { return false }
        visitor.parser.feed(bytes)
        do {
            while case .request(let request)? = try visitor.parser.next() {
                let greeting = ThisProcess.variable("GREETING") ?? "hello"
                let body = Array("\(greeting) from process \(ThisProcess.identifier)\n".utf8)
                let answer = HTTPWriter.response(
                    200, body, contentType: "text/plain; charset=utf-8", keepsAlive: request.keepsAlive)
                try visitor.connection.descriptor.writeAll(answer)
                guard request.keepsAlive else { return false }
            }
            return true
        } catch {
            return false
        }
    }
}
