import Supervision

@testable import Wire

/// Dice that fall the same way for the same seed.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    /// splitmix64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func roll(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
    mutating func flip() -> Bool { Bool.random(using: &self) }
    mutating func pick<Element>(_ elements: [Element]) -> Element { elements.randomElement(using: &self)! }

    mutating func many<Element>(_ range: ClosedRange<Int>, _ make: (inout Dice) -> Element) -> [Element] {
        (0..<roll(range)).map { _ in make(&self) }
    }

    mutating func maybe<Element>(_ make: (inout Dice) -> Element) -> Element? {
        flip() ? make(&self) : nil
    }
}

// MARK: - Values of the core

extension Dice {
    mutating func text() -> String {
        let letters = [
            "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\t", "\u{1}", "é", "漢", "🚀", "e\u{301}", "%", "'",
        ]
        return many(0...12) { $0.pick(letters) }.joined()
    }

    /// What may be a name.
    mutating func word() -> String {
        "w" + many(0...8) { $0.pick(["a", "B", "7", "-", "_", ".", "é", " ", ":", "%", "?", "#"]) }.joined()
    }

    mutating func milliseconds() -> Duration { .milliseconds(roll(0...100_000_000)) }
    mutating func precise() -> Duration { .nanoseconds(Int64(roll(0...1_000_000_000_000))) }
    mutating func instant() -> Instant { Instant(nanoseconds: Int64(roll(0...1_000_000_000)) * 1_000_000) }
    mutating func app() -> AppName { AppName(word(), in: pick(["default", "shop", "é"])) }
    mutating func generation() -> Generation { Generation(roll(1...99)) }
    mutating func address() -> ListenAddress {
        ListenAddress(
            host: pick(["127.0.0.1", "0.0.0.0", "::", "::1", "fe80::1"]), port: UInt16(roll(0...65535)))
    }

    mutating func spec() -> AppSpec {
        var spec = AppSpec(name: app(), script: "./" + word(), workingDirectory: "/srv/" + word())
        spec.arguments = many(0...3) { $0.text() }
        spec.interpreter = pick([.automatic, .none, .program("python3")])
        spec.interpreterArguments = many(0...2) { $0.text() }
        for _ in 0..<roll(0...4) { spec.environment[word()] = text() }
        spec.inherited = maybe { EnvironmentID(UInt64($0.roll(0...Int.max))) }
        spec.origin = maybe { "/srv/" + $0.word() }
        spec.instances = roll(0...1000)
        spec.mode = pick([.fork, .cluster])
        spec.balance = pick([.automatic, .random, .ip, .shared])
        spec.ports = many(0...3) { UInt16($0.roll(1...65535)) }
        spec.sockets = many(0...3) { $0.address() }
        spec.zeroDowntime = maybe { $0.flip() }
        spec.stopSignal = Signal(number: Int32(roll(1...64)))
        spec.killTimeout = precise()
        spec.listenTimeout = precise()
        spec.drainTimeout = milliseconds()
        spec.maxSurge = roll(1...9)
        spec.drain = pick([.connections, .wait, .off])
        spec.drainGrace = milliseconds()
        spec.stuckTimeout = milliseconds()
        spec.stuckReplace = maybe { $0.milliseconds() }
        spec.strategy = pick([.rolling, .blueGreen])
        spec.bake = maybe { $0.precise() }
        spec.user = maybe { $0.word() }
        spec.group = maybe { $0.word() }
        spec.umask = maybe { UInt32($0.roll(0...0o777)) }
        spec.nice = maybe { Int32($0.roll(-20...19)) }
        spec.restart = policy()
        spec.waitReady = flip()
        spec.health = maybe { $0.healthCheck() }
        spec.watchdog = maybe { $0.precise() }
        spec.nodePreload = flip()
        spec.shutdownWithMessage = flip()
        spec.instanceVariable = word()
        spec.incrementVariable = maybe { $0.word() }
        return spec
    }

    private mutating func healthCheck() -> HealthCheck {
        var http = HTTPProbe(path: "/" + word())
        http.port = maybe { UInt16($0.roll(1...65535)) }
        http.statuses = many(0...3) { $0.roll(100...599) }
        for _ in 0..<roll(0...2) { http.headers[word()] = text() }
        var check = HealthCheck(
            pick([
                .http(http), .tcp(port: nil), .tcp(port: 80), .command([word(), text()]),
            ]))
        check.interval = precise()
        check.timeout = precise()
        check.retries = roll(1...1000)
        check.startPeriod = maybe { $0.precise() }
        check.liveness = flip()
        return check
    }

