internal import Supervision

// What the saved state says of what is being done, and of who waits for it.

extension Operation: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        try self.init(&fields)
    }

    init(_ fields: inout JSONFields) throws(JSONMismatch) {
        self.init(
            kind: try Kind(&fields), ticket: try fields.optional("ticket").map(Ticket.init),
            only: try fields.optional("only").map(SlotIndex.init),
            isForced: try fields.optional("forced") ?? false,
            joined: (try fields.optional("joined") ?? [UInt64]()).map(Ticket.init))
    }

    func write(to writer: inout JSONWriter) { writer.object { writeFields(to: &$0) } }

    func writeFields(to writer: inout JSONWriter) {
        kind.write(to: &writer)
        if let ticket { writer.field("ticket", ticket.number) }
        if let only { writer.field("only", only.number) }
        if isForced { writer.field("forced", true) }
        guard !joined.isEmpty else { return }
        writer.key("joined")
        writer.array(joined) { $0.integer($1.number) }
    }
}

/// The member `kind`, and what it is about.
extension Operation.Kind {
    fileprivate init(_ fields: inout JSONFields) throws(JSONMismatch) {
        let kind: String = try fields.read("kind")
        switch kind {
        case "create": self = .create
        case "start": self = .start
        case "stop": self = .stop
        case "restart": self = .restart
        case "reload": self = .reload
        case "become": self = .become(try fields.read("spec"))
        case "scale":
            let count: Int? = try fields.optional("to")
            if let count { self = .scale(.to(count)) } else { self = .scale(.by(try fields.read("by"))) }
        case "delete": self = .delete
        case "recover": self = .recover
        case "replace": self = .replace
        case "canary":
            self = .canary(try fields.optional("spec"), percent: try fields.read("percent"))
        case "promote": self = .promote
        case "rollback": self = .rollback
        default: throw JSONMismatch("an operation that is not known here: \(kind)")
        }
    }

    private var word: String {
        switch self {
        case .create: "create"
        case .start: "start"
        case .stop: "stop"
        case .restart: "restart"
        case .reload: "reload"
        case .become: "become"
        case .scale: "scale"
        case .delete: "delete"
        case .recover: "recover"
        case .replace: "replace"
        case .canary: "canary"
        case .promote: "promote"
        case .rollback: "rollback"
        }
    }

    fileprivate func write(to writer: inout JSONWriter) {
        writer.field("kind", word)
        switch self {
        case .become(let spec): writer.field("spec", spec)
        case .scale(.to(let count)): writer.field("to", count)
        case .scale(.by(let count)): writer.field("by", count)
        case .canary(let spec, let percent):
            if let spec { writer.field("spec", spec) }
            writer.field("percent", percent)
        case .create, .start, .stop, .restart, .reload, .delete, .recover, .replace, .promote, .rollback:
            break
        }
    }
}

/// The members of its operation, and how far it is.
extension Work: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(try Operation(&fields), try Stage(&fields), change: try fields.read("change"))
        failure = try fields.optional("failure")
        isRolledBack = try fields.optional("rolled_back") ?? false
        note = try Outcome.Note(&fields)
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            operation.writeFields(to: &writer)
            stage.write(to: &writer)
            writer.field("change", change)
            if let failure { writer.field("failure", failure) }
            if isRolledBack { writer.field("rolled_back", true) }
            note?.write(to: &writer)
        }
    }
}

/// Exactly one member says what is waited for.
extension Work.Stage {
    fileprivate init(_ fields: inout JSONFields) throws(JSONMismatch) {
        if let slots: [Int] = try fields.optional("awaiting") {
            self = .awaiting(slots)
        } else if let slots: [Int] = try fields.optional("emptying") {
            self = .emptying(slots)
        } else if let turns: Turns = try fields.optional("turning") {
            self = .turning(turns)
        } else if let rollout: Rollout = try fields.optional("rolling") {
            self = .rolling(rollout)
        } else {
            self = .replacing(try fields.read("replacing"))
        }
    }

    fileprivate func write(to writer: inout JSONWriter) {
        switch self {
        case .awaiting(let slots): writer.field("awaiting", slots)
        case .emptying(let slots): writer.field("emptying", slots)
        case .turning(let turns): writer.field("turning", turns)
        case .rolling(let rollout): writer.field("rolling", rollout)
        case .replacing(let slot): writer.field("replacing", slot)
        }
    }
}

extension Turns: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            left: try fields.read("left"), awaited: try fields.read("awaited"),
            turning: try fields.optional("slot"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("left", left)
            writer.field("awaited", awaited)
            if let turning { writer.field("slot", turning) }
        }
    }
}

/// `switched_at` is in nanoseconds since boot, 0 before the switch; it is there in a blue-green reload only.
extension Rollout: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        let word: String = try fields.read("direction")
        guard let direction = Direction(rawValue: word) else {
            throw JSONMismatch("a direction that is not known here: \(word)")
        }
        self.init(
            target: Generation(try fields.read("target")), direction: direction,
            isHealing: try fields.optional("healing") ?? false, instances: try fields.optional("instances"))
        let switchedAt: Int64? = try fields.optional("switched_at")
        side = switchedAt.map { $0 == 0 ? .blue : .green(since: Instant(nanoseconds: $0)) }
        let tried: [Int]? = try fields.optional("tried")
        if let tried { trial = Trial(percent: try fields.read("percent"), slots: Set(tried)) }
        kept = Set(try fields.optional("kept") ?? [Int]())
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("target", target.number)
            writer.field("direction", direction.rawValue)
            if isHealing { writer.field("healing", true) }
            if let instances { writer.field("instances", instances) }
            switch side {
            case .blue: writer.field("switched_at", 0)
            case .green(let since): writer.field("switched_at", since.nanoseconds)
            case nil: break
            }
            if let trial {
                writer.field("tried", trial.slots.sorted())
                writer.field("percent", trial.percent)
            }
            if !kept.isEmpty { writer.field("kept", kept.sorted()) }
        }
    }
}

// MARK: - Who waits

/// A ticket with its inquiry.
struct SavedInquiry: JSONReadable, JSONWritable {
    var ticket: Ticket
    var inquiry: Inquiry

    init(_ ticket: Ticket, _ inquiry: Inquiry) {
        self.ticket = ticket
        self.inquiry = inquiry
    }

    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        ticket = Ticket(try fields.read("ticket"))
        inquiry = Inquiry(pending: try fields.read("pending"), outcomes: try fields.read("outcomes"))
        inquiry.failure = try fields.optional("failure")
        inquiry.isRolledBack = try fields.read("rolled_back")
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("ticket", ticket.number)
            writer.field("pending", inquiry.pending)
            writer.field("outcomes", inquiry.outcomes)
            if let failure = inquiry.failure { writer.field("failure", failure) }
            writer.field("rolled_back", inquiry.isRolledBack)
        }
    }
}

extension SavedState.Answered: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(ticket: Ticket(try fields.read("ticket")), reply: try fields.read("reply"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("ticket", ticket.number)
            writer.field("reply", reply)
        }
    }
}
