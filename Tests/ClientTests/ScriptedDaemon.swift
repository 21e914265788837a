import Linux
import Support
import Wire

/// A daemon that answers each request with bytes a test has written down.
final class ScriptedDaemon: Sendable {
    enum Act: Sendable {
        case answer([UInt8])
        /// The connection stays open and nothing is said.
        case silence
        /// Nothing is said and the connection closes.
        case hangUp
    }

    private let ending: Mailbox<Bool>
    private let thread: Thread
    private let path: String

    init(at path: String, _ script: @escaping @Sendable (HTTPRequest) -> Act) throws {
        let ending = try Mailbox<Bool>()
        self.path = path
        let listener = SharedDescriptor(try UnixSocket.listen(path))
        self.ending = ending
        thread = try Thread.start(name: "daemon") {
            do { try ScriptedDaemon.serve(listener, ending, script) } catch {
                print("the scripted daemon: \(error)")
            }
        }
    }

    func end() {
        ending.send(true)
        thread.join()
        // A child that another test starts in this moment has a copy of the listener until it executes its program,
        // and the next daemon at this path would be told that it is in use.
        try? File.remove(path)
    }

    private static func serve(
        _ listener: SharedDescriptor, _ ending: Mailbox<Bool>, _ script: (HTTPRequest) -> Act
    ) throws {
        let poller = try Poller()
        try poller.add(listener.number, token: 0, for: .readable)
        try poller.add(ending.number, token: 1, for: .readable)
        var open: [SharedDescriptor] = []
        while true {
            let events = try poller.wait(atMost: .seconds(60))
            if events.isEmpty || events.contains(where: { $0.token == 1 }) { return }
            guard let accepted = try listener.descriptor.accept() else { continue }
            let connection = SharedDescriptor(accepted)
            switch script(try request(on: connection)) {
            case .answer(let bytes): try connection.descriptor.writeAll(bytes)
            case .silence: open.append(connection)
            case .hangUp: break
            }
        }
    }

    private static func request(on connection: SharedDescriptor) throws -> HTTPRequest {
        let poller = try Poller()
        try poller.add(connection.number, token: 0, for: .readable)
        var parser = RequestParser()
        while true {
            if case .request(let request)? = try parser.next() { return request }
            _ = try poller.wait(atMost: .seconds(10))
            guard let bytes = try connection.descriptor.read(atMost: 65536) else { continue }
            guard !bytes.isEmpty else { throw NeverSaid() }
            parser.feed(bytes)
        }
    }

    private struct NeverSaid: Error {}
}