    private mutating func policy() -> RestartPolicy {
        var policy = RestartPolicy()
        policy.automatic = flip()
        policy.minUptime = precise()
        policy.maxRestarts = maybe { $0.roll(0...100) }
        policy.fixedDelay = maybe { $0.milliseconds() }
        policy.firstDelay = milliseconds()
        policy.longestDelay = milliseconds()
        policy.maxMemory = maybe { UInt64($0.roll(1...1 << 50)) }
        policy.schedule = maybe { Schedule($0.pick(["0 3 * * *", "@daily", "*/5 1-4 1,15 * mon"])) } ?? nil
        policy.stopExitCodes = many(0...3) { Int32($0.roll(0...255)) }
        return policy
    }

    mutating func death() -> Death {
        let causes: [Death.Cause] = [
            .exited(.code(Int32(roll(-1...255)))), .exited(.signal(Signal(number: Int32(roll(1...64))))),
            .exited(.unknown), .notStarted(text()),
            .neverReady(after: precise(), missing: many(0...3) { $0.address() }),
            .neverSaidReady(after: precise()), .unhealthy(text(), failures: roll(1...9)),
            .silent(after: precise()), .stuck(after: precise()),
            .exceeded(Excess(used: UInt64(roll(0...1 << 40)), limit: UInt64(roll(0...1 << 40)))),
            .faltered(missing: many(0...3) { $0.address() }),
        ]
        return Death(
            generation: generation(), cause: pick(causes), at: instant(), uptime: precise(),
            lastWords: many(0...3) { $0.text() }, peakMemory: UInt64(roll(0...Int.max)),
            process: maybe { ProcessID(Int32($0.roll(1...99_999))) },
            killer: maybe { $0.pick([.outOfMemory, .somebody, .unknown]) }, remark: maybe { $0.text() },
            consequence: maybe { dice in
                let delay = dice.milliseconds()
                return dice.pick([.restarted(after: delay), .rested, .gaveUp, .refused, .unwanted])
            })
    }

    mutating func failedOperation() -> FailedOperation {
        FailedOperation(
            at: instant(), goal: pick([.started, .restarted, .reloaded, .scaled]), failure: failure(),
            isRolledBack: flip())
    }

    mutating func history() -> History {
        let apps = many(0...3) { dice in
            let deaths = dice.many(0...3) { dice in
                History.Slot(
                    index: SlotIndex(dice.roll(0...9)), deaths: dice.many(1...5) { $0.death() },
                    killings: dice.many(0...2) { $0.killing() })
            }
            return History.App(
                name: dice.app(), slots: deaths, failures: dice.many(0...3) { $0.failedOperation() },
                lastFailure: dice.maybe { $0.failure() })
        }
        return History(apps: apps)
    }

    mutating func failure() -> Failure {
        Failure(app: app(), slot: SlotIndex(roll(0...9)), generation: generation(), death: death())
    }

    mutating func reply() -> Reply {
        let changes: [Outcome.Change] = [
            .started, .stopped, .restarted, .reloaded, .scaled, .deleted, .unchanged, .orphaned, .superseded,
            .failed, .canary, .promoted, .reverted,
        ]
        let outcomes = many(0...3) {
            Outcome(
                app: $0.app(), change: $0.pick(changes), instances: $0.roll(0...99),
                note: $0.maybe { $0.note() }, toll: $0.maybe { $0.toll() })
        }
        return pick([
            .done(outcomes), .refused(refusal()), .failed(failure(), outcomes: outcomes),
            .rolledBack(failure(), outcomes: outcomes),
        ])
    }

    mutating func note() -> Outcome.Note {
        pick([
            .canary(generation(), percent: roll(1...99)), .promoted(generation()),
            .wentBack(to: generation(), directory: maybe { $0.text() }),
        ])
    }

    mutating func refusal() -> Refusal {
        pick([
            .noCanary(app()), .nothingBefore(app()), .sameBefore(app(), generation()),
            .noSuchApp(text()), .tooMany(what: text(), limit: roll(0...9999)), .invalid(text()),
            .shuttingDown,
        ])
    }

    mutating func progress() -> Progress {
        let steps: [Progress.Step] = [
            .queued, .launching, .started(ProcessID(Int32(roll(1...99_999)))),
            .ready(many(0...2) { $0.address() }), .draining, .stopping, .stopped, .died(death()),
            .rollingBack, .switched,
        ]
        return Progress(
            app: app(), slot: SlotIndex(roll(0...9)), generation: generation(), step: pick(steps))
    }

