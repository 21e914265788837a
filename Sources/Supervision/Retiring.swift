// How an instance comes to its end: drained, asked, killed.

extension App {
    /// Begins the end of an instance. What it says is to be ordered after it was steered away from.
    mutating func retire(_ place: Slot.Place, of k: Int, _ desk: inout Desk) -> [Effect] {
        let instance = slots[k][place]
        let spec = spec(of: instance.generation)
        if instance.fate != .unwanted { desk.save() }
        slots[k][place].fate = .unwanted
        if place == .current, !isWanted(k) { learn(from: instance, &desk) }
        guard serves(instance), spec.drainTimeout > .zero else {
            return [ask(place, of: k, &desk)]
        }
        slots[k][place].phase = .draining(until: desk.now + spec.drainTimeout)
        tell(.draining, k, instance.generation, &desk)
        let isHurried = work?.operation.isForced ?? false
        return [.drain(instance.id)] + (isHurried ? hurry(place, of: k, &desk) : [])
    }

    /// Whoever drains, now or later in this operation, waits for no request any more.
    mutating func hurryAll(_ desk: inout Desk) {
        work?.operation.isForced = true
        for k in slots.indices {
            for place in slots[k].places { desk.order(hurry(place, of: k, &desk)) }
        }
    }

    private mutating func hurry(_ place: Slot.Place, of k: Int, _ desk: inout Desk) -> [Effect] {
        guard case .draining(let until) = slots[k][place].phase else { return [] }
        stir(k)
        slots[k][place].phase = .draining(until: min(until, desk.now + Supervisor.hurriedDrain))
        return [.hurry(slots[k][place].id)]
    }

    /// New connections may be waiting for it.
    private func serves(_ instance: Instance) -> Bool {
        guard instance.phase == .online, !instance.listening.isEmpty || instance.listensApart else {
            return false
        }
        // After a restart of the daemon nobody knows who was steered to.
        return instance.hasServed || steered == nil
    }

    /// Sends the stop signal.
    private mutating func ask(_ place: Slot.Place, of k: Int, _ desk: inout Desk) -> Effect {
        let instance = slots[k][place]
        let spec = spec(of: instance.generation)
        slots[k][place].phase = .stopping(killAt: desk.now + spec.killTimeout, sweepAt: nil)
        tell(.stopping, k, instance.generation, &desk)
        return spec.dismissal(of: instance.id)
    }

    mutating func noteDrained(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        guard case .draining = slots[k][place].phase else { return }
        desk.order(ask(place, of: k, &desk))
    }

    /// Does what the phase of an instance has come due for.
    mutating func lapse(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        guard let deadline = instance.deadline, deadline <= desk.now else { return }
        switch instance.phase {
        case .launching: break
        case .online:
            lapseStuck(place, of: k, at: desk.now)
            if let watchdogAt = instance.watchdogAt, watchdogAt <= desk.now {
                fallSilent(place, of: k, &desk)
            }
        case .starting: lapseStarting(place, of: k, &desk)
        case .draining: desk.order(ask(place, of: k, &desk))
        case .stopping(let killAt, _) where killAt <= desk.now: kill(place, of: k, &desk)
        case .stopping(let killAt, _):
            slots[k][place].phase = .stopping(killAt: killAt, sweepAt: nil)
            desk.order(.sweep(instance.id, spec(of: instance.generation).stopSignal))
        case .killing: kill(place, of: k, &desk)
        }
    }

    private mutating func kill(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        slots[k][place].phase = .killing(sweepAt: desk.now + Supervisor.sweepInterval)
        desk.order(.sweep(slots[k][place].id, .kill))
    }

    /// The main process has ended.
    ///
    /// What it left behind is swept at once, but not in this very event: `.vanished` most often follows in the same
    /// breath, and a sweep looks at every process of the machine.
    mutating func noteExited(_ exit: Exit, _ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        slots[k][place].hasExited = true
        free(place, of: k)
        let instance = slots[k][place]
        switch instance.phase {
        case .launching, .starting, .online:
            slots[k][place].phase = .killing(sweepAt: desk.now)
        case .draining:
            let patience = spec(of: instance.generation).killTimeout
            slots[k][place].phase = .stopping(killAt: desk.now + patience, sweepAt: desk.now)
        case .stopping(let killAt, _):
            slots[k][place].phase = .stopping(killAt: killAt, sweepAt: desk.now)
        case .killing:
            break
        }
        guard instance.fate != .unwanted else { return }
        slots[k][place].fate = .failed
        bury(Death(of: instance, by: exit), place, of: k, &desk)
    }

    mutating func noteVanished(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        slots[k].remove(place)
        desk.homes[instance.id] = nil
        desk.save()
        rememberVictims(of: instance, k, &desk)
        guard place == .current, instance.fate == .failed, let death = instance.death else {
            desk.order(.release(instance.id))
            if instance.fate == .unwanted { tell(.stopped, k, instance.generation, &desk) }
            return
        }
        settle(death, of: instance, k, &desk)
    }

    mutating func noteSpawnFailed(_ reason: String, _ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        let death = Death(
            generation: instance.generation, cause: .notStarted(reason), at: desk.now, uptime: .zero)
        if instance.fate != .unwanted { bury(death, place, of: k, &desk) }
        slots[k][place].fate = instance.fate == .unwanted ? .unwanted : .failed
        noteVanished(place, of: k, &desk)
    }
}

extension AppSpec {
    /// How one of its instances is asked to end.
    func dismissal(of instance: InstanceID) -> Effect {
        shutdownWithMessage ? .dismiss(instance, stopSignal) : .signal(instance, stopSignal)
    }
}

extension Death {
    /// An end that nobody asked for. What was decided before (never ready) stands; the last words are known now.
    init(of instance: Instance, by exit: Exit) {
        self.init(
            generation: instance.generation, cause: instance.death?.cause ?? .exited(exit.status),
            at: exit.at,
            uptime: max(.zero, exit.at - instance.since), lastWords: exit.lastWords,
            peakMemory: exit.peakMemory, process: instance.process, killer: exit.killer, remark: exit.remark)
    }
}
