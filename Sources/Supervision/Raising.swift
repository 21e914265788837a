// How an instance comes to be, until it is ready.

extension App {
    /// Spawns the current instance of an empty slot.
    mutating func raise(_ k: Int, _ desk: inout Desk) {
        if case .waiting = slots[k].rest { slots[k].restarts += 1 }
        let heir = slots[k].estate
        slots[k].estate = nil
        slots[k].rest = .idle
        slots[k].current = spawn(
            k, slots[k].generation, expecting: slots[k].owed, heirOf: heir, &desk)
        slots[k].owed = []
    }

    /// Spawns a would-be successor beside the current instance.
    mutating func raiseCandidate(_ k: Int, _ generation: Generation, _ desk: inout Desk) {
        let owed = slots[k].current?.owed ?? []
        slots[k].verdict = .open
        slots[k].candidate = spawn(k, generation, expecting: owed, heirOf: nil, &desk)
    }

    private func spawn(
        _ k: Int, _ generation: Generation, expecting owed: [ListenAddress], heirOf heir: InstanceID?,
        _ desk: inout Desk
    ) -> Instance {
        let id = desk.takeInstanceID()
        desk.homes[id] = Desk.Home(app: name, slot: k)
        let launch = Launch(
            spec: spec(of: generation), slot: slots[k].index, id: slots[k].id, generation: generation,
            heirOf: heir)
        tell(.launching, k, generation, &desk)
        desk.order(.spawn(id, launch))
        return Instance(id: id, generation: generation, since: desk.now, expected: owed)
    }

    mutating func noteSpawned(_ process: ProcessID, _ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let spec = spec(of: slots[k][place].generation)
        let patience = slots[k][place].expected.isEmpty ? spec.restart.minUptime : spec.listenTimeout
        slots[k][place].process = process
        slots[k][place].since = desk.now
        slots[k][place].phase = .starting(until: desk.now + patience)
        desk.save()
        tell(.started(process), k, slots[k][place].generation, &desk)
    }

    mutating func noteListened(
        on address: ListenAddress?, _ place: Slot.Place, of k: Int, _ desk: inout Desk
    ) {
        if let address, slots[k][place].listen(on: address) {
            desk.save()
            // A listener opened while serving joins those that are steered to.
            if let steered, isInRotation(slots[k][place].id) == true { desk.order(.steer(name, steered)) }
        }
        guard case .starting = slots[k][place].phase, slots[k][place].missing.isEmpty else { return }
        becomeReady(place, of: k, &desk)
    }

    mutating func noteUnlistened(
        _ address: ListenAddress, _ place: Slot.Place, of k: Int, _ desk: inout Desk
    ) {
        guard slots[k][place].unlisten(address) else { return }
        desk.save()
        // A candidate that closes what it must hold has not proved itself yet.
        guard place == .candidate, slots[k][place].phase == .online, !slots[k][place].missing.isEmpty else {
            return
        }
        let instance = slots[k][place]
        slots[k][place].readySince = nil
        slots[k][place].phase = .starting(until: instance.since + spec(of: instance.generation).listenTimeout)
    }

    /// The time to get ready is over: with nothing expected that is enough, otherwise it has failed.
    mutating func lapseStarting(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        guard !instance.expected.isEmpty else { return becomeReady(place, of: k, &desk) }
        let spec = spec(of: instance.generation)
        slots[k][place].fate = .failed
        slots[k][place].death = Death(
            generation: instance.generation,
            cause: .neverReady(after: spec.listenTimeout, missing: instance.missing), at: desk.now,
            uptime: desk.now - instance.since)
        slots[k][place].phase = .stopping(killAt: desk.now + spec.killTimeout, sweepAt: nil)
        desk.order(.signal(instance.id, spec.stopSignal))
    }

    private mutating func becomeReady(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        slots[k][place].phase = .online
        slots[k][place].readySince = desk.now
        if place == .current, slots[k].verdict == .open { slots[k].verdict = .ready }
        tell(.ready(slots[k][place].listening), k, slots[k][place].generation, &desk)
    }
}
