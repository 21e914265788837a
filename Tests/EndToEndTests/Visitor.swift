import Glibc
import Linux
import Support
import Testing

/// One connection of a client that says exactly what it is told.
final class Visitor {
    private let descriptor: SharedDescriptor
    private(set) var heard = ""
    /// The other side has ended the connection.
    private(set) var isOver = false

    init(port: UInt16, saying text: String = "") throws {
        descriptor = SharedDescriptor(try TCPSocket.open(.v4))
        let raw = SocketAddress(.v4, host: [127, 0, 0, 1], port: port).raw
        let result = raw.withUnsafeBytes {
            connect(
                descriptor.number, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self),
                socklen_t(raw.count))
        }
        guard result == 0 else { throw SystemError("connect to port \(port)", code: errno) }
        if !text.isEmpty { say(text) }
    }

    /// A request whose connection stays open.
    static func ask(_ path: String, port: UInt16, headers: String = "") throws -> Visitor {
        try Visitor(port: port, saying: "GET \(path) HTTP/1.1\r\nHost: test\r\n\(headers)\r\n")
    }

    func say(_ text: String) { say(bytes: Array(text.utf8)) }

    func say(bytes: [UInt8]) { _ = send(descriptor.number, bytes, bytes.count, Int32(MSG_NOSIGNAL)) }

    func leave() { _ = shutdown(descriptor.number, Int32(SHUT_RDWR)) }

    /// Takes what has come.
    func listen() {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while !isOver {
            let count = recv(descriptor.number, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count > 0 {
                heard += String(decoding: buffer.prefix(count), as: UTF8.self)
            } else {
                if count == 0 || errno != EAGAIN { isOver = true }
                return
            }
        }
    }

    func until(
        within limit: Duration = .seconds(30), _ what: String, _ condition: (Visitor) -> Bool
    ) throws {
        try eventually(within: limit, "\(what), but: \(heard)\(isOver ? " and the end" : "")") {
            listen()
            return condition(self)
        }
    }

    func hears(_ text: String) throws { try until(text) { $0.heard.contains(text) } }
}
