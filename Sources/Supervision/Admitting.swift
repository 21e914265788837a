// A request is refused as a whole, or becomes one operation for each app it is about.

extension Supervisor {
    /// Says which apps have something new to do; refusals go straight to the answers.
    mutating func admit(_ request: Request, _ ticket: Ticket, _ answers: inout [Effect]) -> [AppName] {
        // Whoever lost a daemon asks again, under the same ticket.
        guard inquiries[ticket] == nil else { return [] }
        if let said = answered.last(where: { $0.ticket == ticket }) {
            answers.append(.reply(ticket, said.reply))
            return []
        }
        do throws(Refusal) {
            guard closing == nil else { throw .shuttingDown }
            return try admit(request, ticket)
        } catch {
            answers.append(.reply(ticket, .refused(error)))
            return []
        }
    }

    /// In case that the daemon dies before its client has heard it.
    mutating func remember(_ reply: Reply, to ticket: Ticket) {
        if answered.count >= Supervisor.answeredLimit { answered.removeFirst() }
        answered.append(SavedState.Answered(ticket: ticket, reply: reply))
    }

    private mutating func admit(_ request: Request, _ ticket: Ticket) throws(Refusal) -> [AppName] {
        switch request {
        case .apply(let specs): try apply(specs, ticket)
        case .start(let selector): try enqueue(.start, try select(selector), ticket)
        case .stop(let selector): try enqueue(.stop, try select(selector), ticket)
        case .restart(let selector): try enqueue(.restart, try select(selector), ticket)
        case .reload(let selector): try enqueue(.reload, try select(selector).whole, ticket)
        case .scale(let selector, let scale): try self.scale(try select(selector).whole, scale, ticket)
        case .delete(let selector): try delete(try select(selector), ticket)
        case .shutdown: shutDown(ticket)
        case .forced(.stop, let selector):
            try enqueue(.stop, try select(selector), ticket, isForced: true)
        case .forced(.reload, let selector):
            try enqueue(.reload, try select(selector).whole, ticket, isForced: true)
        case .canary(let selector, let percent):
            try enqueue(.canary(nil, percent: try check(percent)), try select(selector).whole, ticket)
        case .applyCanary(let specs, let percent): try apply(specs, ticket, percent: try check(percent))
        case .promote(let selector): try enqueue(.promote, try canaries(of: try select(selector)), ticket)
        case .rollback(let selector): try enqueue(.rollback, try revertible(try select(selector)), ticket)
        }
    }

    private mutating func enqueue(
        _ kind: Operation.Kind, _ selection: Selection, _ ticket: Ticket, isForced: Bool = false
    ) throws(Refusal) -> [AppName] {
        // An end empties the queue, and must always be possible.
        if kind != .stop, kind != .delete { for name in selection.apps { try checkQueue(of: name) } }
        inquiries[ticket] = Inquiry(pending: selection.apps.count)
        for name in selection.apps {
            apps[name]?.enqueue(
                Operation(kind: kind, ticket: ticket, only: selection.only, isForced: isForced), &desk)
        }
        return selection.apps
    }

    private func checkQueue(of name: AppName) throws(Refusal) {
        guard let app = apps[name], app.queue.count >= Limits.queuedOperationsPerApp else { return }
        throw .tooMany(what: "queued operations for \(name)", limit: Limits.queuedOperationsPerApp)
    }

    private mutating func delete(_ selection: Selection, _ ticket: Ticket) throws(Refusal) -> [AppName] {
        if let slot = selection.only, let name = selection.apps.first, let app = apps[name],
            app.slots.count > 1
        {
            let id = app.slots[slot.number].id.number
            throw .invalid(
                "\(id) is one of the \(app.slots.count) instances of \(name): delete \(name), or scale it")
        }
        return try enqueue(.delete, selection.whole, ticket)
    }

