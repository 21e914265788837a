internal import Supervision

// MARK: - The table

extension Invariants {
    func living(in app: AppName) -> [InstanceID] {
        living.filter { instances[$0]?.app == app }
    }

    mutating func checkTable(_ snapshot: Snapshot) {
        var listed: Set<InstanceID> = []
        var slotIDs: Set<SlotID> = []
        for app in snapshot.apps {
            let name = app.spec.name
            let surge = surges[name] ?? 1
            var count = 0
            for (position, slot) in app.slots.enumerated() {
                require(slot.index.number == position, "the slots of \(name) are not dense")
                require(slotIDs.insert(slot.id).inserted, "slot id \(slot.id.number) is there twice")
                let all = (slot.current.map { [$0] } ?? []) + slot.others
                count += all.count
                for instance in all { listed.insert(instance.id) }
                let rivals = slot.others.count {
                    let isRival = $0.phase == .launching || $0.phase == .starting || $0.phase == .online
                    return isRival && $0.generation != app.canary?.generation
                }
                if app.operation == nil, !isReborn {
                    require(rivals == 0, "two in one slot of \(name) without a reload")
                }
            }
            require(count <= app.slots.count + surge, "\(name) has more processes than it may")
            checkRotation(of: app)
        }
        for id in steered.values.joined() {
            require(instances[id]?.state == .runs, "still steered to what has ended: \(id.number)")
        }
        let differing = listed.symmetricDifference(living).map(\.number)
        require(differing.isEmpty, "table and processes differ: \(differing)")
    }

    /// Whoever is online gets connections: of a slot the one that serves, and the canary beside it. During a switch all
    /// of one side.
    private mutating func checkRotation(of app: AppSnapshot) {
        guard !isReborn else { return }
        let name = app.spec.name
        let rotation = Set(steered[name] ?? [])
        let online = app.slots.compactMap(\.current).filter { $0.phase == .online }.map(\.id)
        let canaries = app.slots.flatMap(\.others).filter {
            $0.generation == app.canary?.generation && $0.phase == .online && app.operation != .reloading
        }
        let fit = (online + canaries.map(\.id)).filter { instances[$0]?.isFit ?? true }
        let isRolling = app.operation == .reloading || app.operation == .rollingBack
        let isSwitching = isRolling && rotation.contains { instances[$0]?.isOfSwitch == true }
        if isSwitching || (isRolling && app.canary != nil) {
            require(online.isEmpty || !rotation.isEmpty, "\(name) is steered to nobody")
        } else {
            let meant = fit.isEmpty ? online : fit
            let well = meant.filter { instances[$0]?.stuckSince == nil }
            require(
                rotation == Set(well.isEmpty || well.count * 2 < meant.count ? meant : well),
                "\(name) is steered to others than those online, fit and well")
        }
        let generations = Set(rotation.compactMap { instances[$0]?.generation })
        let isOfSwitch = rotation.contains { instances[$0]?.isOfSwitch == true }
        if isKind, isOfSwitch, app.canary == nil, app.operation != .rollingBack {
            require(generations.count <= 1, "\(name) serves two versions at once")
        }
    }

    /// What the instances of a version listened on when another version replaced them.
    mutating func learn(from snapshot: Snapshot, at now: Instant) {
        let names = Set(snapshot.apps.map(\.spec.name))
        for gone in currents.keys where !names.contains(gone) {
            currents[gone] = nil
            held = held.filter { $0.key.app != gone }
        }
        for app in snapshot.apps {
            let name = app.spec.name
            let before = currents[name] ?? []
            for current in app.slots.compactMap(\.current) where current.phase == .online {
                instances[current.id]?.wasReady = true
            }
            currents[name] = app.slots.map { $0.current?.id }
            for (slot, old) in zip(app.slots, before) where slot.current?.id != old {
                guard let old, slot.others.contains(where: { $0.id == old }), let known = instances[old],
                    known.generation != slot.current?.generation
                else { continue }
                learn(from: known, at: now)
            }
        }
    }

    func version(of known: Known) -> Version {
        Version(app: known.app, generation: known.generation, release: known.release)
    }

    /// One that was never ready shows nothing. Where it may have become so in the event that ended it, or under a daemon that
    /// died, its version is known from now on, and nothing is expected because of it.
    mutating func learn(from known: Known, at now: Instant) {
        let mayHaveBeenReady = known.isInherited || known.readyAt.map { $0 <= now } ?? false
        guard known.wasReady || mayHaveBeenReady else { return }
        held[version(of: known), default: []].formUnion(known.wasReady ? known.listening : [])
    }

    /// Where a successor must listen: where the other does; but no version on what came after it. One that comes back
    /// after its time has another number.
    func expectation(of known: Known, inPlaceOf current: InstanceSnapshot) -> Set<ListenAddress> {
        let all = Set(current.listening)
        guard current.generation != known.generation else { return all }
        if let held = held[version(of: known)] { return all.intersection(held) }
        let others = held.filter { $0.key.app == known.app && $0.key.release == known.release }
        return others.values.reduce(all) { $0.intersection($1) }
    }

