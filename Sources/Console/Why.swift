public import Supervision

/// What went wrong with an app lately, and what was done about it: for `why`. Newest last, where eyes are.
public struct Why: Sendable {
    private let app: AppSnapshot
    private let now: Instant
    private let palette: Palette
    /// What the clock on the wall showed.
    private let time: @Sendable (Instant) -> String

    /// The lines about one app, or about one slot of it.
    public static func lines(
        _ app: AppSnapshot, slot: SlotID? = nil, at now: Instant, palette: Palette = .plain,
        time: @escaping @Sendable (Instant) -> String
    ) -> [String] {
        let why = Why(app: app, now: now, palette: palette, time: time)
        let slots = app.slots.filter { slot == nil || $0.id == slot }
        let operations = slot == nil ? why.operations() : []
        return why.header(slots) + slots.flatMap(why.block) + operations
    }

    private func header(_ slots: [SlotSnapshot]) -> [String] {
        let name = palette.paint(Wording.name(app.spec.name), .bold)
        guard slots.allSatisfy({ $0.deaths.isEmpty && $0.killings.isEmpty }), app.failures.isEmpty else {
            return [name]
        }
        return ["\(name): no instance died and no operation failed, as far as is remembered"]
    }

    // MARK: - Instances

    private func block(_ slot: SlotSnapshot) -> [String] {
        let status = palette.paint(slot.status.rawValue, Listing.style(of: slot.status))
        let reason = Reason.of(slot, in: app, at: now)
        let who = "\(Wording.instance(app.spec.name, slot.index)) (id \(slot.id.number))"
        let title = "\(who): \(status)" + (reason.isEmpty ? "" : ", \(Text.sanitised(reason))")
        let deaths = slot.deaths.indices.map { index in
            let next = index + 1 < slot.deaths.count ? slot.deaths[index + 1] : nil
            return (at: slot.deaths[index].at, lines: account(slot.deaths[index], repeated: next))
        }
        let killings = slot.killings.map { (at: $0.at, lines: account($0)) }
        return ["", title] + (deaths + killings).sorted { $0.at < $1.at }.flatMap { $0.lines }
    }

    private func account(_ killing: Killing) -> [String] {
        let lines = KillingWording.lines(killing, "generation \(killing.generation.number)")
        return dated(killing.at, [lines[0]] + lines.dropFirst().map { "  " + $0 })
    }

    /// Who says the same each time is quoted once.
    private func account(_ death: Death, repeated next: Death?) -> [String] {
        var shown = death
        let isRepeated = !death.lastWords.isEmpty && next?.lastWords == death.lastWords
        if isRepeated { shown.lastWords = [] }
        let process = death.process.map { ", pid \($0.number)" } ?? ""
        var lines = Wording.account(of: shown, "generation \(death.generation.number)\(process)")
        if isRepeated { lines.append("  with the same last lines as the next time") }
        if death.peakMemory > 0 {
            lines.append("  it had used \(Quantities.memory(death.peakMemory)) of memory at most")
        }
        if case .exceeded = death.cause {
            lines.append("  replaced by another instance")
        } else if let consequence = death.consequence {
            lines.append("  \(sentence(consequence))")
        }
        return dated(death.at, lines)
    }

    private func sentence(_ consequence: Death.Consequence) -> String {
        switch consequence {
        case .restarted(.zero): "started again at once"
        case .restarted(let delay): "started again after \(Quantities.duration(delay))"
        case .rested: "not started again: this end was meant, or autorestart is off"
        case .gaveUp: "given up (max_restarts)"
        case .refused: "refused: what it was to replace serves on"
        case .unwanted: "not started again: it was to end anyway"
        }
    }

    // MARK: - Operations

    private func operations() -> [String] {
        guard !app.failures.isEmpty else { return [] }
        return ["", "failed operations:"] + app.failures.flatMap(account)
    }

    private func account(_ failed: FailedOperation) -> [String] {
        let failure = failed.failure
        let who = Wording.instance(failure.app, failure.slot)
        var lines = Wording.account(of: failure.death, "\(word(failed.goal)): \(who)")
        if failed.isRolledBack { lines.append("  rolled back: what had proved itself serves on") }
        return dated(failed.at, lines)
    }

    /// The operation that would have ended so.
    private func word(_ goal: Outcome.Change) -> String {
        switch goal {
        case .started: "start"
        case .stopped: "stop"
        case .restarted: "restart"
        case .reloaded: "reload"
        case .scaled: "scale"
        case .deleted: "delete"
        case .canary: "canary"
        case .promoted: "promotion"
        case .reverted: "rollback"
        case .unchanged, .revised, .orphaned, .superseded, .failed: "operation"
        }
    }

    // MARK: - Layout

    private func dated(_ at: Instant, _ lines: [String]) -> [String] {
        let ago = "\(Quantities.duration(now - at)) ago"
        let date = palette.dimmed("\(time(at)) (\(ago))")
        return ["  \(date) \(lines[0])"] + lines.dropFirst().map { "  " + $0 }
    }
}
