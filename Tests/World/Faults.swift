internal import Supervision

/// How unkind a world is: the probability of each thing that goes wrong, per run of a program.
struct Faults {
    var spawnFails = 0.0
    var exitsAtOnce = 0.0
    var crashesEarly = 0.0
    var crashesLate = 0.0
    var neverListens = 0.0
    var listensElsewhere = 0.0
    var ignoresSignals = 0.0
    var leavesHelper = 0.0
    var relistens = 0.0
    var neverDrains = 0.0
    /// Stuck in the kernel: even SIGKILL takes seconds.
    var hangs = 0.0
    /// Forks just when it is killed.
    var escapes = 0.0
    /// Runs on, and does its work no more.
    var falters = 0.0
    /// Never says that it is ready.
    var staysSilent = 0.0
    /// Never passes a check.
    var neverHealthy = 0.0
    /// Fails checks for a while, later.
    var sickens = 0.0
    /// Accepts no connections, for a while or for ever.
    var freezes = 0.0
    /// Per minute.
    var daemonDies = 0.0

    static let none = Faults()
    /// Nothing fails; some instances grow tired of their work, and are replaced without anybody noticing.
    static let kind = Faults(falters: 0.3)

    static func rolled(by dice: inout Dice) -> Faults {
        let scale = dice.pick([0.3, 1.0, 2.5])
        func often(_ probability: Double, _ dice: inout Dice) -> Double {
            dice.chance(0.6) ? probability * scale : 0
        }
        return Faults(
            spawnFails: often(0.1, &dice), exitsAtOnce: often(0.08, &dice), crashesEarly: often(0.12, &dice),
            crashesLate: often(0.3, &dice), neverListens: often(0.08, &dice),
            listensElsewhere: often(0.08, &dice), ignoresSignals: often(0.1, &dice),
            leavesHelper: often(0.2, &dice), relistens: often(0.1, &dice), neverDrains: often(0.2, &dice),
            hangs: often(0.05, &dice), escapes: often(0.1, &dice), falters: often(0.2, &dice),
            staysSilent: often(0.1, &dice), neverHealthy: often(0.1, &dice), sickens: often(0.3, &dice),
            freezes: often(0.2, &dice),
            daemonDies: often(0.8, &dice))
    }
}

/// What the programs of an app do when all is well.
enum Nature: CaseIterable {
    /// Listens on one held address, or two.
    case server, twoPorts
    /// Listens on something that is not held.
    case unheld
    case worker

    func addresses(port: UInt16, isWider: Bool) -> [ListenAddress?] {
        let first = ListenAddress(host: "0.0.0.0", port: port)
        let more = isWider ? [ListenAddress(host: "0.0.0.0", port: port + 2000)] : []
        return switch self {
        case .server: [first] + more
        case .twoPorts: [first, ListenAddress(host: "::", port: port + 1000)] + more
        case .unheld: [nil]
        case .worker: []
        }
    }
}

/// What one run of a program will do, decided when it is spawned.
struct Plan {
    var launch: Duration
    var failsToLaunch: Bool
    /// Where a link leads that the directory is.
    var directory: String?
    /// After the launch.
    var listens: [(after: Duration, on: ListenAddress?)]
    /// Closes its first listener after this, and opens it again a little later.
    var relistens: Duration?
    var crash: (after: Duration, status: ExitStatus)?
    /// Does its work no more, and perhaps does again.
    var falters: Duration?
    var recovers: Duration?
    /// In bytes.
    var memory: UInt64
    /// After the launch; nil: never.
    var saysReady: Duration?
    /// Each after the launch.
    var checks: [(after: Duration, result: CheckResult)] = []
    /// Accepts no more, and perhaps does again; until then it obeys nobody.
    var freezes: Duration?
    var thaws: Duration?
    /// From the stop signal to the end; nil: never.
    var obeys: Duration?
    var helper: Helper?
    var drains: Duration?
    /// What escapes the first SIGKILL is left for the second.
    var escapes: Bool
    /// From SIGKILL to the end.
    var dies: Duration

