public import Supervision

/// One event of a life and what it led to, as values: words are made only of the life that failed.
public struct Moment: Sendable {
    public var at: Instant
    /// Nil: the daemon died here and another one came.
    public var event: Event?
    public var effects: [Effect]
}

/// A number that two equal histories share, in this process and in any other.
public struct Digest: Equatable, Sendable {
    public private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

    public init() {}

    public mutating func mix(_ number: UInt64) {
        value = (value ^ number) &* 0x0000_0100_0000_01B3
        value ^= value >> 29
    }

    mutating func mix(_ moment: Moment) {
        mix(UInt64(bitPattern: moment.at.nanoseconds))
        if let event = moment.event { mix(event) } else { mix(99) }
        for effect in moment.effects { mix(effect) }
    }

    private mutating func mix(_ kind: UInt64, _ id: InstanceID) {
        mix(kind)
        mix(id.number)
    }

    private mutating func mix(_ text: String) {
        for byte in text.utf8 { mix(UInt64(byte)) }
    }

    private mutating func mix(_ event: Event) {
        switch event {
        case .requested(_, let ticket): mix(1000 + ticket.number)
        case .spawned(let id, _): mix(1, id)
        case .spawnFailed(let id, _): mix(2, id)
        case .neverSpawned(let id): mix(27, id)
        case .listened(let id, let address): mix(3 + UInt64(address?.port ?? 0) << 8, id)
        case .unlistened(let id, let address): mix(4 + UInt64(address.port) << 8, id)
        case .drained(let id): mix(5, id)
        case .exited(let id, _): mix(6, id)
        case .vanished(let id): mix(7, id)
        case .deadlinePassed: mix(8)
        case .faltered(let id): mix(9, id)
        case .recovered(let id): mix(10, id)
        case .said(let id, _): mix(22, id)
        case .checked(let id, let result): mix(result == .passed ? 23 : 24, id)
        case .stuck(let id, _): mix(25, id)
        case .unstuck(let id): mix(26, id)
        case .killed(let id, let victims): mix(28 + UInt64(victims.others.count) << 8, id)
        case .located(let id, _): mix(22, id)
        case .weighed(let id, let used): mix(29 + used << 8, id)
        }
    }

    private mutating func mix(_ effect: Effect) {
        switch effect {
        case .spawn(let id, let launch):
            mix(11, id)
            mix(UInt64(launch.id.number))
            mix(launch.heir?.number ?? 0)
        case .steer(let app, let shares):
            mix(12)
            mix(app.name)
            for share in shares { mix(UInt64(share.weight), share.instance) }
        case .drain(let id): mix(13, id)
        case .signal(let id, let signal): mix(14 + UInt64(signal.number) << 8, id)
        case .dismiss(let id, let signal): mix(26 + UInt64(signal.number) << 8, id)
        case .sweep(let id, let signal): mix(15 + UInt64(signal.number) << 8, id)
        case .release(let id): mix(16, id)
        case .progress(let ticket, let progress):
            mix(17 + ticket.number << 8 + UInt64(progress.slot.number) << 40)
        case .reply(let ticket, let reply):
            mix(18 + ticket.number << 8)
            mix(reply)
        case .announce(let notice): mix(notice)
        case .save: mix(20)
        case .finish: mix(21)
        case .hurry(let id): mix(22, id)
        case .weigh(let id): mix(30, id)
        case .keepLogs(let spec):
            mix(27)
            mix(spec.name.name)
        }
    }

    private mutating func mix(_ reply: Reply) {
        let outcomes: [Outcome] =
            switch reply {
            case .done(let outcomes), .failed(_, let outcomes), .rolledBack(_, let outcomes): outcomes
            case .refused: []
            }
        for outcome in outcomes {
            mix(outcome.app.name)
            mix(outcome.change.rawValue)
            mix(UInt64(outcome.instances))
        }
    }

