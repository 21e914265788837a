public import Supervision

extension Refusal {
    /// The word for programs.
    public var code: String {
        switch self {
        case .noSuchApp: "no_such_app"
        case .tooMany: "too_many"
        case .invalid: "invalid"
        case .shuttingDown: "shutting_down"
        case .noCanary: "no_canary"
        case .nothingBefore: "nothing_before"
        case .sameBefore: "same_before"
        }
    }

    /// The status of an answer that is nothing but this refusal.
    public var status: Int {
        switch self {
        case .noSuchApp: 404
        case .tooMany: 409
        case .invalid: 422
        case .shuttingDown: 503
        case .noCanary, .nothingBefore, .sameBefore: 409
        }
    }

    /// For whoever reads the answer without our client.
    var message: String {
        switch self {
        case .noSuchApp(let name): "no app, namespace or id is called \(name)"
        case .tooMany(let what, let limit): "too many \(what); the limit is \(limit)"
        case .invalid(let reason): reason
        case .shuttingDown: "the daemon is stopping everything"
        case .noCanary(let app): "\(app) has no canary"
        case .nothingBefore(let app): "\(app) has no version before this one"
        case .sameBefore(let app, let generation):
            "generation \(generation.number) of \(app) was started from the same places in the same way"
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
        case "no_canary": self = .noCanary(try AppName(&fields))
        case "nothing_before": self = .nothingBefore(try AppName(&fields))
        case "same_before":
            self = .sameBefore(try AppName(&fields), Generation(try fields.read("generation")))
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
            case .noCanary(let app), .nothingBefore(let app): app.write(to: &writer)
            case .sameBefore(let app, let generation):
                app.write(to: &writer)
                writer.field("generation", generation.number)
            }
        }
    }
}