    /// The way back led to a version that never ran, which is expected to listen where the one in force does.
    func isOfUnknown(_ failure: Failure, _ request: Request?) -> Bool {
        guard case .rollback = request, case .neverReady(_, let missing) = failure.death.cause,
            let release = instances.values.first(where: {
                $0.app == failure.app && $0.generation == failure.generation
            })?.release
        else { return false }
        return !missing.isEmpty && !held.keys.contains { $0.app == failure.app && $0.release == release }
    }

    /// A canary gets what was promised, as long as both sides are there.
    mutating func checkShares(_ shares: [Share], _ app: AppSnapshot?) {
        require(shares.allSatisfy { $0.weight > 0 }, "a share of nothing")
        guard let app else { return }
        let few = shares.filter { instances[$0.instance]?.generation == app.canary?.generation }
        guard let canary = app.canary, !few.isEmpty, few.count < shares.count else {
            return require(Set(shares.map(\.weight)).count <= 1, "\(app.spec.name) is steered unevenly")
        }
        guard app.operation == nil else { return }
        let total = shares.reduce(0) { $0 + $1.weight }
        let given = few.reduce(0) { $0 + $1.weight }
        require(
            given * 100 == total * canary.percent,
            "the canary of \(app.spec.name) gets \(given) of \(total), not \(canary.percent) %")
    }

    /// After a rollback all are of the version in force, or of one that is specified alike; but where one of it has been tried
    /// since, in vain.
    mutating func checkReturn(_ app: AppSnapshot) {
        for slot in app.slots {
            guard let current = slot.current, let known = instances[current.id],
                known.generation != app.generation, known.release != app.spec.arguments,
                // Who is only ordered cannot be asked to end yet; what was tried before a daemon's death is not known.
                known.state == .runs, !known.wasAsked, !known.wasDrained, !known.isInherited
            else { continue }
            let wasTried = instances.contains { id, other in
                other.app == known.app && other.slot == known.slot && other.generation == app.generation
                    && id.number > current.id.number
            }
            require(wasTried, "rolled back, and \(current.id.number) is what had failed")
        }
    }

    mutating func checkCanary(_ outcome: Outcome, _ app: AppSnapshot?) {
        guard case .canary(let generation, _) = outcome.note else {
            return violate("\(outcome.app) is a canary of nothing")
        }
        // Its share may have been changed by whoever was next.
        require(app?.canary?.generation == generation, "\(outcome.app) has another canary")
        let rotation = steered[outcome.app] ?? []
        require(
            rotation.contains { instances[$0]?.generation == generation },
            "the canary of \(outcome.app) gets nothing")
    }

    /// Written whenever it changes; the count of restarts may wait for the next time.
    mutating func checkSaved(_ saved: SavedState, _ written: SavedState) {
        if saved != written {
            require(
                withoutRestarts(saved) == withoutRestarts(written),
                "what must outlive the daemon changed and was not saved")
        }
        let processes = Set(saved.apps.flatMap(\.slots).flatMap(\.instances).map(\.id))
        let running = Set(
            instances.filter { $0.value.state != .gone }.map(\.key))
        require(processes == running, "saved and running differ")
    }

    /// Whoever hears an answer may count on it, whatever becomes of the daemon in that moment.
    mutating func checkAcknowledged(_ saved: SavedState, _ written: SavedState) {
        require(
            withoutRestarts(saved) == withoutRestarts(written), "acknowledged before it was written")
    }

    func withoutRestarts(_ state: SavedState) -> SavedState {
        var state = state
        for a in state.apps.indices {
            for s in state.apps[a].slots.indices { state.apps[a].slots[s].restarts = 0 }
        }
        return state
    }

    /// Where nothing fails, a reload never serves with fewer, and a restart with one fewer at most.
    mutating func checkKindness(_ snapshot: Snapshot) {
        for app in snapshot.apps {
            let name = app.spec.name
            let serving = Set((steered[name] ?? []).compactMap { instances[$0]?.slot }).count
            let before = served.updateValue(serving, forKey: name) ?? serving
            guard let operation = app.operation, operation == .reloading || operation == .restarting else {
                floors[name] = nil
                continue
            }
            guard let known = floors[name], known.operation == operation else {
                // In the event in which it begins something may have been taken away already.
                floors[name] = (operation, before)
                require(
                    serving >= before - 1, "\(name) serves with \(serving) of \(before) while \(operation)")
                continue
            }
            let allowed = operation == .reloading ? known.floor : max(0, known.floor - 1)
            require(serving >= allowed, "\(name) serves with \(serving) of \(known.floor) while \(operation)")
            if operation == .restarting { floors[name]?.floor = max(known.floor, serving) }
        }
    }
}
