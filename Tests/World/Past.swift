internal import Supervision

// MARK: - What went wrong

extension Invariants {
    /// Every death and every failure that was told of is remembered, and written, and there are never too many.
    mutating func checkHistory(_ supervisor: Supervisor, _ written: History, _ effects: [Effect]) {
        let history = supervisor.history
        require(history == written, "what went wrong changed and was not saved")
        for app in history.apps {
            require(
                app.failures.count <= FailedOperation.historyLimit, "\(app.name) remembers too many failures")
            for slot in app.slots {
                require(slot.deaths.count <= Death.historyLimit, "\(app.name) remembers too many deaths")
                require(
                    slot.killings.count <= Killing.historyLimit, "\(app.name) remembers too many killings")
            }
        }
        let snapshot = effects.isEmpty ? Snapshot() : supervisor.snapshot
        let hasSlots = !hasBegunAnother(effects)
        for effect in effects { checkRemembered(effect, history, snapshot, hasSlots: hasSlots) }
    }

    /// Behind one that has ended another operation may have begun, which has other slots of the same numbers. The end
    /// is answered, or, where more apps are waited for, only told of.
    private func hasBegunAnother(_ effects: [Effect]) -> Bool {
        var tickets: Set<Ticket> = []
        for effect in effects {
            switch effect {
            case .reply: return true
            case .progress(let ticket, _): tickets.insert(ticket)
            default: continue
            }
        }
        return tickets.count > 1
    }

    /// Whoever was to end, and was killed, is named when nothing is left of it; and nobody else.
    mutating func checkVictims(_ event: Event, _ effects: [Effect]) {
        let killings = effects.compactMap { effect -> Killing? in
            if case .announce(.killed(_, _, let killing)) = effect { killing } else { nil }
        }
        switch event {
        case .exited(let id, _):
            instances[id]?.hasDied = effects.contains {
                if case .announce(.died) = $0 { true } else { false }
            }
        case .vanished(let id):
            guard let known = instances[id], !known.isInherited else { return }
            let isTold = killings.contains { $0.generation == known.generation }
            require(
                isTold == (!known.victims.isEmpty && !known.hasDied),
                "the victims of \(id.number) are \(isTold ? "invented" : "forgotten")")
            let processes = Set(
                known.victims.flatMap { [$0.main].compactMap { $0 } + $0.others.map(\.process) })
            let named = Set(
                killings.flatMap { [$0.victims.main].compactMap { $0 } + $0.victims.others.map(\.process) })
            require(named.isSubset(of: processes), "others are named than were killed: \(id.number)")
        default: break
        }
    }

    private mutating func checkRemembered(
        _ effect: Effect, _ history: History, _ snapshot: Snapshot, hasSlots: Bool
    ) {
        switch effect {
        case .announce(.killed(let app, let slot, let killing)):
            let slots = snapshot.apps.first { $0.spec.name == app }?.slots ?? []
            guard hasSlots, slots.contains(where: { $0.index == slot }) else { return }
            let killings = history.apps.first { $0.name == app }?.slots.first { $0.index == slot }?.killings
            require(killings?.contains(killing) == true, "a killing in \(app) was forgotten at once")
        case .announce(.died(let app, let slot, let death)):
            // A slot that was only waited for to be empty has gone in the same event.
            let slots = snapshot.apps.first { $0.spec.name == app }?.slots ?? []
            guard slots.contains(where: { $0.index == slot }) else { return }
            let deaths = history.apps.first { $0.name == app }?.slots.first { $0.index == slot }?.deaths ?? []
            require(
                deaths.contains { $0.at == death.at && $0.cause == death.cause },
                "a death in \(app) was forgotten at once")
        case .reply(_, .failed(let failure, let outcomes)), .reply(_, .rolledBack(let failure, let outcomes)):
            // Where others were waited for, it may have been deleted since.
            guard outcomes.count == 1 else { return }
            let failures = history.apps.first { $0.name == failure.app }?.failures ?? []
            require(
                failures.contains { $0.failure == failure },
                "a failure of \(failure.app) was forgotten at once")
        case .spawn, .steer, .drain, .signal, .sweep, .release, .progress, .reply, .announce, .save, .finish,
            .hurry, .dismiss, .keepLogs, .weigh:
            break
        }
    }
}
