internal import Supervision

/// The body of `POST /v1/apps`: `{"apps": [...], "environment": {...}, "canary": 5}`.
enum ApplyBody {
    static func call(_ body: [UInt8]) throws(APIRefusal) -> APICall {
        try parse(body) { json throws(JSONMismatch) in try read(json) }
    }

    private static func read(_ json: JSON) throws(JSONMismatch) -> APICall {
        guard case .object(let members) = json else { throw JSONMismatch(expected: "an object", found: json) }
        let known = ["apps", "environment", "canary"]
        for member in members where !known.contains(member.key) {
            throw JSONMismatch.unknownKey(member.key, among: known)
        }
        guard let listed = json["apps"] else { throw JSONMismatch("the key \"apps\" is missing") }
        let specs = try apps(listed)
        let environment = try json["environment"].map(environment)
        guard let percent = try json["canary"].map(ReloadBody.percent) else {
            return .operate(.apply(specs), environment: environment)
        }
        return .operate(.applyCanary(specs, percent: percent), environment: environment)
    }

    private static func apps(_ json: JSON) throws(JSONMismatch) -> [AppSpec] {
        guard case .array(let elements) = json, elements.count <= Limits.apps else {
            throw JSONMismatch(expected: "an array of at most \(Limits.apps) apps", found: json).under(
                .key("apps"))
        }
        var reader = AppReader(.request)
        var apps: [AppSpec] = []
        for (index, element) in elements.enumerated() {
            do throws(JSONMismatch) {
                let spec = try reader.read(element)
                guard !apps.contains(where: { $0.name == spec.name }) else {
                    throw JSONMismatch("two apps are called \"\(spec.name)\"")
                }
                apps.append(spec)
            } catch {
                throw error.under(.index(index)).under(.key("apps"))
            }
        }
        return apps
    }

    private static func environment(_ json: JSON) throws(JSONMismatch) -> [String: String] {
        do {
            return try AppReader.environment(json)
        } catch {
            throw error.under(.key("environment"))
        }
    }

    static func write(_ apps: [AppSpec], _ environment: [String: String]?, canary: Int?) -> [UInt8] {
        var writer = JSONWriter(secrets: .shown)
        writer.object { writer in
            writer.key("apps")
            writer.array(apps) { writer, spec in
                var spec = spec
                // The daemon gives it a number when it has the variables.
                spec.inherited = nil
                spec.write(to: &writer)
            }
            if let environment { writer.environment("environment", environment) }
            if let canary { writer.field("canary", canary) }
        }
        return writer.bytes
    }
}

/// The body of `reload`: none, or `{"canary": 5}`, per cent of the new connections.
enum ReloadBody {
    static func read(_ body: [UInt8], _ selector: Selector) throws(APIRefusal) -> Request {
        guard !body.isEmpty else { return .reload(selector) }
        return try parse(body) { json throws(JSONMismatch) in
            guard case .object(let members) = json else {
                throw JSONMismatch(expected: "an object", found: json)
            }
            for member in members where member.key != "canary" {
                throw JSONMismatch.unknownKey(member.key, among: ["canary"])
            }
            guard let percent = try json["canary"].map(percent) else { return .reload(selector) }
            return .canary(selector, percent: percent)
        }
    }

    static func percent(_ json: JSON) throws(JSONMismatch) -> Int {
        do {
            return try Int(number: json, within: 1...99)
        } catch {
            throw error.under(.key("canary"))
        }
    }

    static func write(canary: Int) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { $0.field("canary", canary) }
        return writer.bytes
    }
}

/// The body of `scale`: `{"instances": 4}`, `{"instances": "+2"}`, `{"instances": "-1"}`.
enum ScaleBody {
    static func read(_ body: [UInt8]) throws(APIRefusal) -> Scale {
        try parse(body) { json throws(JSONMismatch) in
            guard case .object(let members) = json, members.count == 1, let instances = json["instances"]
            else {
                throw JSONMismatch(expected: "an object with \"instances\" and nothing else", found: json)
            }
            guard let scale = Scale(json: instances) else {
                throw JSONMismatch(
                    expected: "a number of 0 to \(Limits.instancesPerApp), or \"+2\", or \"-1\"",
                    found: instances
                ).under(.key("instances"))
            }
            return scale
        }
    }

