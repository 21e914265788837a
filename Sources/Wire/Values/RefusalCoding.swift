public import Supervision

extension Refusal {
    /// The word for programs.
    public var code: String {
        switch self {
        case .noSuchApp: "no_such_app"
        case .tooMany: "too_many"
        case .invalid: "invalid"
        case .shuttingDown: "shutting_down"
        }
    }

    /// The status of an answer that is nothing but this refusal.
    public var status: Int {
        switch self {
        case .noSuchApp: 404
        case .tooMany: 409
        case .invalid: 422
        case .shuttingDown: 503
        }
    }

    /// For whoever reads the answer without our client.
    var message: String {
        switch self {
        case .noSuchApp(let name): "no app, namespace or id is called \(name)"
        case .tooMany(let what, let limit): "too many \(what); the limit is \(limit)"
        case .invalid(let reason): reason
        case .shuttingDown: "the daemon is stopping everything"
        }
    }
}

extension Refusal: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        let code: String = try fields.read("code")
        switch code {
        case "no_such_app": self = .noSuchApp(try fields.read("name"))
        case "too_many": self = .tooMany(what: try fields.read("what"), limit: try fields.read("limit"))
        case "invalid": self = .invalid(try fields.read("message"))
        case "shutting_down": self = .shuttingDown
        default: throw JSONMismatch("a refusal that is not known here: \(code)")
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("code", code)
            writer.field("message", message)
            switch self {
            case .noSuchApp(let name): writer.field("name", name)
            case .tooMany(let what, let limit):
                writer.field("what", what)
                writer.field("limit", limit)
            case .invalid, .shuttingDown: break
            }
        }
    }
}
