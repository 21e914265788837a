/// How much of an HTTP message is listened to.
///
/// Whoever can connect may send anything; each number here is what one connection can make the daemon hold.
public struct HTTPLimits: Equatable, Sendable {
    /// The start line and all headers together, and again for trailers.
    public var headBytes = 16 << 10
    public var headers = 64
    /// The path with its query, as sent.
    public var targetBytes = 4 << 10
    public var bodyBytes = 8 << 20
    /// The line that announces a chunk, with its extensions.
    public var chunkLineBytes = 256
    /// What may have arrived and not been asked for: a whole request, and the beginning of the next.
    public var pendingBytes: Int { bodyBytes + 2 * headBytes }

    public init() {}

    /// What a client accepts from a daemon: the same, but an answer may be long.
    public static var answers: HTTPLimits {
        var limits = HTTPLimits()
        limits.bodyBytes = JSONOptions.answerSizeLimit
        return limits
    }
}

/// Why a message is not taken: the status to answer with, after which the connection closes.
public struct HTTPRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    public var status: Int
    public var message: String

    public init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    public var description: String { "\(status) \(HTTPStatus.reason(status)): \(message)" }

    static func malformed(_ message: String) -> HTTPRefusal { HTTPRefusal(400, message) }

    /// For the shell, which has the clock: a request that began and did not go on.
    public static let timedOut = HTTPRefusal(408, "the request was not complete in time")
    /// For the shell, which counts the connections.
    public static let tooManyConnections = HTTPRefusal(503, "too many connections")

    static let headTooLarge = HTTPRefusal(431, "the headers are too large")
    static let tooManyHeaders = HTTPRefusal(431, "too many headers")
    static let targetTooLong = HTTPRefusal(414, "the path is too long")
    static let bodyTooLarge = HTTPRefusal(413, "the body is too large")
}

public enum HTTPStatus {
    public static func reason(_ status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status \(status)"
        }
    }
}
