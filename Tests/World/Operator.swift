internal import Supervision

/// Somebody who asks for things without waiting for the answers.
struct Operator {
    private(set) var specs: [AppSpec] = []
    private var natures: [AppName: Nature] = [:]
    private var releases = 0

    init(_ dice: inout Dice) {
        for number in 0..<dice.number(1...3) {
            let name = AppName("app\(number)")
            natures[name] = dice.pick(Nature.allCases)
            specs.append(Operator.spec(name, &dice))
        }
    }

    /// Where a release listens when all is well.
    func addresses(of spec: AppSpec) -> [ListenAddress?] {
        let number = specs.firstIndex { $0.name == spec.name } ?? 0
        let nature = natures[spec.name] ?? .worker
        return nature.addresses(
            port: UInt16(3000 + number * 10), isWider: spec.arguments.contains(Operator.wider))
    }

    /// An argument of releases that listen on one address more than those before.
    private static let wider = "and more"

    private static func spec(_ name: AppName, _ dice: inout Dice) -> AppSpec {
        var spec = AppSpec(name: name, script: "program", workingDirectory: "/srv")
        spec.instances = dice.number(1...4)
        spec.maxSurge = dice.pick([1, 1, 2, 3])
        spec.killTimeout = dice.pick([.milliseconds(500), .seconds(3)])
        spec.drainTimeout = dice.pick([.zero, .seconds(2), .seconds(5)])
        spec.listenTimeout = dice.pick([.seconds(2), .seconds(8)])
        spec.restart.minUptime = dice.pick([.zero, .milliseconds(200), .seconds(1), .seconds(1), .seconds(2)])
        spec.restart.maxRestarts = dice.chance(0.3) ? dice.number(0...6) : nil
        spec.restart.fixedDelay = dice.chance(0.1) ? dice.milliseconds(0...3000) : nil
        spec.restart.automatic = !dice.chance(0.1)
        spec.restart.stopExitCodes = dice.chance(0.2) ? [3] : []
        spec.restart.maxMemory = dice.chance(0.2) ? 1 << 30 : nil
        spec.waitReady = dice.chance(0.2)
        if dice.chance(0.3) {
            var health = HealthCheck(.tcp(port: nil))
            health.retries = dice.number(1...3)
            health.startPeriod = dice.chance(0.5) ? dice.pick([.zero, .seconds(1)]) : nil
            health.liveness = dice.chance(0.5)
            spec.health = health
        }
        spec.stuckReplace = dice.chance(0.5) ? dice.milliseconds(0...4000) : nil
        spec.strategy = dice.chance(0.3) ? .blueGreen : .rolling
        spec.bake = dice.chance(0.3) ? dice.milliseconds(0...4000) : nil
        spec.origin = dice.chance(0.5) ? "ecosystem.json" : nil
        spec.shutdownWithMessage = dice.chance(0.2)
        return spec
    }

    mutating func request(_ dice: inout Dice) -> Request {
        let selector = selector(&dice)
        switch dice.number(0...21) {
        case 0...3: return .apply(changed(&dice))
        case 4: return .start(selector)
        case 5, 6: return dice.chance(0.25) ? .forced(.stop, selector) : .stop(selector)
        case 7, 8: return .restart(selector)
        case 9...11: return dice.chance(0.25) ? .forced(.reload, selector) : .reload(selector)
        case 12, 13:
            return .scale(selector, dice.chance(0.5) ? .to(dice.number(0...5)) : .by(dice.number(-2...2)))
        case 14: return .delete(selector)
        case 15: return .canary(selector, percent: dice.number(1...99))
        case 16, 17: return .applyCanary(changed(&dice), percent: dice.pick([1, 5, 20, 50, 90]))
        case 18, 19: return .promote(selector)
        case 20: return .rollback(selector)
        default: return .apply(specs)
        }
    }

    private func selector(_ dice: inout Dice) -> Selector {
        switch dice.number(0...9) {
        case 0: .all
        case 1, 2: .named("\(dice.number(0...8))")
        default: .named(dice.pick(specs).name.name)
        }
    }

    /// Some of the apps, as they are or in another release or number.
    private mutating func changed(_ dice: inout Dice) -> [AppSpec] {
        for k in specs.indices where dice.chance(0.5) {
            releases += 1
            // Who is replaced before it has shown where it listens could be expected to listen anywhere.
            let isSlow =
                specs[k].restart.minUptime < .seconds(1) || specs[k].waitReady || specs[k].health != nil
            let mayWiden = dice.chance(0.3) && !isSlow
            let isWider = specs[k].arguments.contains(Operator.wider) || mayWiden
            specs[k].arguments = ["release \(releases)"] + (isWider ? [Operator.wider] : [])
        }
        for k in specs.indices where dice.chance(0.3) { specs[k].instances = dice.number(0...5) }
        let some = specs.filter { _ in dice.chance(0.7) }
        return some.isEmpty ? specs : some
    }

    /// Something for everybody to do, at the end.
    mutating func completeSpecs() -> [AppSpec] {
        for k in specs.indices {
            specs[k].instances = max(1, specs[k].instances)
            // Whoever has no limit is let rest.
            specs[k].restart.maxMemory = nil
        }
        return specs
    }
}
