// Who gets the new connections of an app.

extension App {
    /// Says who gets new connections, if that is not who got them before: whoever is ready, and wanted.
    mutating func steer(_ touched: [Int], _ desk: inout Desk) {
        let side = sideInForce
        var hasChanged = hasNewShares || hasStuckChanged || steered == nil
        (hasNewShares, hasStuckChanged) = (false, false)
        for k in touched {
            let online = receiver(of: k, side)
            let fit = online.flatMap { isFit($0, in: k) ? $0 : nil }
            let tried = canaryReceiver(of: k)
            guard glances[k].online != online || glances[k].fit != fit || glances[k].tried != tried else {
                continue
            }
            (glances[k].online, glances[k].fit, glances[k].tried) = (online, fit, tried)
            hasChanged = true
        }
        guard hasChanged else { return }
        let fit = glances.compactMap(\.fit)
        let tried = glances.compactMap(\.tried)
        // Where nobody is fit, whoever is there is better than nobody.
        let others = fit.isEmpty && tried.isEmpty ? glances.compactMap(\.online) : fit
        let spared = sparing(others + tried)
        // A canary's share is of what another version gets; where all are of one version they get the same.
        let percent = canary.flatMap { open in
            spared.contains { isOther($0, than: open.target) } ? open.percent : nil
        }
        let shares =
            percent.map {
                .split(spared.filter { !tried.contains($0) }, spared.filter(tried.contains), percent: $0)
            }
            ?? [Share].even(spared)
        guard shares != steered else { return }
        steered = shares
        let receivers = Set(shares.map(\.instance))
        for k in slots.indices { slots[k].noteServing(glances[k], receivers) }
        desk.order(.steer(name, shares))
    }

    /// New connections go to it; nil: nobody knows, because a former daemon said where they go.
    func isInRotation(_ id: InstanceID) -> Bool? {
        steered.map { $0.contains { $0.instance == id } }
    }

    /// The side of a switch, and the version that is switched to.
    private typealias Switch = (side: Rollout.Side, target: Generation)

    private var sideInForce: Switch? {
        guard case .rolling(let rollout) = work?.stage, let side = rollout.side else { return nil }
        // Where no old one is left that could serve, a new one need not wait for the others.
        let hasOld = slots.contains {
            $0.current?.phase == .online && $0.current?.generation != rollout.target
        }
        return side == .blue && !hasOld ? nil : (side, rollout.target)
    }

    /// Who serves in a slot. During a switch all are of one version.
    private func receiver(of k: Int, _ switched: Switch?) -> InstanceID? {
        guard let switched else { return slots[k].online }
        let isNew = slots[k].current?.generation == switched.target
        switch switched.side {
        case .blue: return isNew ? nil : slots[k].online
        case .green:
            if let candidate = slots[k].candidate, candidate.phase == .online { return candidate.id }
            return isNew ? slots[k].online : nil
        }
    }

    private func isOther(_ id: InstanceID, than target: Generation) -> Bool {
        slots.contains { $0.current?.id == id && $0.current?.generation != target }
    }

    private func canaryReceiver(of k: Int) -> InstanceID? {
        guard let canary, canary.slots.contains(k), let candidate = slots[k].candidate,
            candidate.generation == canary.target, candidate.phase == .online, candidate.isFit
        else { return nil }
        return candidate.id
    }
}

extension App {
    private func isFit(_ id: InstanceID, in k: Int) -> Bool {
        slots[k].place(of: id).map { slots[k][$0].isFit } ?? false
    }
}

extension Slot {
    /// Whoever was given connections once is drained before it goes, also when others get them by then.
    fileprivate mutating func noteServing(_ glance: App.Glance, _ receivers: Set<InstanceID>) {
        for id in [glance.online, glance.tried] {
            guard let id, receivers.contains(id), let place = place(of: id), !self[place].hasServed else {
                continue
            }
            self[place].hasServed = true
        }
    }
}