    private mutating func scale(
        _ selection: Selection, _ scale: Scale, _ ticket: Ticket
    ) throws(Refusal) -> [AppName] {
        if case .to(let count) = scale, count < 0 { throw .invalid("an app cannot have \(count) instances") }
        var total = apps.values.reduce(0) { $0 + $1.spec.instances }
        for name in selection.apps {
            let present = apps[name]?.spec.instances ?? 0
            guard scale.wish(from: present) <= Limits.instancesPerApp else {
                throw .tooMany(what: "instances of \(name)", limit: Limits.instancesPerApp)
            }
            if case .by(let change) = scale, scale.wish(from: present) < 0 {
                throw .invalid(
                    "\(name) has \(present) of the \(change.magnitude) instances; to keep none, scale it to 0"
                )
            }
            total += scale.count(from: present) - present
        }
        guard total <= Limits.instances else { throw .tooMany(what: "instances", limit: Limits.instances) }
        return try enqueue(.scale(scale), selection, ticket)
    }

    /// With `percent`, what is there already is reloaded as a canary.
    private mutating func apply(
        _ specs: [AppSpec], _ ticket: Ticket, percent: Int? = nil
    ) throws(Refusal) -> [AppName] {
        try check(specs)
        for spec in specs { try checkQueue(of: spec.name) }
        let orphans = orphans(beside: specs)
        inquiries[ticket] = Inquiry(
            pending: specs.count,
            outcomes: orphans.map {
                Outcome(app: $0.name, change: .orphaned, instances: $0.slots.count { $0.isRunning })
            })
        for spec in specs {
            let operation = Operation(kind: kind(of: spec, percent), ticket: ticket)
            rank(spec.name)
            apps[spec.name, default: App(spec)].enqueue(operation, &desk)
        }
        desk.save()
        return specs.map(\.name)
    }

    private func kind(of spec: AppSpec, _ percent: Int?) -> Operation.Kind {
        guard let app = apps[spec.name] else { return .create }
        // After a deletion there is nothing beside which it could be tried.
        guard let percent, !app.isBeingDeleted else { return .become(spec) }
        return .canary(spec, percent: percent)
    }

    private func check(_ percent: Int) throws(Refusal) -> Int {
        guard (1...99).contains(percent) else {
            throw .invalid("a canary gets 1 to 99 % of the new connections, not \(percent)")
        }
        return percent
    }

    /// Of several apps, those that have one; but one at least.
    private func canaries(of selection: Selection) throws(Refusal) -> Selection {
        let some = selection.apps.filter { apps[$0]?.hasCanary ?? false }
        if some.isEmpty, let first = selection.apps.first { throw .noCanary(first) }
        return Selection(apps: some)
    }

    /// Of several apps, those that can go back; but one at least.
    private func revertible(_ selection: Selection) throws(Refusal) -> Selection {
        var objection: Refusal?
        let some = selection.apps.filter { name in
            guard let why = apps[name]?.objectionToGoingBack else { return true }
            objection = objection ?? why
            return false
        }
        if some.isEmpty, let objection { throw objection }
        return Selection(apps: some)
    }

    /// Apps that came from the same files and are in them no more.
    private func orphans(beside specs: [AppSpec]) -> [App] {
        let origins = Set(specs.compactMap(\.origin))
        let names = Set(specs.map(\.name))
        return apps.values.filter { app in
            guard let origin = app.spec.origin, !app.isBeingDeleted else { return false }
            return origins.contains(origin) && !names.contains(app.name)
        }
    }

    private mutating func shutDown(_ ticket: Ticket) -> [AppName] {
        closing = ticket
        let names = apps.keys.filter { apps[$0]?.isBeingDeleted == false }
        inquiries[ticket] = Inquiry(pending: names.count)
        for name in names { apps[name]?.enqueue(Operation(kind: .stop, ticket: ticket), &desk) }
        for name in apps.keys { apps[name]?.forsakeRebirth(&desk) }
        return Array(apps.keys)
    }
}

extension App {
    /// What was to come after the deletion does not.
    mutating func forsakeRebirth(_ desk: inout Desk) {
        guard isBeingDeleted else { return }
        for operation in queue where operation.kind != .delete { complete(operation, .superseded, &desk) }
        queue.removeAll { $0.kind != .delete }
    }
}

extension Scale {
    fileprivate func wish(from present: Int) -> Int {
        switch self {
        case .to(let count): count
        case .by(let more): present.addingReportingOverflow(more).partialValue
        }
    }
}