    static func write(_ scale: Scale) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch scale {
            case .to(let count): writer.field("instances", count)
            case .by(let count): writer.field("instances", count < 0 ? "\(count)" : "+\(count)")
            }
        }
        return writer.bytes
    }
}

/// The body of `signal`: `{"signal": "SIGUSR2"}`.
enum SignalBody {
    static func read(_ body: [UInt8]) throws(APIRefusal) -> Signal {
        try parse(body) { json throws(JSONMismatch) in
            guard case .object(let members) = json, members.count == 1, let signal = json["signal"] else {
                throw JSONMismatch(expected: "an object with \"signal\" and nothing else", found: json)
            }
            return try Signal(json: signal, clock: WallClock())
        }
    }
}

/// The body of `update`: `{"binary": "/usr/local/bin/swpm"}`.
enum UpdateBody {
    static func read(_ body: [UInt8]) throws(APIRefusal) -> String {
        try parse(body) { json throws(JSONMismatch) in
            guard case .object(let members) = json, members.count == 1,
                case .string(let path)? = json["binary"], path.hasPrefix("/")
            else {
                throw JSONMismatch(
                    expected: "an object with \"binary\", an absolute path, and nothing else", found: json)
            }
            return path
        }
    }

    static func write(_ path: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { $0.field("binary", path) }
        return writer.bytes
    }
}

/// The body of `send`: `{"message": <any JSON>}`.
enum SendBody {
    static func read(_ body: [UInt8]) throws(APIRefusal) -> JSON {
        try parse(body) { json throws(JSONMismatch) in
            guard case .object(let members) = json, members.count == 1, let message = json["message"] else {
                throw JSONMismatch(expected: "an object with \"message\" and nothing else", found: json)
            }
            if case .string(let command)? = message["cmd"], command.hasPrefix("NODE_") {
                throw JSONMismatch("a \"cmd\" that begins with NODE_ belongs to Node itself")
            }
            return message
        }
    }
}

extension Missive {
    var body: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            switch self {
            case .signal(let signal): writer.field("signal", signal)
            case .message(let message):
                writer.key("message")
                writer.value(message)
            }
        }
        return writer.bytes
    }
}

extension JSON {
    /// As it is written to a message channel.
    public var line: [UInt8] {
        var writer = JSONWriter()
        writer.value(self)
        writer.newline()
        return writer.bytes
    }
}

extension Scale {
    init?(json: JSON) {
        let most = Int64(Limits.instancesPerApp)
        switch json {
        case .integer(let count) where (0...most).contains(count): self = .to(Int(count))
        case .string(let text):
            guard let count = Int64(text), (-most...most).contains(count) else { return nil }
            let isRelative = text.hasPrefix("+") || text.hasPrefix("-")
            self = isRelative ? .by(Int(count)) : .to(Int(count))
        case .null, .bool, .integer, .double, .array, .object: return nil
        }
    }
}

/// Reads a body, and says what is wrong with it as a refusal.
private func parse<Value>(
    _ body: [UInt8], _ read: (JSON) throws(JSONMismatch) -> Value
) throws(APIRefusal) -> Value {
    let json: JSON
    do {
        json = try JSON(parsing: body)
    } catch {
        throw invalid("\(error)")
    }
    do {
        return try read(json)
    } catch {
        // Whoever typed a command has not seen the body that it became: the path of keys says enough.
        throw invalid(JSONError(error, in: body, options: .strict).message)
    }
}

private func invalid(_ message: String) -> APIRefusal {
    APIRefusal(status: 422, code: "invalid", message: message)
}