    private mutating func mix(_ notice: Notice) {
        switch notice {
        case .died(let app, let slot, _), .gaveUp(let app, let slot, _): mix(app.name + "\(slot.number)")
        case .waiting(_, _, let delay): mix(UInt64(bitPattern: delay.nanoseconds))
        case .reloadFailed(let app, _), .replacementFailed(let app, _): mix(app.name)
        case .impossible(let text): mix(text)
        case .outgrown(let app, let slot, _): mix(app.name + "\(slot.number)")
        case .recurs(let app), .recursNot(let app): mix(app.name)
        case .killed(let app, let slot, _): mix(app.name + "\(slot.number)")
        case .stuck(let app, let slot, _), .unstuck(let app, let slot, _): mix(app.name + "\(slot.number)")
        }
    }
}

// MARK: - Words

extension Moment {
    /// The moment in a few lines, for whoever looks into a failure.
    public var words: String {
        let seconds = Double(at.nanoseconds) / 1e9
        let what = event.map(Moment.short) ?? "the daemon dies; another one goes on"
        let lines = effects.filter { $0 != .save }.map { "             -> \(Moment.short($0))" }
        return (["\(seconds) \(what)"] + lines).joined(separator: "\n")
    }

    private static func short(_ event: Event) -> String {
        switch event {
        case .requested(let request, let ticket): "#\(ticket.number) \(short(request))"
        case .spawned(let id, _): "spawned \(id.number)"
        case .spawnFailed(let id, _): "spawnFailed \(id.number)"
        case .neverSpawned(let id): "neverSpawned \(id.number)"
        case .listened(let id, let address): "listened \(id.number) on \(address?.description ?? "something")"
        case .unlistened(let id, let address): "unlistened \(id.number) from \(address)"
        case .drained(let id): "drained \(id.number)"
        case .exited(let id, let exit): "exited \(id.number) \(exit.status)"
        case .vanished(let id): "vanished \(id.number)"
        case .deadlinePassed: "deadlinePassed"
        case .faltered(let id): "faltered \(id.number)"
        case .recovered(let id): "recovered \(id.number)"
        case .said(let id, let word): "said \(id.number) \(word)"
        case .checked(let id, let result): "checked \(id.number) \(result)"
        case .stuck(let id, _): "stuck \(id.number)"
        case .unstuck(let id): "unstuck \(id.number)"
        case .killed(let id, let victims): "killed \(id.number) \(victims)"
        case .weighed(let id, let used): "weighed \(id.number): \(used)"
        case .located(let id, let places): "located \(id.number) in \(places.workingDirectory)"
        }
    }

    private static func short(_ request: Request) -> String {
        guard case .apply(let specs) = request else { return "\(request)" }
        return "apply " + specs.map { "\($0.name) x\($0.instances) \($0.arguments)" }.joined(separator: ", ")
    }

    private static func short(_ effect: Effect) -> String {
        switch effect {
        case .spawn(let id, let launch):
            "spawn \(id.number) in \(launch.spec.name) slot \(launch.slot.number) generation "
                + "\(launch.generation.number)" + (launch.heir.map { " heir of \($0.number)" } ?? "")
        case .steer(let app, let shares):
            "steer \(app) to " + shares.map { "\($0.instance.number)x\($0.weight)" }.joined(separator: " ")
        case .drain(let id): "drain \(id.number)"
        case .hurry(let id): "hurry \(id.number)"
        case .weigh(let id): "weigh \(id.number)"
        case .keepLogs(let spec): "keep the logs of \(spec.name)"
        case .dismiss(let id, let signal): "dismiss \(id.number) \(signal)"
        case .signal(let id, let signal): "signal \(id.number) \(signal)"
        case .sweep(let id, let signal): "sweep \(id.number) \(signal)"
        case .release(let id): "release \(id.number)"
        case .progress(let ticket, let progress):
            "progress #\(ticket.number) slot \(progress.slot.number) \(progress.step)"
        case .reply(let ticket, let reply): "reply #\(ticket.number) \(reply)"
        case .announce(let notice): "announce \(notice)"
        case .save: "save"
        case .finish: "finish"
        }
    }
}