    struct Helper {
        var obeys: Bool
        /// Ends by itself this long after its parent.
        var outlives: Duration?
    }

    /// Mostly soon; now and then later than anybody waits for it.
    private static func draining(_ dice: inout Dice) -> Duration {
        dice.chance(0.2) ? dice.milliseconds(1500...7000) : dice.milliseconds(1...800)
    }

    init(_ addresses: [ListenAddress?], _ faults: Faults, _ dice: inout Dice) {
        launch = dice.milliseconds(0...60)
        failsToLaunch = dice.chance(faults.spawnFails)
        listens = []
        if !dice.chance(faults.neverListens) {
            let shift: UInt16 = dice.chance(faults.listensElsewhere) ? 7 : 0
            for address in addresses {
                let moved = address.map { ListenAddress(host: $0.host, port: $0.port + shift) }
                listens.append((dice.milliseconds(5...700), moved))
            }
        }
        relistens = dice.chance(faults.relistens) ? dice.milliseconds(100...3000) : nil
        let status = dice.pick([
            ExitStatus.code(0), .code(1), .code(3), .signal(Signal(number: 11)), .unknown,
        ])
        if dice.chance(faults.exitsAtOnce) {
            crash = (.zero, status)
        } else if dice.chance(faults.crashesEarly) {
            crash = (dice.milliseconds(1...1500), status)
        } else if dice.chance(faults.crashesLate) {
            crash = (dice.milliseconds(1500...30_000), status)
        }
        obeys = dice.chance(faults.ignoresSignals) ? nil : dice.milliseconds(0...300)
        if dice.chance(faults.leavesHelper) {
            let outlives = dice.chance(0.5) ? dice.milliseconds(1...5000) : nil
            helper = Helper(obeys: dice.chance(0.5), outlives: outlives)
        }
        escapes = dice.chance(faults.escapes)
        drains = dice.chance(faults.neverDrains) ? nil : Plan.draining(&dice)
        dies = dice.chance(faults.hangs) ? dice.milliseconds(500...5000) : dice.milliseconds(0...20)
        directory = dice.chance(0.3) ? "/srv/releases/\(dice.number(1...9))" : nil
        falters = dice.chance(faults.falters) ? dice.milliseconds(1...20_000) : nil
        recovers = falters.flatMap { dice.chance(0.3) ? $0 + dice.milliseconds(0...3000) : nil }
        memory = dice.chance(faults.falters) ? 2 << 30 : 1 << 20
        saysReady = dice.chance(faults.staysSilent) ? nil : dice.milliseconds(5...900)
        checks = Plan.checks(faults, &dice)
        freezes = dice.chance(faults.freezes) ? dice.milliseconds(100...20_000) : nil
        thaws = freezes.flatMap { dice.chance(0.7) ? $0 + dice.milliseconds(1...8000) : nil }
    }

    /// Some failures, then a success, and later perhaps more of both.
    private static func checks(_ faults: Faults, _ dice: inout Dice) -> [(Duration, CheckResult)] {
        var checks: [(Duration, CheckResult)] = []
        var at = dice.milliseconds(5...700)
        let isHopeless = dice.chance(faults.neverHealthy)
        let isCold = dice.chance(faults.sickens)
        for _ in 0..<(isHopeless ? dice.number(3...9) : isCold ? dice.number(1...2) : 0) {
            checks.append((at, .failed("500 from /healthz")))
            at = at + dice.milliseconds(5...700)
        }
        if isHopeless { return checks }
        checks.append((at, .passed))
        guard dice.chance(faults.sickens) else { return checks }
        at = at + dice.milliseconds(500...20_000)
        for _ in 0..<dice.number(1...8) {
            checks.append((at, .failed("no answer within 5 s")))
            at = at + dice.milliseconds(50...2000)
        }
        if dice.chance(0.5) { checks.append((at, .passed)) }
        return checks
    }
}
