internal import Supervision

/// Messages as they go out.
///
/// Everything that stands in a head comes from here, never from a user, so nothing can break out of it; the parts
/// of a path are percent-encoded.
public enum HTTPWriter {
    public static let json = "application/json"
    public static let lines = "application/x-ndjson"

    /// To a client that waits before it sends its body.
    public static let proceed = Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)

    public static func request(_ request: HTTPRequest) -> [UInt8] {
        var bytes = Array("\(request.method.rawValue) ".utf8)
        for part in request.path { bytes += [UInt8(ascii: "/")] + Percent.encode(part) }
        if request.path.isEmpty { bytes.append(UInt8(ascii: "/")) }
        for (index, item) in request.query.enumerated() {
            bytes.append(index == 0 ? UInt8(ascii: "?") : UInt8(ascii: "&"))
            bytes += Percent.encode(item.name) + [UInt8(ascii: "=")] + Percent.encode(item.value)
        }
        bytes += " HTTP/1.1\r\nHost: swpm\r\n".utf8
        if !request.keepsAlive { bytes += "Connection: close\r\n".utf8 }
        if let ticket = request.ticket { bytes += "Idempotency-Key: \(ticket.number)\r\n".utf8 }
        if let body = request.body {
            bytes += "Content-Type: \(json)\r\nContent-Length: \(body.count)\r\n\r\n".utf8
            bytes += body
        } else {
            bytes += "\r\n".utf8
        }
        return bytes
    }

    /// A whole answer.
    public static func response(
        _ status: Int, _ body: [UInt8], contentType: String = json, server: String = "",
        allow: String? = nil, keepsAlive: Bool = true
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + 200)
        begin(status, contentType, server, keepsAlive, into: &bytes)
        if let allow { bytes += "Allow: \(allow)\r\n".utf8 }
        bytes += "Content-Length: \(body.count)\r\n\r\n".utf8
        bytes += body
        return bytes
    }

    /// The head of an answer whose body follows in chunks; without chunks it ends where the connection does.
    public static func stream(
        _ status: Int = 200, contentType: String = lines, server: String = "", chunked: Bool = true,
        keepsAlive: Bool = true
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        begin(status, contentType, server, keepsAlive && chunked, into: &bytes)
        bytes += (chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n").utf8
        return bytes
    }

    /// One piece of a chunked body. An empty one would end it, and is left out.
    public static func chunk(_ data: [UInt8]) -> [UInt8] {
        guard !data.isEmpty else { return [] }
        var bytes = Array("\(String(data.count, radix: 16))\r\n".utf8)
        bytes.reserveCapacity(data.count + 16)
        bytes += data
        bytes += [ASCII.carriageReturn, ASCII.lineFeed]
        return bytes
    }

    public static let lastChunk = Array("0\r\n\r\n".utf8)

    private static func begin(
        _ status: Int, _ contentType: String, _ server: String, _ keepsAlive: Bool,
        into bytes: inout [UInt8]
    ) {
        bytes += "HTTP/1.1 \(status) \(HTTPStatus.reason(status))\r\nContent-Type: \(contentType)\r\n".utf8
        if !server.isEmpty { bytes += "Server: \(server)\r\n".utf8 }
        if !keepsAlive { bytes += "Connection: close\r\n".utf8 }
    }
}
