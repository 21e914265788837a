internal import Supervision
internal import Wire

/// The clients that hear what programs say. Each has as much room as any client has for what it has not read, and
/// is hung up on beyond that.
final class Followers {
    private let connections: Connections
    private var tickets: Set<Ticket> = []

    init(_ connections: Connections) {
        self.connections = connections
    }

    func add(_ ticket: Ticket) {
        if connections.stream(ticket, Wire.Answer.following) { tickets.insert(ticket) }
    }

    var areNone: Bool { tickets.isEmpty }

    func tell(_ message: ProgramMessage) {
        let line = Wire.Answer.bytes(message)
        tickets = tickets.filter { connections.stream($0, line) }
    }
}
