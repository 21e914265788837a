import Supervision
import Testing

@Suite struct Replacing {
    @Test func `an instance that does its work no more is replaced as in a reload`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let (tired, other) = (scene.current(0)!, scene.current(1)!)
        scene.tell(.faltered(tired))
        #expect(scene.spawns.last?.1.slot == SlotIndex(0))
        #expect(scene.spawns.last?.1.generation == Generation(1))
        #expect(scene.spawns.last?.1.heir == nil)
        let fresh = scene.serve()[0]
        #expect(scene.steering == [tired, other])
        scene.pass(.seconds(1))
        #expect(scene.steering == [fresh, other])
        #expect(scene.drains == [tired])
        scene.obey()
        #expect(scene.app()?.operation == nil)
        #expect(scene.app()?.generation == Generation(1))
        #expect(scene.slot(0)?.others.isEmpty == true)
    }

    @Test func `one slot at a time, and a wish that is repeated is one wish`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        let tired = (0..<3).map { scene.current($0)! }
        for id in tired + tired { scene.tell(.faltered(id)) }
        for turn in 0..<3 {
            #expect(scene.spawns.count == 4 + turn)
            #expect(scene.spawns.last?.1.slot == SlotIndex(turn))
            scene.swap()
        }
        #expect(scene.spawns.count == 6)
        #expect(scene.app()?.slots.allSatisfy { $0.status == .online } == true)
    }

    @Test func `between replacements in one slot lies more and more time`() {
        var scene = Scene.serving()
        var begun = scene.now
        scene.tell(.faltered(scene.current()!))
        for interval in [10, 20, 40, 80, 160, 320, 600, 600] {
            scene.swap()
            scene.tell(.faltered(scene.current()!))
            let spawned = scene.spawns.count
            scene.pass(.seconds(interval) - (scene.now - begun) - .milliseconds(1))
            #expect(scene.spawns.count == spawned)
            scene.pass(.milliseconds(1))
            begun = scene.now
            #expect(scene.spawns.count == spawned + 1)
        }
    }

    @Test func `an instance that was content for ten minutes is replaced at once again`() {
        var scene = Scene.serving()
        for _ in 0..<4 {
            scene.tell(.faltered(scene.current()!))
            scene.pass(.seconds(100))
            scene.swap()
        }
        scene.pass(.seconds(600))
        scene.tell(.faltered(scene.current()!))
        scene.swap()
        scene.tell(.faltered(scene.current()!))
        let spawned = scene.spawns.count
        scene.pass(.seconds(10))
        #expect(scene.spawns.count == spawned + 1)
    }

    @Test func `a candidate that fails leaves the old one, and the next is tried when it is due`() {
        var scene = Scene.serving()
        let tired = scene.current()!
        scene.tell(.faltered(tired))
        scene.die(scene.launch()[0], .code(3))
        #expect(scene.current() == tired)
        #expect(scene.steering == [tired])
        #expect(scene.app()?.operation == nil)
        #expect(scene.app()?.lastFailure == nil)
        let isAnnounced = scene.effects.contains { effect in
            if case .announce(.replacementFailed(Scene.web, _)) = effect { true } else { false }
        }
        #expect(isAnnounced)
        scene.tell(.faltered(tired))
        scene.pass(.seconds(9))
        #expect(scene.spawns.count == 2)
        scene.pass(.seconds(1))
        #expect(scene.spawns.count == 3)
        scene.swap()
        #expect(scene.current() != tired)
    }

    @Test func `however long the old one has served, what fails beside it is tried ever more seldom`() {
        var scene = Scene.serving()
        scene.pass(.seconds(3600))
        let tired = scene.current()!
        for interval in [10, 20, 40] {
            scene.tell(.faltered(tired))
            scene.die(scene.launch()[0], .code(3))
            scene.tell(.faltered(tired))
            let spawned = scene.spawns.count
            scene.pass(.seconds(interval) - .milliseconds(1))
            #expect(scene.spawns.count == spawned)
            scene.pass(.milliseconds(1))
            #expect(scene.spawns.count == spawned + 1)
        }
        #expect(scene.current() == tired)
    }

    @Test func `an instance that recovers before its turn is left alone`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let second = scene.current(1)!
        scene.tell(.faltered(scene.current(0)!))
        scene.tell(.faltered(second))
        scene.tell(.recovered(second))
        scene.swap()
        scene.pass(.seconds(3600))
        #expect(scene.current(1) == second)
        #expect(scene.spawns.count == 3)
    }

    @Test func `one that crashes before its turn is brought back like any other`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let second = scene.current(1)!
        scene.tell(.faltered(scene.current(0)!))
        scene.tell(.faltered(second))
        scene.die(second)
        #expect(scene.heir(of: second) != nil)
        scene.swap()
        scene.pass(.seconds(3600))
        #expect(scene.spawns.count == 4)
    }

    @Test func `what is asked for comes first, and a stop breaks it off`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let reload = scene.ask(.reload(.all))
        scene.tell(.faltered(scene.current(1)!))
        #expect(scene.spawns.count == 3)
        scene.swap()
        scene.swap()
        #expect(scene.change(of: reload) == .reloaded)
        #expect(scene.spawns.count == 4)
        scene.tell(.faltered(scene.current(0)!))
        scene.launch()
        let stop = scene.ask(.stop(.all))
        scene.obey()
        #expect(scene.change(of: stop) == .stopped)
        scene.pass(.seconds(3600))
        #expect(scene.spawns.count == 5)
    }

    @Test func `another instance that waits to be restarted does not hold it up`() {
        var spec = Scene.spec(instances: 2)
        spec.restart.fixedDelay = .seconds(600)
        var scene = Scene.serving(spec)
        scene.die(scene.current(1)!)
        scene.tell(.faltered(scene.current(0)!))
        scene.swap()
        #expect(scene.app()?.operation == nil)
        #expect(scene.slot(1)?.status == .waitingRestart)
    }
}
