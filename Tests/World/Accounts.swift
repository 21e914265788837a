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
                    $0.phase == .launching || $0.phase == .starting || $0.phase == .online
                }
                if app.operation == nil, !isReborn {
                    require(rivals == 0, "two in one slot of \(name) without a reload")
                }
            }
            require(count <= app.slots.count + surge, "\(name) has more processes than it may")
            if !isReborn { checkRotation(app) }
        }
        for id in steered.values.joined() {
            require(instances[id]?.state == .runs, "still steered to what has ended: \(id.number)")
        }
        let differing = listed.symmetricDifference(living).map(\.number)
        require(differing.isEmpty, "table and processes differ: \(differing)")
    }

    /// Who is online and fit gets connections. Not the stuck; but never is more than half taken away for it, and so never all.
    private mutating func checkRotation(_ app: AppSnapshot) {
        let name = app.spec.name
        let online = app.slots.compactMap(\.current).filter { $0.phase == .online }.map(\.id)
        let fit = online.filter { instances[$0]?.isFit ?? true }
        let meant = fit.isEmpty ? online : fit
        let well = meant.filter { instances[$0]?.stuckSince == nil }
        let expected = well.isEmpty || well.count * 2 < meant.count ? meant : well
        require(
            Set(steered[name] ?? []) == Set(expected),
            "\(name) is steered to others than those online, fit and well")
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
            instances.filter { $0.value.state == .runs || $0.value.state == .exited }.map(\.key))
        require(processes == running, "saved and running differ")
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
            let serving = steered[name]?.count ?? 0
            guard let operation = app.operation, operation == .reloading || operation == .restarting else {
                floors[name] = nil
                continue
            }
            guard let known = floors[name], known.operation == operation else {
                floors[name] = (operation, serving)
                continue
            }
            let allowed = operation == .reloading ? known.floor : max(0, known.floor - 1)
            require(serving >= allowed, "\(name) serves with \(serving) of \(known.floor) while \(operation)")
            if operation == .restarting { floors[name]?.floor = max(known.floor, serving) }
        }
    }
}
