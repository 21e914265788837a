import Supervision
import Testing

@Suite struct Reloading {
    @Test func `a candidate proves itself, takes over in one steering, and the old one drains`() {
        var scene = Scene.serving()
        let old = scene.current()!
        let ticket = scene.ask(.apply([Scene.release("2")]))
        let new = scene.launch()[0]
        #expect(scene.spawns.last?.1.generation == Generation(2))
        #expect(scene.spawns.last?.1.spec.arguments == ["2"])
        #expect(scene.spawns.last?.1.heir == nil)
        scene.tell(.listened(new, Scene.address))
        #expect(scene.steering == [old])
        scene.pass(.milliseconds(999))
        #expect(scene.steering == [old])
        let taken = scene.pass(.milliseconds(1)).filter { $0 != .save && !$0.isProgress }
        #expect(taken == [.steer(Scene.web, .even([new])), .drain(old)])
        scene.obey()
        #expect(scene.change(of: ticket) == .reloaded)
        #expect(scene.app()?.generation == Generation(2))
        #expect(scene.app()?.spec.arguments == ["2"])
        #expect(scene.releases == [old])
    }

    @Test func `slots are replaced in order, one more than wanted at a time`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        let ticket = scene.ask(.reload(.named("web")))
        for turn in 0..<3 {
            #expect(scene.spawns.count == 4 + turn)
            #expect(scene.spawns.last?.1.slot == SlotIndex(turn))
            scene.serve()
            scene.pass(.seconds(2))
            #expect(scene.spawns.count == 4 + turn)
            #expect(scene.steering.count == 3)
            scene.obey()
        }
        #expect(scene.change(of: ticket) == .reloaded)
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(2) } == true)
    }

    @Test func `max_surge raises as many at once`() {
        var spec = Scene.spec(instances: 4)
        spec.maxSurge = 3
        var scene = Scene.serving(spec)
        scene.ask(.reload(.all))
        #expect(scene.spawns.count == 7)
        scene.swap()
        #expect(scene.spawns.count == 8)
    }

    @Test func `a candidate that dies rolls back and the old one never left`() {
        var scene = Scene.serving()
        let old = scene.current()!
        let ticket = scene.ask(.apply([Scene.release("bad")]))
        scene.die(scene.launch()[0], .code(3), words: ["syntax error"])
        guard case .rolledBack(let failure, let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(failure.death.cause == .exited(.code(3)))
        #expect(failure.death.lastWords == ["syntax error"])
        #expect(failure.generation == Generation(2))
        #expect(outcomes == [Outcome(app: Scene.web, change: .failed, instances: 1)])
        #expect(scene.steering == [old])
        #expect(scene.app()?.lastFailure == failure)
        #expect(scene.app()?.spec.arguments == [])
        #expect(scene.app()?.generation == Generation(1))
        scene.pass(.seconds(60))
        #expect(scene.spawns.count == 2)
    }

    @Test func `a candidate that cannot be spawned rolls back`() {
        var scene = Scene.serving()
        let ticket = scene.ask(.reload(.all))
        scene.failSpawn()
        guard case .rolledBack(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(failure.death.cause == .notStarted("cannot find program nope"))
        #expect(scene.releases == [failure].map { _ in scene.spawns[1].0 })
    }

    @Test func `a candidate that listens on another port is given its time, then rolled back`() {
        var scene = Scene.serving()
        let old = scene.current()!
        let ticket = scene.ask(.reload(.all))
        let new = scene.serve(on: Scene.elsewhere)[0]
        scene.pass(.seconds(30))
        #expect(scene.signals.map(\.0) == [new])
        scene.die(new, .signal(.terminate), words: ["listening on 4000"])
        guard case .rolledBack(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(failure.death.cause == .neverReady(after: .seconds(30), missing: [Scene.address]))
        #expect(failure.death.lastWords == ["listening on 4000"])
        #expect(scene.steering == [old])
    }

    @Test func `a candidate that dies while it is being believed rolls back`() {
        var scene = Scene.serving()
        let ticket = scene.ask(.reload(.all))
        let new = scene.serve()[0]
        scene.pass(.milliseconds(500))
        scene.die(new)
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
    }

    @Test func `slots already replaced go back the same way`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        let ticket = scene.ask(.apply([Scene.release("bad", instances: 3)]))
        scene.swap()
        #expect(scene.slot(0)?.current?.generation == Generation(2))
        scene.die(scene.launch()[0])
        #expect(scene.app()?.operation == .rollingBack)
        #expect(scene.reply(to: ticket) == nil)
        #expect(scene.steering.count == 3)
        #expect(scene.spawns.last?.1.generation == Generation(1))
        #expect(scene.spawns.last?.1.spec.arguments == [])
        scene.swap()
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(1) } == true)
        #expect(scene.steps(of: ticket).contains(.rollingBack))
    }

    @Test func `where only the disk differs, what has proved itself stays`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let ticket = scene.ask(.reload(.all))
        scene.swap()
        let kept = scene.current(0)
        let spawned = scene.spawns.count
        scene.die(scene.launch()[0])
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.current(0) == kept)
        #expect(scene.spawns.count == spawned)
        #expect(scene.app()?.slots.allSatisfy { $0.status == .online } == true)
    }

    @Test(arguments: [0, 2]) func `an end inside the bake time is a failure, in whatever slot`(_ slot: Int) {
        func baking(_ argument: String) -> AppSpec {
            var spec = Scene.release(argument, instances: 3)
            spec.bake = .seconds(5)
            return spec
        }
        var scene = Scene.serving(baking("1"))
        let ticket = scene.ask(.apply([baking("bad")]))
        for _ in 0..<slot {
            scene.serve()
            scene.pass(.seconds(5))
            scene.obey()
        }
        let doomed = scene.serve()[0]
        scene.pass(.seconds(3))
        #expect(!scene.steering.contains(doomed))
        scene.die(doomed, .code(1))
        for _ in 0..<3 {
            scene.serve()
            scene.pass(.seconds(5))
            scene.obey()
        }
        guard case .rolledBack(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(failure.slot == SlotIndex(slot))
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(1) } == true)
        #expect(scene.steering.count == 3)
    }

    @Test func `what keeps ending inside its bake time does not hold a reload up for ever`() {
        var spec = Scene.release("bad")
        spec.bake = .seconds(5)
        var scene = Scene()
        scene.ask(.apply([Scene.release("worse")]))
        scene.die(scene.launch()[0])
        let ticket = scene.ask(.apply([spec]))
        let doomed = scene.serve()[0]
        scene.pass(.seconds(3))
        scene.die(doomed)
        guard case .failed = scene.reply(to: ticket) else {
            Issue.record("expected a failure")
            return
        }
    }

    @Test func `what cannot go back either keeps what it runs`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let ticket = scene.ask(.apply([Scene.release("bad", instances: 2)]))
        scene.swap()
        let kept = scene.current(0)!
        scene.die(scene.launch()[0])
        scene.die(scene.launch()[0])
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.current(0) == kept)
        #expect(scene.steering.count == 2)
    }

    @Test func `a rejected candidate is not drained: nobody was sent to it`() {
        var spec = Scene.spec(instances: 2)
        spec.maxSurge = 2
        var scene = Scene.serving(spec)
        scene.ask(.reload(.all))
        let candidates = scene.serve()
        scene.die(candidates[0])
        #expect(scene.drains.isEmpty)
        #expect(scene.signals.map(\.0) == [candidates[1]])
    }

    @Test func `a later success forgets the failure`() {
        var scene = Scene.serving()
        scene.ask(.reload(.all))
        scene.die(scene.launch()[0])
        #expect(scene.app()?.lastFailure != nil)
        scene.ask(.reload(.all))
        scene.swap()
        #expect(scene.app()?.lastFailure == nil)
    }

    @Test func `an app that is down is healed by a reload`() {
        var scene = Scene()
        scene.ask(.apply([Scene.release("bad")]))
        for _ in 0..<6 {
            scene.die(scene.launch()[0])
            scene.pass(.seconds(5))
        }
        let ticket = scene.ask(.apply([Scene.release("good")]))
        scene.obey()
        scene.launch()
        scene.pass(.seconds(5))
        scene.obey()
        scene.pass(.seconds(5))
        #expect(scene.change(of: ticket) == .reloaded)
        #expect(scene.app()?.spec.arguments == ["good"])
    }

    @Test func `a reload of what is down fails plainly, and the new version stays`() {
        var scene = Scene()
        scene.ask(.apply([Scene.release("bad")]))
        scene.die(scene.launch()[0])
        let ticket = scene.ask(.apply([Scene.release("worse")]))
        scene.die(scene.launch()[0], .code(9))
        guard case .failed(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a failure")
            return
        }
        #expect(failure.death.cause == .exited(.code(9)))
        #expect(scene.app()?.spec.arguments == ["worse"])
        scene.pass(.seconds(1))
        #expect(scene.spawns.last?.1.spec.arguments == ["worse"])
    }

    @Test func `when the old one crashes its candidate takes the place as soon as it can`() {
        var scene = Scene.serving()
        let old = scene.current()!
        let ticket = scene.ask(.reload(.all))
        let new = scene.launch()[0]
        scene.die(old)
        #expect(scene.spawns.count == 2)
        scene.tell(.listened(new, Scene.address))
        #expect(scene.steering == [new])
        #expect(scene.releases == [old])
        #expect(scene.reply(to: ticket) == nil)
        scene.pass(.seconds(1))
        #expect(scene.change(of: ticket) == .reloaded)
    }

    @Test func `when both crash the old version comes back`() {
        var scene = Scene.serving()
        let old = scene.current()!
        let ticket = scene.ask(.apply([Scene.release("bad")]))
        let new = scene.launch()[0]
        scene.die(old)
        scene.die(new)
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.spawns.last?.1.generation == Generation(1))
        #expect(scene.heir(of: old) != nil || scene.releases.contains(old))
    }

    @Test func `an old one that crashes before its turn is restarted as it was`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let last = scene.current(1)!
        scene.ask(.reload(.all))
        scene.launch()
        scene.die(last)
        #expect(scene.spawns.last?.1.generation == Generation(1))
        #expect(scene.heir(of: last) != nil)
    }

    @Test func `a candidate that closes its listener has not proved itself`() {
        var scene = Scene.serving()
        let old = scene.current()!
        scene.ask(.reload(.all))
        let new = scene.serve()[0]
        scene.tell(.unlistened(new, Scene.address))
        scene.pass(.seconds(5))
        #expect(scene.steering == [old])
        scene.tell(.listened(new, Scene.address))
        scene.pass(.seconds(1))
        #expect(scene.steering == [new])
    }

    @Test func `stopping breaks a reload off`() {
        var scene = Scene.serving()
        let reload = scene.ask(.apply([Scene.release("2")]))
        scene.launch()
        let stop = scene.ask(.stop(.all))
        #expect(scene.change(of: reload) == .superseded)
        scene.obey()
        #expect(scene.change(of: stop) == .stopped)
        scene.ask(.start(.all))
        #expect(scene.spawns.last?.1.generation == Generation(1))
        #expect(scene.spawns.last?.1.spec.arguments == [])
    }

    @Test func `a second reload and a scale wait for the first`() {
        var scene = Scene.serving()
        let first = scene.ask(.reload(.all))
        let second = scene.ask(.reload(.all))
        let third = scene.ask(.scale(.all, .to(2)))
        #expect(scene.steps(of: second) == [.queued])
        scene.swap()
        #expect(scene.change(of: first) == .reloaded)
        #expect(scene.reply(to: second) == nil)
        scene.swap()
        #expect(scene.change(of: second) == .reloaded)
        scene.serve()
        #expect(scene.change(of: third) == .scaled)
        #expect(scene.app()?.slots.map { $0.current?.generation } == [Generation(3), Generation(3)])
    }
}
