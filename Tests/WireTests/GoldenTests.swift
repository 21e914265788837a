import Supervision
import Testing

@testable import Wire

/// The protocol to the letter: what programs out there read and write. A change here is a change for them.
@Suite struct SpeakingTheProtocol {
    private let clock = WallClock(offset: .seconds(1_763_716_000))

    private func spec() -> AppSpec {
        var spec = AppSpec(name: AppName("api"), script: "server.js", workingDirectory: "/srv/shop")
        spec.instances = 2
        spec.mode = .cluster
        spec.environment = ["PORT": "3000", "API_KEY": "secret"]
        spec.inherited = EnvironmentID(4)
        spec.origin = "/srv/shop/ecosystem.json"
        return spec
    }

    private func death() -> Death {
        Death(
            generation: Generation(2), cause: .exited(.code(1)), at: Instant(nanoseconds: 95_000_000_000),
            uptime: .milliseconds(250), lastWords: ["Error: no database"], peakMemory: 4096,
            process: ProcessID(4200), consequence: .restarted(after: .milliseconds(800)))
    }

    private func snapshot() -> Snapshot {
        let current = InstanceSnapshot(
            id: InstanceID(7), generation: Generation(1), phase: .online, process: ProcessID(4242),
            since: Instant(nanoseconds: 60_000_000_000), listening: [ListenAddress(host: "::", port: 3000)],
            inRotation: true, usage: Usage(memory: 52_428_800, processorTenths: 15))
        let online = SlotSnapshot(
            index: SlotIndex(0), id: SlotID(3), status: .online, current: current, restarts: 1)
        let waiting = SlotSnapshot(
            index: SlotIndex(1), id: SlotID(4), status: .waitingRestart, restarts: 2, unstableRestarts: 2,
            deaths: [death()], nextTry: Instant(nanoseconds: 100_000_000_000))
        let failure = Failure(
            app: AppName("api"), slot: SlotIndex(1), generation: Generation(2), death: death())
        return Snapshot(apps: [
            AppSnapshot(
                spec: spec(), generation: Generation(1), slots: [online, waiting], operation: .reloading,
                lastFailure: failure,
                failures: [
                    FailedOperation(
                        at: Instant(nanoseconds: 95_500_000_000), goal: .reloaded, failure: failure,
                        isRolledBack: true)
                ])
        ])
    }

    /// `SWPM_WRITE_GOLDEN=1 swift test --filter SpeakingTheProtocol` accepts what is written now.
    private func expectGolden(_ bytes: [UInt8], _ name: String) throws {
        if writesGolden { try writeProjectText(bytes, to: "Tests/WireTests/Golden/\(name)") }
        #expect(bytes.text == (try projectText("Tests/WireTests/Golden/\(name)")), "\(bytes.text)")
    }

    @Test func `GET apps`() throws {
        try expectGolden(Answer.bytes(snapshot(), clock: clock), "apps.json")
    }

    private func killing() -> Killing {
        Killing(
            generation: Generation(1), at: Instant(nanoseconds: 96_000_000_000), patience: .seconds(10),
            victims: Victims(
                main: ProcessID(4242),
                others: (1...9).map { KilledProcess(ProcessID(5000 + $0), command: "node worker.js \($0)") }))
    }

    @Test func `GET apps with ports, and what was killed`() throws {
        var snapshot = snapshot()
        let address = ListenAddress(host: "::", port: 3000)
        snapshot.apps[0].slots[0].killings = [killing()]
        snapshot.apps[0].slots[0].current?.queueStuckSince = Instant(nanoseconds: 97_000_000_000)
        snapshot.apps[0].slots[0].current?.ports = PortsSnapshot(
            tier: .shared,
            listeners: [.init(address: address, waiting: 3, limit: 1024, isShared: true, isStuck: true)],
            connections: 12)
        snapshot.apps[0].slots[0].others = [PortsSnapshot.Tier.plain, .declared].map { tier in
            var other = snapshot.apps[0].slots[0].current!
            other.ports = PortsSnapshot(
                tier: tier,
                obstacle: tier == .plain ? .single : .refused("cannot install a filter: Permission denied"))
            return other
        }
        try expectGolden(Answer.bytes(snapshot, clock: clock), "apps-ports.json")
        let outcome = Outcome(
            app: AppName("api"), change: .stopped, instances: 0,
            toll: Toll(count: 3, told: [Toll.Entry(SlotIndex(1), killing())]))
        try expectGolden(Answer.bytes(.reply(.done([outcome])), clock: clock), "stop.ndjson")
    }

    @Test func `GET jlist`() throws {
        let facts = JlistFacts(username: "me", home: "/home/me/.swpm") { spec, slot in
            let base = "/home/me/.swpm/logs/\(spec.name)"
            return JlistFacts.Slot(
                logs: LogFiles(
                    output: "\(base)-out-\(slot.number).log", error: "\(base)-error-\(slot.number).log"),
                interpreter: "node")
        }
        try expectGolden(Jlist.bytes(snapshot(), facts: facts, clock: clock), "jlist.json")
    }

