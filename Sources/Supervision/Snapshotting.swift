// How everything stands, told to people.

extension Supervisor {
    public var snapshot: Snapshot {
        Snapshot(apps: apps.values.sorted { $0.name < $1.name }.map(\.snapshot))
    }

    /// Where an instance belongs.
    public func place(of instance: InstanceID) -> (app: AppName, slot: SlotIndex, id: SlotID)? {
        guard let home = desk.homes[instance], let slots = apps[home.app]?.slots,
            slots.indices.contains(home.slot)
        else { return nil }
        return (home.app, slots[home.slot].index, slots[home.slot].id)
    }
}

extension App {
    var snapshot: AppSnapshot {
        AppSnapshot(
            spec: spec, generation: generation, slots: slots.map(snapshot), operation: work?.word,
            lastFailure: lastFailure, failures: failures,
            canary: canary.map { .init($0.target, percent: $0.percent) }, previous: previous?.generation)
    }

    private func snapshot(of slot: Slot) -> SlotSnapshot {
        let others = (slot.candidate.map { [$0] } ?? []) + slot.leaving
        return SlotSnapshot(
            index: slot.index, id: slot.id, status: slot.status, current: slot.current.map(snapshot),
            others: others.map(snapshot), restarts: slot.restarts, unstableRestarts: slot.unstable,
            deaths: slot.deaths, killings: slot.killings, nextTry: slot.nextTry)
    }

    private func snapshot(of instance: Instance) -> InstanceSnapshot {
        InstanceSnapshot(
            id: instance.id, generation: instance.generation, phase: instance.phase.word,
            process: instance.process, since: instance.since, listening: instance.listening,
            inRotation: isInRotation(instance.id) ?? false, drain: instance.phase.drain,
            status: instance.shownStatus, lacks: lack(of: instance), health: health(of: instance),
            stuckSince: instance.stuck?.since)
    }
}

extension Slot {
    fileprivate var status: SlotSnapshot.Status {
        if let current { return status(of: current) }
        if isHeldByCandidate { return .launching }
        if !wanted { return leaving.isEmpty ? .stopped : .stopping }
        switch rest {
        case .idle: return .launching
        case .waiting: return .waitingRestart
        case .finished: return .stopped
        case .failed: return .errored
        }
    }

    private func status(of current: Instance) -> SlotSnapshot.Status {
        switch current.phase {
        case .launching, .starting: .launching
        case .online: .online
        case .draining, .stopping, .killing: current.fate == .failed && wanted ? .waitingRestart : .stopping
        }
    }
}

extension Instance.Phase {
    fileprivate var drain: DrainSnapshot? {
        guard case .draining(let until) = self else { return nil }
        return DrainSnapshot(until: until)
    }

    fileprivate var word: InstanceSnapshot.Phase {
        switch self {
        case .launching: .launching
        case .starting: .starting
        case .online: .online
        case .draining: .draining
        case .stopping: .stopping
        case .killing: .killing
        }
    }
}

extension Work {
    fileprivate var word: AppSnapshot.Operation {
        if case .rolling(let rollout) = stage {
            return rollout.direction == .back ? .rollingBack : .reloading
        }
        switch operation.kind {
        case .create, .start: return .starting
        case .stop: return .stopping
        case .restart: return .restarting
        case .replace:
            if case .turning = stage { return .restarting }
            return .reloading
        case .reload, .recover, .rollback: return .reloading
        // When it rolls no more, it changes the number.
        case .become, .canary, .promote: return change == .started ? .starting : .scaling
        case .scale: return .scaling
        case .delete: return .deleting
        }
    }
}

extension App {
    private func lack(of instance: Instance) -> InstanceSnapshot.Lack? {
        guard case .starting = instance.phase else { return nil }
        switch instance.lack(spec(of: instance.generation)) {
        case .listener: return .listener
        case .word: return .word
        case .health: return .health
        case nil: return nil
        }
    }

    private func health(of instance: Instance) -> HealthSnapshot? {
        guard spec(of: instance.generation).health != nil else { return nil }
        let state: HealthSnapshot.State =
            switch instance.health.state {
            case .unknown: .starting
            case .healthy: .healthy
            case .unhealthy: .unhealthy
            }
        return HealthSnapshot(
            state: state, failures: instance.health.failures, reason: instance.health.reason)
    }
}

extension Instance {
    /// In its own words, after what it announced.
    fileprivate var shownStatus: String? {
        let announced: String? =
            switch self.announced {
            case .reloading: "reloading"
            case .stopping: "about to stop"
            case nil: nil
            }
        let words = [announced, status].compactMap { $0 }
        return words.isEmpty ? nil : words.joined(separator: ": ")
    }
}
