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
            }
        }
        let snapshot = effects.isEmpty ? Snapshot() : supervisor.snapshot
        for effect in effects { checkRemembered(effect, history, snapshot) }
    }

    private mutating func checkRemembered(_ effect: Effect, _ history: History, _ snapshot: Snapshot) {
        switch effect {
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
            .hurry, .dismiss:
            break
        }
    }
}
