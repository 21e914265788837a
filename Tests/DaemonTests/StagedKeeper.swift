import Keeper
import Linux
import Support

@testable import Daemon

/// A real keeper whose daemon the test plays: the process that the keeper takes for its daemon hands everything over.
final class StagedKeeper {
    let scratch = Scratch()
    let running: Running
    private let listener: SharedDescriptor

    /// What one daemon got.
    struct Stage {
        let process: Int32
        let link: KeeperLink
        let lock: SharedDescriptor
        let ready: SharedDescriptor
    }

    init(daemon orders: [String] = [], limits: String? = nil, environment: [String: String] = [:]) throws {
        let socket = scratch.path("stage")
        listener = SharedDescriptor(try UnixSocket.listen(socket))
        let words = ["--keep", scratch.path, "--", Programs.puppet, "--hand-over", socket] + orders
        var command =
            if let limits {
                Command("sh", ["-c", "\(limits); exec \"$0\" \"$@\"", Programs.puppet] + words)
            } else {
                Command(Programs.puppet, words)
            }
        for (name, value) in environment { command.environment[name] = value }
        running = try command.start()
    }

    /// The next daemon that the keeper starts.
    func next() throws -> Stage {
        let connection = try eventually("a daemon of the keeper") { () -> SharedDescriptor? in
            guard let connection = try listener.descriptor.accept() else { return nil }
            return SharedDescriptor(connection)
        }
        let message = try eventually("what the daemon got") { () -> SocketMessage? in
            guard case .message(let message) = try connection.descriptor.receiveMessage(atMost: 4) else {
                return nil
            }
            return message
        }
        let process = message.bytes.withUnsafeBytes { $0.loadUnaligned(as: Int32.self) }
        return Stage(
            process: process, link: try KeeperLink(try message.descriptors[0].descriptor.duplicate()),
            lock: message.descriptors[1], ready: message.descriptors[2])
    }

    /// Ends one daemon the hard way, and gives the next.
    func replace(_ stage: Stage) throws -> Stage {
        try Signals.send(Signals.kill, to: stage.process)
        return try next()
    }

    /// No child of it survives the test.
    func end() throws {
        let family = ProcFS.descendants(of: running.process)
        running.send(Signals.kill)
        for process in family { try Signals.send(Signals.kill, to: process) }
        _ = try running.wait()
    }
}

/// Takes the keeper's reports until the condition holds.
func hear(_ link: KeeperLink, _ what: String, until condition: () throws -> Bool) throws {
    try eventually(what) {
        link.readable()
        return try condition()
    }
}
