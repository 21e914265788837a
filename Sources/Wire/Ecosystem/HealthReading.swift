internal import Supervision

/// `"health"` of an app: a path, or an object with one of `http`, `tcp` and `exec`.
extension HealthCheck: JSONWritable {
    /// `lenient`: what is not known here was written by a newer swpm, and is passed over.
    init(json: JSON, lenient: Bool) throws(JSONMismatch) {
        if case .string = json {
            self.init(.http(HTTPProbe(path: try AppReader.text(json))))
            return
        }
        guard case .object(let members) = json else {
            throw JSONMismatch(expected: "a path or an object like {\"http\": \"/healthz\"}", found: json)
        }
        var found: (key: String, probe: Probe)?
        for member in members where member.value != .null {
            guard let probe = try HealthCheck.probe(member, lenient: lenient) else { continue }
            if let found {
                throw JSONMismatch("\"\(found.key)\" and \"\(member.key)\": one is enough").at(member.key)
            }
            found = (member.key, probe)
        }
        guard let found else { throw JSONMismatch("a health check needs \"http\", \"tcp\" or \"exec\"") }
        self.init(found.probe)
        for member in members where member.value != .null { try set(member, lenient: lenient) }
    }

    private mutating func set(_ member: JSON.Member, lenient: Bool) throws(JSONMismatch) {
        do throws(JSONMismatch) {
            switch member.key {
            case "interval": interval = try AppReader.duration(member.value)
            case "timeout": timeout = try AppReader.duration(member.value)
            case "retries": retries = try Int(number: member.value, within: 1...Limits.healthRetries)
            case "start_period", "startPeriod": startPeriod = try AppReader.duration(member.value)
            case "liveness": liveness = try Bool(json: member.value, clock: WallClock())
            case "http", "tcp", "exec": break
            default:
                guard !lenient else { return }
                let known = [
                    "http", "tcp", "exec", "interval", "timeout", "retries", "start_period", "liveness",
                ]
                let hint = Spelling.nearest(to: member.key, among: known).map { " (did you mean \"\($0)\"?)" }
                throw JSONMismatch("unknown key \"\(member.key)\"\(hint ?? "")")
            }
        } catch {
            throw error.under(.key(member.key))
        }
    }

    /// Nil: the member says something else.
    private static func probe(_ member: JSON.Member, lenient: Bool) throws(JSONMismatch) -> Probe? {
        do throws(JSONMismatch) {
            switch member.key {
            case "http": return .http(try HTTPProbe(json: member.value, lenient: lenient))
            case "tcp":
                if case .bool(let wanted) = member.value { return wanted ? .tcp(port: nil) : nil }
                return .tcp(port: try AppReader.port(member.value))
            case "exec":
                // One text is a shell's line, as in Docker's CMD-SHELL.
                if case .string = member.value {
                    return .command(["sh", "-c", try AppReader.text(member.value)])
                }
                return .command(try AppReader.words(member.value))
            default: return nil
            }
        } catch {
            throw error.under(.key(member.key))
        }
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            switch probe {
            case .http(let http): writer.field("http", http)
            case .tcp(let port):
                writer.key("tcp")
                if let port { writer.integer(port) } else { writer.bool(true) }
            case .command(let words): writer.field("exec", words)
            }
            writer.field("interval", interval)
            writer.field("timeout", timeout)
            writer.field("retries", retries)
            if let startPeriod { writer.field("start_period", startPeriod) }
            writer.field("liveness", liveness)
        }
    }
}

extension HTTPProbe: JSONWritable {
    init(json: JSON, lenient: Bool) throws(JSONMismatch) {
        if case .string = json {
            self.init(path: try AppReader.text(json))
            return
        }
        guard case .object(let members) = json else {
            throw JSONMismatch(expected: "a path or an object with a \"path\"", found: json)
        }
        self.init(path: "/")
        for member in members where member.value != .null {
            do throws(JSONMismatch) {
                switch member.key {
                case "path": path = try AppReader.text(member.value)
                case "port": port = try AppReader.port(member.value)
                case "status": statuses = try AppReader.list(member.value, HTTPProbe.status)
                case "headers": headers = try AppReader.environment(member.value)
                default: if !lenient { throw JSONMismatch("unknown key \"\(member.key)\"") }
                }
            } catch {
                throw error.under(.key(member.key))
            }
        }
    }

    private static func status(_ json: JSON) throws(JSONMismatch) -> Int {
        try Int(number: json, within: 100...599)
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("path", path)
            if let port { writer.field("port", port) }
            if !statuses.isEmpty {
                writer.key("status")
                writer.array(statuses) { $0.integer($1) }
            }
            if !headers.isEmpty { writer.environment("headers", headers) }
        }
    }
}
