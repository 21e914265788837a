internal import Supervision

/// Why an instance is in the state it is in: the `why` column.
enum Reason {
    static func of(_ slot: SlotSnapshot, in app: AppSnapshot, at now: Instant) -> String {
        switch slot.status {
        case .waitingRestart: waiting(slot, at: now)
        case .errored: errored(slot)
        case .launching: launching(slot, at: now)
        case .online: online(slot, in: app, at: now)
        case .stopping: stopping(slot, at: now)
        case .stopped: stopped(slot)
        }
    }

    private static func waiting(_ slot: SlotSnapshot, at now: Instant) -> String {
        var parts: [String] = []
        if let death = slot.deaths.last {
            let times = slot.unstableRestarts > 1 ? " x\(slot.unstableRestarts)" : ""
            parts.append(Wording.brief(death) + times)
        }
        if let next = slot.nextTry { parts.append("next try in \(Quantities.remaining(next - now))") }
        return parts.joined(separator: ", ")
    }

    private static func errored(_ slot: SlotSnapshot) -> String {
        guard let death = slot.deaths.last else { return "gave up" }
        let tries = slot.unstableRestarts
        let end = tries > 1 ? "gave up after \(tries) tries" : "gave up"
        return "\(Wording.brief(death)), \(end)"
    }

    private static func launching(_ slot: SlotSnapshot, at now: Instant) -> String {
        guard let current = slot.current else { return "" }
        // Whole seconds: what is shown again and again should not flicker.
        let seconds = max(0, (now - current.since).milliseconds / 1000)
        let age = seconds > 0 ? ", for \(Quantities.duration(.seconds(seconds)))" : ""
        let last = slot.deaths.last.map { ", before: \(Wording.brief($0))" } ?? ""
        return "\(lack(of: current) ?? "not ready yet")\(age)\(slot.restarts > 0 ? last : "")"
    }

    private static func online(_ slot: SlotSnapshot, in app: AppSnapshot, at now: Instant) -> String {
        if let tried = canary(beside: slot, of: app) { return tried }
        if let new = slot.others.first(where: { $0.inRotation && $0.phase == .online }) {
            return "generation \(new.generation.number) serves; this one is kept to go back to"
        }
        if let candidate = slot.others.first(where: { [.launching, .starting].contains($0.phase) }) {
            let lack = lack(of: candidate).map { ": \($0)" } ?? ""
            return "generation \(candidate.generation.number) is starting beside it\(lack)"
        }
        if let current = slot.current, let since = current.stuckSince {
            // Whole seconds: what is shown again and again should not flicker.
            let seconds = Duration.seconds(max(1, (now - since).milliseconds / 1000))
            let rotation = current.inRotation ? "like most: kept in rotation" : "out of rotation"
            return "stuck for \(Quantities.duration(seconds)), \(rotation)"
        }
        if let since = slot.current?.queueStuckSince {
            let seconds = Duration.seconds(max(1, (now - since).milliseconds / 1000))
            return "the queue they share has not become shorter for \(Quantities.duration(seconds))"
        }
        if let leaving = slot.others.first {
            return "generation \(leaving.generation.number) is \(Reason.phase(of: leaving, at: now))"
        }
        if let failure = app.lastFailure {
            let kept = (slot.current?.generation ?? app.generation).number
            return "reload failed (\(Wording.brief(failure.death))), kept generation \(kept)"
        }
        guard let current = slot.current else { return "" }
        if let illness = illness(of: current) { return illness }
        if !current.listening.isEmpty, !current.inRotation { return "out of rotation" }
        if current.droppedLogBytes > 0 {
            return "\(Quantities.memory(UInt64(current.droppedLogBytes))) of its output dropped"
        }
        // What became of another version, or of one that never served here, says nothing of this one.
        if slot.restarts > 0, let death = slot.deaths.last, death.generation == current.generation {
            return "\(Wording.brief(death)) \(Quantities.duration(now - death.at)) ago"
        }
        guard current.listening.isEmpty else {
            return "listening on \(Quantities.addresses(current.listening))"
        }
        // It is believed by its age alone.
        return app.spec.isMeantToListen ? "not listening yet" : ""
    }

    /// What it has to show before it is ready, and has not; nil: nothing that it was told to.
    static func lack(of instance: InstanceSnapshot) -> String? {
        switch instance.lacks {
        case .listener, nil: return nil
        case .word: return "has not said that it is ready"
        case .health:
            guard let reason = instance.health?.reason else { return "not checked yet" }
            return "health check: \(Text.sanitised(reason))"
        }
    }

    /// Why it gets connections only if nobody else can; nil: it is well.
    private static func illness(of instance: InstanceSnapshot) -> String? {
        guard let health = instance.health, health.state == .unhealthy else { return nil }
        let reason = health.reason.map { ": \(Text.sanitised($0))" } ?? ""
        return (instance.inRotation ? "unhealthy" : "unhealthy, out of rotation") + reason
    }

    private static func canary(beside slot: SlotSnapshot, of app: AppSnapshot) -> String? {
        guard let canary = app.canary,
            slot.others.contains(where: { $0.generation == canary.generation && $0.inRotation })
        else { return nil }
        return "canary beside it: \(canary.percent) % go to generation \(canary.generation.number)"
    }

    private static func stopping(_ slot: SlotSnapshot, at now: Instant) -> String {
        guard let current = slot.current ?? slot.others.first else { return "" }
        switch current.phase {
        case .draining: return phase(of: current, at: now)
        case .killing: return "did not stop in time: killing it"
        case .launching, .starting, .online, .stopping: return ""
        }
    }

    /// "draining 12 connections, 38 s left", or the phase alone.
    static func phase(of instance: InstanceSnapshot, at now: Instant) -> String {
        guard let drain = instance.drain else { return instance.phase.rawValue }
        let connections = drain.connections.map { " " + Quantities.count($0, "connection") } ?? ""
        return "draining\(connections), \(Quantities.remaining(drain.until - now)) left"
    }

    private static func stopped(_ slot: SlotSnapshot) -> String {
        guard let death = slot.deaths.last else { return "" }
        switch death.cause {
        case .exited(.code(0)): return "finished"
        case .exited, .notStarted, .neverReady, .neverSaidReady, .unhealthy, .silent, .stuck, .faltered,
            .exceeded:
            return "last: \(Wording.brief(death))"
        }
    }
}
