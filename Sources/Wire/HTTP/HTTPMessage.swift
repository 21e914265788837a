public import Supervision

/// The headers of one message, in the order they came.
public struct HTTPHeaders: Equatable, Sendable {
    /// Names in lower case.
    public var fields: [Field] = []

    public struct Field: Equatable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(_ fields: [Field] = []) {
        self.fields = fields
    }

    /// The first value under that name, which is given in lower case.
    public subscript(name: String) -> String? {
        fields.first { $0.name == name }?.value
    }

    func count(_ name: String) -> Int {
        fields.reduce(0) { $1.name == name ? $0 + 1 : $0 }
    }

    /// Whether a comma-separated list under that name has this word (in lower case).
    func list(_ name: String, contains word: String) -> Bool {
        fields.contains { field in
            field.name == name
                && field.value.utf8.split(separator: UInt8(ascii: ",")).contains {
                    ASCII.lowercased(ASCII.trimmed(Array($0)[...])) == word
                }
        }
    }
}

/// What a client asks for.
public struct HTTPRequest: Equatable, Sendable {
    public var method: Method
    /// The path between its slashes, each part decoded for itself: `/v1/apps/a%2Fb` has three.
    public var path: [String]
    public var query: [QueryItem]
    public var headers: HTTPHeaders
    /// Nil if the message announced none.
    public var body: [UInt8]?
    /// Whether another request may follow on the connection.
    public var keepsAlive: Bool
    /// Whether the answer may be chunked: HTTP/1.0 does not know chunks, and reads to the end.
    public var takesChunks = true

    public enum Method: String, Equatable, Sendable, CaseIterable {
        case get = "GET"
        case head = "HEAD"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
        case options = "OPTIONS"
    }

    public struct QueryItem: Equatable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public init(
        _ method: Method, _ path: [String], query: [QueryItem] = [], headers: HTTPHeaders = HTTPHeaders(),
        body: [UInt8]? = nil, keepsAlive: Bool = true
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.keepsAlive = keepsAlive
    }
}

extension HTTPRequest {
    /// What `Idempotency-Key` says: whoever asks again under the same key, because the daemon died before it answered,
    /// hears the end of what was begun. A number stands for itself, anything else for its hash (FNV-1a).
    public var ticket: Ticket? {
        get {
            guard let key = headers["idempotency-key"], !key.isEmpty else { return nil }
            let hash = key.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
                ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
            }
            let number = UInt64(key).flatMap { $0 > 0 && $0 <= UInt64(Int64.max) ? $0 : nil }
            return Ticket(number ?? (hash >> 1 | 1))
        }
        set {
            headers.fields.removeAll { $0.name == "idempotency-key" }
            if let newValue { headers.fields.append(.init("idempotency-key", "\(newValue.number)")) }
        }
    }
}

/// How an answer begins; its body follows in pieces.
public struct HTTPResponseHead: Equatable, Sendable {
    public var status: Int
    public var headers: HTTPHeaders

    public init(status: Int, headers: HTTPHeaders = HTTPHeaders()) {
        self.status = status
        self.headers = headers
    }
}
