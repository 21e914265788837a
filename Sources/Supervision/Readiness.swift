// What an instance says and shows of itself: whether it is ready, and whether it still does its work.

extension App {
    /// How long it may take to be ready.
    func patience(with instance: Instance) -> Duration {
        let spec = spec(of: instance.generation)
        return instance.mustProve(spec) ? spec.startTimeout : spec.restart.minUptime
    }

    /// Becomes ready if it has shown all that is expected of it.
    mutating func weigh(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        guard case .starting = instance.phase, instance.lack(spec(of: instance.generation)) == nil else {
            return
        }
        becomeReady(place, of: k, &desk)
    }

    /// The time to get ready is over: with nothing expected that is enough, otherwise it has failed.
    mutating func lapseStarting(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        let spec = spec(of: instance.generation)
        guard instance.mustProve(spec) else { return becomeReady(place, of: k, &desk) }
        let cause: Death.Cause =
            switch instance.lack(spec) {
            case .listener, nil: .neverReady(after: spec.startTimeout, missing: instance.missing)
            case .word: .neverSaidReady(after: spec.startTimeout)
            case .health:
                .unhealthy(instance.health.reason ?? Health.unasked, failures: instance.health.failures)
            }
        condemn(place, of: k, cause, spec.stopSignal, &desk)
    }

    private mutating func becomeReady(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        slots[k][place].phase = .online
        slots[k][place].readySince = desk.now
        slots[k][place].isProven = true
        slots[k][place].wasDisturbed = false
        slots[k][place].watchdogAt = spec(of: slots[k][place].generation).watchdog.map { desk.now + $0 }
        if place == .current, slots[k].verdict == .open { slots[k].verdict = .ready }
        desk.save()
        tell(.ready(slots[k][place].listening), k, slots[k][place].generation, &desk)
    }

    /// It has failed, though it runs: it is asked to end, and what replaces it is decided when it has.
    private mutating func condemn(
        _ place: Slot.Place, of k: Int, _ cause: Death.Cause, _ signal: Signal, _ desk: inout Desk
    ) {
        let instance = slots[k][place]
        slots[k][place].fate = .failed
        slots[k][place].death = Death(
            generation: instance.generation, cause: cause, at: desk.now, uptime: desk.now - instance.since)
        let spec = spec(of: instance.generation)
        slots[k][place].phase = .stopping(killAt: desk.now + spec.killTimeout, sweepAt: nil)
        // First nobody new is sent to it, if anybody was. The watchdog has a signal of its own, to leave a trace.
        let isPolite = signal == spec.stopSignal
        afterSteering.append(isPolite ? spec.dismissal(of: instance.id) : .signal(instance.id, signal))
    }
}

// MARK: - What it says

extension App {
    mutating func noteSaid(_ word: Word, _ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        switch word {
        case .ready:
            if !slots[k][place].hasSaidReady { desk.save() }
            slots[k][place].hasSaidReady = true
            slots[k][place].announced = nil
            weigh(place, of: k, &desk)
        case .reloading: slots[k][place].announced = .reloading
        case .stopping: slots[k][place].announced = .stopping
        case .status(let text): slots[k][place].status = text.isEmpty ? nil : text
        case .mainProcess(let process):
            guard !slots[k][place].hasExited, slots[k][place].process != process else { return }
            slots[k][place].process = process
            desk.save()
        case .alive:
            guard slots[k][place].watchdogAt != nil else { return }
            let interval = spec(of: slots[k][place].generation).watchdog
            slots[k][place].watchdogAt = interval.map { desk.now + $0 }
        case .trouble: fallSilent(place, of: k, &desk)
        }
    }

    /// The watchdog has waited in vain, or was told so.
    mutating func fallSilent(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        guard let interval = spec(of: instance.generation).watchdog, instance.phase == .online else { return }
        condemn(place, of: k, .silent(after: interval), .abort, &desk)
    }
}

// MARK: - What it shows

extension App {
    mutating func noteChecked(
        _ result: CheckResult, _ place: Slot.Place, of k: Int, _ desk: inout Desk
    ) {
        switch result {
        case .passed:
            slots[k][place].health.pass()
            if place == .current, health(of: slots[k][place]).liveness { spare(k) }
            weigh(place, of: k, &desk)
        case .failed(let reason):
            slots[k][place].health.fail(reason)
            if hasSickened(slots[k][place]) { slots[k][place].health.giveUp() }
            let instance = slots[k][place]
            guard isEnough(instance, at: desk.now) else { return }
            slots[k][place].health.giveUp()
            let failures = instance.health.failures
            if place == .candidate, isInRotation(instance.id) == true {
                // It may still have requests in work: out of rotation, it finishes them.
                failCandidate(k, .unhealthy(reason, failures: failures), &desk)
            } else if mustGo(instance, place, at: desk.now) {
                let signal = spec(of: instance.generation).stopSignal
                condemn(place, of: k, .unhealthy(reason, failures: failures), signal, &desk)
            } else if place == .current, health(of: instance).liveness {
                replace(k, at: desk.now)
            }
        }
    }

    private func health(of instance: Instance) -> HealthCheck {
        spec(of: instance.generation).health ?? HealthCheck(.tcp(port: nil))
    }

    /// It was healthy once. Nothing need come of it yet, but it is not ready for it any more.
    private func hasSickened(_ instance: Instance) -> Bool {
        instance.health.state == .healthy
            && instance.health.failures >= max(1, health(of: instance).retries)
    }

    /// So many failures in a row, of those that count.
    private func isEnough(_ instance: Instance, at now: Instant) -> Bool {
        let check = health(of: instance)
        guard instance.health.failures >= max(1, check.retries) else { return false }
        switch instance.phase {
        case .starting: return check.startPeriod.map { instance.since + $0 <= now } ?? false
        case .online: return true
        case .launching, .draining, .stopping, .killing: return false
        }
    }

    /// One that was never believed is not kept.
    private func mustGo(_ instance: Instance, _ place: Slot.Place, at now: Instant) -> Bool {
        if case .starting = instance.phase { return true }
        switch place {
        case .candidate: return true
        case .current:
            switch work?.stage {
            case .rolling: return isUnproven(instance, at: now)
            case .awaiting, .emptying, .turning: return !hasLasted(instance, at: now)
            // It stays until what is to replace it has proved itself.
            case .replacing, nil: return false
            }
        case .leaving: return false
        }
    }
}

extension Health {
    /// Why it is not healthy when nothing was asked in time.
    static let unasked = "nothing was asked: it has not listened"
}

// MARK: - What is expected of it

extension Instance {
    /// What keeps it from being ready.
    enum Lack: Equatable, Sendable {
        case listener, word, health
    }

    /// Merely to live is not enough for it.
    func mustProve(_ spec: AppSpec) -> Bool { !expected.isEmpty || spec.isGated }

    /// The first thing that is missing, of those that can be shown; nil: it has shown enough.
    func lack(_ spec: AppSpec) -> Lack? {
        if !missing.isEmpty { return .listener }
        if spec.waitReady, !hasSaidReady { return .word }
        if spec.health != nil, health.state != .healthy { return .health }
        return nil
    }

    /// New connections are for it, as far as it says itself, and shows.
    var isFit: Bool { health.state != .unhealthy && announced != .stopping }

    /// What it is about to do, as it says.
    enum Announced: Equatable, Sendable {
        case reloading, stopping
    }
}