    @Test func `the stream of a reload`() throws {
        let app = AppName("api", in: "shop")
        let steps: [Progress.Step] = [
            .queued, .launching, .started(ProcessID(4243)),
            .ready([ListenAddress(host: "0.0.0.0", port: 3000)]),
            .draining, .stopping, .stopped, .died(death()), .rollingBack,
        ]
        var bytes: [UInt8] = []
        for step in steps {
            let progress = Progress(app: app, slot: SlotIndex(0), generation: Generation(2), step: step)
            bytes += Answer.bytes(.progress(progress), clock: clock)
        }
        let outcome = Outcome(app: app, change: .reloaded, instances: 2)
        var failure = Failure(app: app, slot: SlotIndex(1), generation: Generation(2), death: death())
        bytes += Answer.bytes(.reply(.done([outcome])), clock: clock)
        bytes += Answer.bytes(.reply(.refused(.noSuchApp("web"))), clock: clock)
        failure.death.cause = .neverReady(
            after: .seconds(30), missing: [ListenAddress(host: "::1", port: 80)])
        bytes += Answer.bytes(.reply(.rolledBack(failure, outcomes: [])), clock: clock)
        failure.death.cause = .exited(.signal(.kill))
        bytes += Answer.bytes(.reply(.failed(failure, outcomes: [outcome])), clock: clock)
        try expectGolden(bytes, "reload.ndjson")
    }

    @Test func `POST apps`() throws {
        let call = APICall.operate(.apply([spec()]), environment: ["PATH": "/bin", "LANG": "C"])
        try expectGolden(call.bytes(), "apply.http")
    }

    @Test func `errors, and who answers`() throws {
        var bytes =
            Answer.bytes(Refusal.noSuchApp("web")) + Answer.bytes(Refusal.tooMany(what: "apps", limit: 1000))
        bytes += Answer.bytes(Refusal.invalid("the script is empty")) + Answer.bytes(Refusal.shuttingDown)
        bytes += Answer.bytes(APIRefusal(.timedOut))
        let facts = DaemonFacts(
            version: "0.1.0", build: "6f24e5e73e75", process: ProcessID(77),
            since: Instant(nanoseconds: 1_500_000_000))
        bytes += Answer.bytes(facts, clock: clock) + Answer.pong
        try expectGolden(bytes, "answers.ndjson")
    }

    @Test func `the history`() throws {
        var killed = death()
        killed.cause = .exited(.signal(.kill))
        killed.killer = .outOfMemory
        killed.remark = "what was seen"
        killed.consequence = .gaveUp
        let app = snapshot().apps[0]
        let past = History.App(
            name: app.spec.name, slots: [History.Slot(index: SlotIndex(1), deaths: [death(), killed])],
            failures: app.failures, lastFailure: app.lastFailure)
        let file = HistoryFile(History(apps: [past]))
        try expectGolden(file.bytes(clock: clock), "history.json")
        let written = try projectText("Tests/WireTests/Golden/history.json")
        #expect(
            try HistoryFile(parsing: [UInt8](written), clock: clock) == file, "an old history can be read")
    }

    @Test func `the saved state`() throws {
        let instance = SavedState.Instance(
            id: InstanceID(7), generation: Generation(1), process: ProcessID(4242),
            since: Instant(nanoseconds: 60_000_000_001), listening: [ListenAddress(host: "::", port: 3000)])
        let slot = SavedState.Slot(
            index: SlotIndex(0), id: SlotID(3), wanted: true, restarts: 1, instances: [instance])
        let state = SavedState(
            nextInstance: 8, apps: [SavedState.App(spec: spec(), generation: Generation(1), slots: [slot])])
        let file = StateFile(
            state: state, environments: [EnvironmentID(4): ["PATH": "/bin", "HOME": "/home/me"]], boot: "f00")
        try expectGolden(file.bytes, "state.json")
        let written = try projectText("Tests/WireTests/Golden/state.json")
        #expect(try StateFile(parsing: [UInt8](written)) == file, "an old state can be read")
    }

    @Test func `a state from before there were canaries and ways back is read`() throws {
        let written = try projectText("Tests/WireTests/Golden/state-0.1.0.json")
        let app = try #require(try StateFile(parsing: [UInt8](written)).state.apps.first)
        #expect(app.previous == nil && app.canary == nil && app.places == nil && app.listened == nil)
        #expect(app.spec.strategy == .rolling && app.spec.bake == nil)
    }

    @Test func `no answer shows a variable's value`() {
        let facts = JlistFacts(username: "", home: "") { _, _ in
            .init(logs: LogFiles(output: "", error: ""), interpreter: "")
        }
        for bytes in [
            Answer.bytes(snapshot(), clock: clock), Jlist.bytes(snapshot(), facts: facts, clock: clock),
        ] {
            #expect(bytes.text.contains("API_KEY") && !bytes.text.contains("secret"))
        }
    }

    @Test func `a state of a newer version is refused, and its new members of this version are not`() throws {
        do {
            _ = try StateFile(parsing: [UInt8]("{\"version\":2}"))
            Issue.record("a newer state was read")
        } catch {
            #expect("\(error)".contains("written by a newer swpm (format 2, this one reads 1)"))
        }
        let text = #"{"version":1,"next_instance":3,"apps":[],"novelty":{"a":1}}"#
        #expect(try StateFile(parsing: [UInt8](text)).state == SavedState(nextInstance: 3))
    }
}
