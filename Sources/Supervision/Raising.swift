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
        var owed = slots[k].current?.owed ?? slots[k].owed
        if slots[k].current?.generation != generation { owed = expectable(owed, of: generation) }
        slots[k].verdict = .open
        slots[k].candidate = spawn(k, generation, expecting: owed, heirOf: nil, &desk)
    }

    private func spawn(
        _ k: Int, _ generation: Generation, expecting owed: [ListenAddress], heirOf heir: InstanceID?,
        _ desk: inout Desk
    ) -> Instance {
        let id = desk.takeInstanceID()
        desk.save()
        desk.homes[id] = Desk.Home(app: name, slot: k)
        let launch = Launch(
            spec: spec(of: generation), slot: slots[k].index, id: slots[k].id, generation: generation,
            heirOf: heir)
        tell(.launching, k, generation, &desk)
        desk.order(.spawn(id, launch))
        var instance = Instance(id: id, generation: generation, since: desk.now, expected: owed)
        instance.heir = heir
        return instance
    }

    /// A former daemon ordered it and died before it came to be: it is ordered anew, as if nothing had been said. What
    /// it was to inherit stays under its name.
    mutating func noteNeverSpawned(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        let instance = slots[k][place]
        slots[k].remove(place)
        desk.homes[instance.id] = nil
        desk.save()
        guard place == .current, instance.fate == .running, isWanted(k) else {
            return desk.order(.release(instance.id))
        }
        slots[k].estate = instance.id
        slots[k].owed = instance.expected
    }

    mutating func noteSpawned(_ process: ProcessID, _ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        slots[k][place].process = process
        slots[k][place].since = desk.now
        slots[k][place].phase = .starting(until: desk.now + patience(with: slots[k][place]))
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
        if address == nil { slots[k][place].listensApart = true }
        weigh(place, of: k, &desk)
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
        // One that serves already, on trial, has failed.
        if isInRotation(instance.id) == true {
            return failCandidate(k, .faltered(missing: instance.missing), &desk)
        }
        slots[k][place].readySince = nil
        slots[k][place].isProven = false
        slots[k][place].phase = .starting(until: instance.since + patience(with: instance))
    }
}
