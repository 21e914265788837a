internal import Linux
internal import Supervision
internal import Wire

/// One client.
final class Connection {
    let socket: SharedDescriptor
    var watch: Watch?
    var parser = RequestParser()
    var output: [UInt8] = []
    /// The request in work.
    var ticket: Ticket?
    /// The head of the answer is out.
    var streams = false
    /// HTTP/1.0 knows none; there an answer of unknown length ends with the connection.
    var takesChunks = true
    var deadline: Instant?
    var closesWhenRead = false
    /// May look, and change nothing.
    var isReader = false

    /// What the client is told, whatever it asks.
    let doom: HTTPRefusal?
    private let server: String

    init(_ socket: SharedDescriptor, doomedBy refusal: HTTPRefusal?, server: String) {
        doom = refusal
        self.server = server
        self.socket = socket
    }

    /// While a request is in work nothing more is read, only noticed that the client leaves.
    var interest: Poller.Interest {
        let reading: Poller.Interest = ticket == nil ? [.readable, .readHungUp] : .readHungUp
        return output.isEmpty ? reading : reading.union(.writable)
    }

    func write(line: [UInt8]) {
        if !streams {
            closesWhenRead = closesWhenRead || !takesChunks
            output += HTTPWriter.stream(server: server, chunked: takesChunks, keepsAlive: !closesWhenRead)
        }
        streams = true
        output += takesChunks ? HTTPWriter.chunk(line) : line
    }

    func write(status: Int, _ body: [UInt8], allow: String? = nil) {
        output += HTTPWriter.response(
            status, body, server: server, allow: allow, keepsAlive: !closesWhenRead)
    }

    func write(_ refusal: HTTPRefusal) {
        output += HTTPWriter.response(
            refusal.status, Wire.Answer.bytes(APIRefusal(refusal)), server: server, keepsAlive: false)
        closesWhenRead = true
        deadline = nil
    }
}
