internal import Supervision

extension PortsSnapshot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            tier: try fields.read("tier"), obstacle: try fields.optional("obstacle"),
            listeners: try fields.read("listeners"), connections: try fields.optional("connections"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("tier", tier)
            if let obstacle { writer.field("obstacle", obstacle) }
            writer.field("listeners", listeners)
            if let connections { writer.field("connections", connections) }
        }
    }
}

extension PortsSnapshot.Tier: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        self = try word(PortsSnapshot.Tier.self, from: json, expected: "a way to look after ports")
    }

    func write(to writer: inout JSONWriter) { writer.string(rawValue) }
}

/// One of the words `single` and `switched_off`, or `{"refused": "the kernel's words"}`.
extension PortsSnapshot.Obstacle: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        switch json {
        case .string("single"): self = .single
        case .string("switched_off"): self = .switchedOff
        default:
            var fields = try JSONFields(json, clock: clock)
            self = .refused(try fields.read("refused"))
        }
    }

    func write(to writer: inout JSONWriter) {
        switch self {
        case .single: writer.string("single")
        case .switchedOff: writer.string("switched_off")
        case .refused(let reason): writer.object { $0.field("refused", reason) }
        }
    }
}

extension PortsSnapshot.Listener: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            address: try fields.read("address"), waiting: try fields.read("waiting"),
            limit: try fields.read("limit"), isShared: try fields.read("shared"),
            isStuck: try fields.read("stuck"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("address", address)
            writer.field("waiting", waiting)
            writer.field("limit", limit)
            writer.field("shared", isShared)
            writer.field("stuck", isStuck)
        }
    }
}