    mutating func instance() -> InstanceSnapshot {
        let phases: [InstanceSnapshot.Phase] = [
            .launching, .starting, .online, .draining, .stopping, .killing,
        ]
        return InstanceSnapshot(
            id: InstanceID(UInt64(roll(1...Int.max))), generation: generation(), phase: pick(phases),
            process: maybe { ProcessID(Int32($0.roll(1...99_999))) }, since: instant(),
            listening: many(0...2) { $0.address() }, inRotation: flip(),
            usage: maybe { Usage(memory: UInt64($0.roll(0...Int.max)), processorTenths: $0.roll(0...9999)) },
            drain: maybe { DrainSnapshot(until: $0.instant(), connections: $0.maybe { $0.roll(0...9999) }) },
            status: maybe { $0.text() }, lacks: maybe { $0.pick([.listener, .word, .health]) },
            health: maybe {
                HealthSnapshot(
                    state: $0.pick([.starting, .healthy, .unhealthy]), failures: $0.roll(0...9),
                    reason: $0.maybe { $0.text() })
            }, stuckSince: maybe { $0.instant() }, queueStuckSince: maybe { $0.instant() },
            ports: maybe { $0.ports() })
    }

    private mutating func ports() -> PortsSnapshot {
        let listeners = many(0...2) {
            PortsSnapshot.Listener(
                address: $0.address(), waiting: $0.roll(0...99), limit: $0.roll(0...4096),
                isShared: $0.flip(), isStuck: $0.flip())
        }
        return PortsSnapshot(
            tier: pick([.steered, .shared, .substituted, .declared, .plain]),
            obstacle: maybe { $0.pick([.single, .switchedOff, .refused("why not")]) }, listeners: listeners,
            connections: maybe { $0.roll(0...9999) })
    }

    mutating func killing() -> Killing {
        let others = many(0...3) { KilledProcess(ProcessID(Int32($0.roll(1...99_999))), command: $0.word()) }
        let main = maybe { ProcessID(Int32($0.roll(1...99_999))) }
        return Killing(
            generation: generation(), at: instant(), patience: precise(),
            victims: Victims(main: main, others: others, more: roll(0...9)))
    }

    mutating func toll() -> Toll {
        let told = many(1...3) { Toll.Entry(SlotIndex($0.roll(0...9)), $0.killing()) }
        return Toll(count: told.count + roll(0...9), told: told)
    }

    mutating func slot(_ index: Int) -> SlotSnapshot {
        let words: [SlotSnapshot.Status] = [
            .launching, .online, .stopping, .stopped, .errored, .waitingRestart,
        ]
        return SlotSnapshot(
            index: SlotIndex(index), id: SlotID(roll(0...999)), status: pick(words),
            current: maybe { $0.instance() }, others: many(0...2) { $0.instance() }, restarts: roll(0...99),
            unstableRestarts: roll(0...9), deaths: many(0...3) { $0.death() },
            killings: many(0...2) { $0.killing() }, nextTry: maybe { $0.instant() })
    }

    mutating func snapshot() -> Snapshot {
        let operations: [AppSnapshot.Operation] = [
            .starting, .stopping, .restarting, .reloading, .scaling, .deleting, .rollingBack,
        ]
        let apps = many(0...3) { dice in
            AppSnapshot(
                spec: dice.spec(), generation: dice.generation(),
                slots: (0..<dice.roll(0...3)).map { dice.slot($0) },
                operation: dice.maybe { $0.pick(operations) }, lastFailure: dice.maybe { $0.failure() },
                failures: dice.many(0...2) { $0.failedOperation() },
                canary: dice.maybe { .init($0.generation(), percent: $0.roll(1...99)) },
                previous: dice.maybe { $0.generation() })
        }
        return Snapshot(apps: apps)
    }

    mutating func request() -> Request {
        let selector: Selector = flip() ? .all : .named(pick([word(), "a/b", "a%2Fb", "ü", ".."]))
        var specs = many(0...3) { $0.spec() }
        for index in specs.indices {
            specs[index].inherited = nil
            specs[index].name.name += String(index)
        }
        return pick([
            .apply(specs), .start(selector), .stop(selector), .restart(selector), .reload(selector),
            .scale(selector, .to(roll(0...1000))), .scale(selector, .by(roll(-1000...1000))),
            .delete(selector),
            .shutdown, .forced(.stop, selector), .forced(.reload, selector),
            .canary(selector, percent: roll(1...99)), .applyCanary(specs, percent: roll(1...99)),
            .promote(selector), .rollback(selector),
        ])
    }
}

extension Snapshot {
    /// As an answer shows it.
    var masked: Snapshot {
        var snapshot = self
        for index in snapshot.apps.indices {
            snapshot.apps[index].spec.environment = apps[index].spec.environment.mapValues { _ in "***" }
            guard case .http(var http) = apps[index].spec.health?.probe else { continue }
            http.headers = http.headers.mapValues { _ in "***" }
            snapshot.apps[index].spec.health?.probe = .http(http)
        }
        return snapshot
    }
}

extension [UInt8] {
    /// The bytes of a text.
    init(_ text: String) { self = Array(text.utf8) }
    var text: String { String(decoding: self, as: UTF8.self) }
}
