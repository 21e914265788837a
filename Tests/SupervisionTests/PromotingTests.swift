import Supervision
import Testing

@Suite struct Promoting {
    private var scene = Scene.serving(Scene.spec(instances: 4))
    private let old: [InstanceID]

    init() {
        old = (0..<4).map { [scene] in scene.current($0)! }
    }

    @Test mutating func `promoting goes on with the canary, which is not started again`() {
        let new = scene.openCanary()[0]
        let ticket = scene.ask(.promote(.all))
        #expect(scene.steering == [new] + old.dropFirst())
        #expect(scene.drains == [old[0]])
        for _ in 0..<4 {
            scene.obey()
            scene.serve()
            scene.pass(.seconds(2))
        }
        guard case .done(let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected an answer")
            return
        }
        #expect(outcomes.first?.change == .promoted)
        #expect(outcomes.first?.note == .promoted(Generation(2)))
        #expect(scene.current(0) == new)
        #expect(scene.spawns.count == 8)
        #expect(scene.app()?.canary == nil)
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(2) } == true)
    }

    @Test mutating func `a promotion that fails goes back, the canary with it`() {
        _ = scene.openCanary()
        let ticket = scene.ask(.promote(.all))
        scene.obey()
        scene.die(scene.launch()[0])
        for _ in 0..<4 { scene.swap() }
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.app()?.canary == nil)
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(1) } == true)
    }

    @Test mutating func `a promotion that is never ready fails once, and the canary is not raised again`() {
        _ = scene.openCanary()
        let ticket = scene.ask(.promote(.all))
        scene.obey()
        let spawned = scene.launch().count
        #expect(spawned == 1)
        scene.pass(.seconds(30))
        for _ in 0..<6 { scene.swap() }
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.app()?.canary == nil)
        #expect(scene.app()?.failures.count == 1)
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(1) } == true)
    }

    @Test mutating func `scaling after it is opened is the later wish when it is promoted`() {
        _ = scene.openCanary()
        scene.ask(.scale(.all, .to(6)))
        _ = scene.serve()
        let ticket = scene.ask(.promote(.all))
        for _ in 0..<10 { scene.swap() }
        #expect(scene.change(of: ticket) == .promoted)
        #expect(scene.app()?.slots.count == 6)
    }

    @Test mutating func `its number of instances counts when it is promoted`() {
        let ticket = scene.ask(.applyCanary([Scene.release("2", instances: 2)], percent: 5))
        scene.serve()
        scene.pass(.seconds(1))
        #expect(scene.change(of: ticket) == .canary)
        #expect(scene.app()?.slots.count == 4)
        scene.ask(.promote(.all))
        for _ in 0..<6 {
            scene.obey()
            scene.serve()
            scene.pass(.seconds(2))
        }
        #expect(scene.app()?.slots.count == 2)
        #expect(scene.app()?.generation == Generation(2))
    }

    @Test mutating func `a blue-green promotion keeps the share until the switch`() {
        let new = scene.openCanary(5, strategy: .blueGreen)
        scene.ask(.promote(.all))
        let more = scene.serve()
        #expect(more.count == 3)
        #expect(scene.shares == .split(old, new, percent: 5))
        scene.pass(.seconds(1))
        #expect(scene.shares == .even(new + more))
    }

    @Test mutating func `what comes where the canary was scaled away has yet to prove itself`() {
        let new = scene.openCanary(50, strategy: .blueGreen)
        scene.ask(.scale(.all, .to(1)))
        scene.obey()
        scene.ask(.scale(.all, .to(4)))
        let grown = scene.serve()
        scene.pass(.seconds(2))
        scene.ask(.promote(.all))
        #expect(scene.serve().count == 3)
        #expect(scene.shares == .split([old[0]] + grown, [new[0]], percent: 50))
    }

    @Test mutating func `once nobody of the old version serves all of the new one get the same`() {
        let new = scene.openCanary(5, strategy: .blueGreen)
        for id in old { scene.die(id) }
        for id in scene.launch() { scene.die(id) }
        scene.ask(.promote(.all))
        let more = scene.serve()
        #expect(!more.isEmpty)
        #expect(Set(scene.steering) == Set(new + more))
        #expect(scene.shares == .even(scene.steering))
    }
}
