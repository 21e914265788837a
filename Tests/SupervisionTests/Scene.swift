import Supervision

/// A supervisor, a clock that the test turns, and a kernel that does what the test says.
struct Scene {
    var supervisor = Supervisor(seed: 1)
    var now = Instant(nanoseconds: 1_000_000_000_000)
    /// Everything ordered so far, oldest first.
    var effects: [Effect] = []
    /// What the last event led to.
    var last: [Effect] = []
    private var tickets: UInt64 = 0
    private var processes: Int32 = 100
    private var answered: Set<InstanceID> = []

    static let address = ListenAddress(host: "0.0.0.0", port: 3000)
    static let elsewhere = ListenAddress(host: "0.0.0.0", port: 4000)
    static let web = AppName("web")

    static func spec(_ name: String = "web", instances: Int = 1) -> AppSpec {
        var spec = AppSpec(name: AppName(name), script: "server", workingDirectory: "/srv")
        spec.instances = instances
        return spec
    }

    /// Another release of the same app.
    static func release(_ argument: String, instances: Int = 1) -> AppSpec {
        var spec = spec(instances: instances)
        spec.arguments = [argument]
        return spec
    }
}

// MARK: - What is said to it

extension Scene {
    @discardableResult
    mutating func tell(_ event: Event) -> [Effect] {
        last = supervisor.handle(event, at: now)
        effects += last
        return last
    }

    @discardableResult
    mutating func ask(_ request: Request) -> Ticket {
        tickets += 1
        tell(.requested(request, Ticket(tickets)))
        return Ticket(tickets)
    }

    /// Lets time pass, with a wake-up at every deadline.
    @discardableResult
    mutating func pass(_ duration: Duration) -> [Effect] {
        let end = now + duration
        var seen: [Effect] = []
        while let next = supervisor.nextDeadline, next <= end {
            now = max(now, next)
            seen += tell(.deadlinePassed)
        }
        now = end
        last = seen
        return seen
    }

    /// Every spawn not yet answered succeeds.
    @discardableResult
    mutating func launch() -> [InstanceID] {
        let open = spawns.map(\.0).filter { answered.insert($0).inserted }
        for id in open {
            processes += 1
            tell(.spawned(id, ProcessID(processes)))
        }
        return open
    }

    mutating func failSpawn(_ reason: String = "cannot find program nope") {
        for id in spawns.map(\.0) where answered.insert(id).inserted {
            tell(.spawnFailed(id, reason: reason))
        }
    }

    /// Every spawn succeeds and listens.
    @discardableResult
    mutating func serve(on address: ListenAddress = Scene.address) -> [InstanceID] {
        let raised = launch()
        for id in raised { tell(.listened(id, address)) }
        return raised
    }

    /// The main process ends and nothing is left.
    mutating func die(_ id: InstanceID, _ status: ExitStatus = .code(1), words: [String] = []) {
        tell(.exited(id, Exit(status: status, at: now, lastWords: words)))
        vanish(id)
    }

    mutating func vanish(_ id: InstanceID) {
        let before = last
        tell(.vanished(id))
        last = before + last
    }

    /// Whoever was asked to end does so.
    mutating func obey() {
        for _ in 0..<100 {
            let drained = drains.filter { phase(of: $0) == .draining }
            for id in drained { tell(.drained(id)) }
            let stopped = (signals + dismissals).map(\.0).filter { phase(of: $0) == .stopping }
            for id in stopped { die(id, .signal(.terminate)) }
            if drained.isEmpty && stopped.isEmpty { return }
        }
    }

    /// An app of the given spec, started and serving.
    static func serving(_ spec: AppSpec = Scene.spec()) -> Scene {
        var scene = Scene()
        scene.ask(.apply([spec]))
        scene.serve()
        scene.pass(.seconds(60))
        return scene
    }

    /// A canary of another release beside four instances, opened.
    mutating func openCanary(_ percent: Int = 5, strategy: AppSpec.Strategy = .rolling) -> [InstanceID] {
        var release = Scene.release("2", instances: 4)
        release.strategy = strategy
        ask(.applyCanary([release], percent: percent))
        let new = serve()
        pass(.seconds(1))
        return new
    }

    /// A whole reload step: the candidate serves, is believed, and the old one ends.
    mutating func swap() {
        serve()
        pass(.seconds(2))
        obey()
    }
}

// MARK: - What it said

extension Scene {
    var spawns: [(InstanceID, Launch)] {
        effects.compactMap { if case .spawn(let id, let launch) = $0 { (id, launch) } else { nil } }
    }

    var signals: [(InstanceID, Signal)] {
        effects.compactMap { if case .signal(let id, let signal) = $0 { (id, signal) } else { nil } }
    }

    var dismissals: [(InstanceID, Signal)] {
        effects.compactMap { if case .dismiss(let id, let signal) = $0 { (id, signal) } else { nil } }
    }

    var drains: [InstanceID] {
        effects.compactMap { if case .drain(let id) = $0 { id } else { nil } }
    }

    var sweeps: [(InstanceID, Signal)] {
        effects.compactMap { if case .sweep(let id, let signal) = $0 { (id, signal) } else { nil } }
    }

    var releases: [InstanceID] {
        effects.compactMap { if case .release(let id) = $0 { id } else { nil } }
    }

    var steering: [InstanceID] {
        shares.map(\.instance)
    }

    var shares: [Share] {
        effects.reduce([]) { if case .steer(_, let shares) = $1 { shares } else { $0 } }
    }

    func reply(to ticket: Ticket) -> Reply? {
        for case .reply(ticket, let reply) in effects { return reply }
        return nil
    }

    func change(of ticket: Ticket) -> Outcome.Change? {
        guard case .done(let outcomes) = reply(to: ticket) else { return nil }
        return outcomes.first?.change
    }

    func steps(of ticket: Ticket) -> [Progress.Step] {
        effects.compactMap { if case .progress(ticket, let progress) = $0 { progress.step } else { nil } }
    }

    func app(_ name: AppName = Scene.web) -> AppSnapshot? {
        supervisor.snapshot.apps.first { $0.spec.name == name }
    }

    func slot(_ number: Int = 0, of name: AppName = Scene.web) -> SlotSnapshot? {
        app(name).flatMap { $0.slots.indices.contains(number) ? $0.slots[number] : nil }
    }

    func current(_ number: Int = 0) -> InstanceID? { slot(number)?.current?.id }

    func phase(of id: InstanceID) -> InstanceSnapshot.Phase? {
        for slot in supervisor.snapshot.apps.flatMap(\.slots) {
            for instance in (slot.current.map { [$0] } ?? []) + slot.others where instance.id == id {
                return instance.phase
            }
        }
        return nil
    }

    /// What an heir was made of.
    func heir(of id: InstanceID) -> InstanceID? {
        spawns.first { $0.1.heir == id }?.0
    }
}
