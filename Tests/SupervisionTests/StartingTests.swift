import Supervision
import Testing

@Suite struct Starting {
    @Test func `an app is started and answered for when it listens`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Scene.spec(instances: 2)]))
        #expect(scene.spawns.map(\.1.slot.number) == [0, 1])
        #expect(scene.spawns.map(\.1.id.number) == [0, 1])
        let raised = scene.launch()
        scene.tell(.listened(raised[0], Scene.address))
        #expect(scene.reply(to: ticket) == nil)
        scene.tell(.listened(raised[1], nil))
        #expect(scene.reply(to: ticket) == .done([Outcome(app: Scene.web, change: .started, instances: 2)]))
        #expect(scene.steering == raised)
    }

    @Test func `a program that never listens is ready when it has lived for min_uptime`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Scene.spec()]))
        scene.launch()
        scene.pass(.milliseconds(999))
        #expect(scene.reply(to: ticket) == nil)
        scene.pass(.milliseconds(1))
        #expect(scene.change(of: ticket) == .started)
        #expect(scene.slot()?.status == .online)
    }

    @Test func `whoever asks for a start of what is coming up waits for it, too`() {
        var scene = Scene()
        let first = scene.ask(.apply([Scene.spec()]))
        scene.launch()
        let second = scene.ask(.start(.all))
        let third = scene.ask(.apply([Scene.spec()]))
        scene.pass(.milliseconds(999))
        #expect([first, second, third].allSatisfy { scene.reply(to: $0) == nil })
        scene.pass(.milliseconds(1))
        #expect(scene.change(of: first) == .started)
        #expect(scene.reply(to: second) != nil && scene.reply(to: third) != nil)
    }

    @Test func `a restored app that is coming up is not yet started`() {
        let slot = SavedState.Slot(
            index: SlotIndex(0), id: SlotID(0), wanted: true, restarts: 0, instances: [])
        let saved = SavedState.App(spec: Scene.spec(), generation: Generation(1), slots: [slot])
        var scene = Scene()
        scene.supervisor = Supervisor(restoring: SavedState(apps: [saved]), seed: 1, now: scene.now)
        scene.tell(.deadlinePassed)
        let id = scene.launch()[0]
        let ticket = scene.ask(.start(.all))
        #expect(scene.reply(to: ticket) == nil)
        scene.die(id)
        guard case .failed = scene.reply(to: ticket) else {
            Issue.record("expected a failure")
            return
        }
    }

    @Test func `an app in backoff is tried again by the file it is in, and the truth told`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        for _ in 0..<6 {
            scene.die(scene.launch()[0])
            scene.pass(.seconds(3))
        }
        let ticket = scene.ask(.apply([Scene.spec()]))
        scene.die(scene.launch()[0])
        guard case .failed = scene.reply(to: ticket) else {
            Issue.record("expected a failure")
            return
        }
    }

    @Test func `the command says how the program died and the policy goes on`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Scene.spec()]))
        let id = scene.launch()[0]
        scene.die(id, .code(7), words: ["no database"])
        guard case .failed(let failure, let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected a failure")
            return
        }
        #expect(failure.death.cause == .exited(.code(7)))
        #expect(failure.death.lastWords == ["no database"])
        #expect(outcomes.map(\.change) == [.failed])
        #expect(scene.slot()?.status == .waitingRestart)
        scene.pass(.seconds(1))
        #expect(scene.spawns.count == 2)
    }

    @Test func `a program that cannot be spawned fails the start and is released once`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Scene.spec()]))
        scene.failSpawn()
        guard case .failed(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a failure")
            return
        }
        #expect(failure.death.cause == .notStarted("cannot find program nope"))
        scene.pass(.milliseconds(200))
        #expect(scene.spawns[1].1.heir == scene.spawns[0].0)
    }

    @Test func `starting what runs changes nothing`() {
        var scene = Scene.serving()
        let ticket = scene.ask(.start(.named("web")))
        #expect(scene.change(of: ticket) == .unchanged)
        #expect(scene.spawns.count == 1)
    }

    @Test func `a stopped app is started again with its ids`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.stop(.all))
        scene.obey()
        let ticket = scene.ask(.start(.named("web")))
        #expect(scene.spawns.suffix(2).map(\.1.id.number) == [0, 1])
        #expect(scene.spawns.suffix(2).allSatisfy { $0.1.heir == nil })
        scene.serve()
        #expect(scene.change(of: ticket) == .started)
    }

    @Test func `a slot is started by its id alone`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        scene.ask(.stop(.named("1")))
        scene.obey()
        #expect(scene.app()?.slots.map(\.status) == [.online, .stopped, .online])
        scene.ask(.start(.named("1")))
        scene.serve()
        #expect(scene.app()?.slots.map(\.status) == [.online, .online, .online])
    }

    @Test func `a job that ends peacefully has been started`() {
        var scene = Scene()
        var spec = Scene.spec()
        spec.restart.automatic = false
        let ticket = scene.ask(.apply([spec]))
        scene.die(scene.launch()[0], .code(0))
        #expect(scene.change(of: ticket) == .started)
        #expect(scene.slot()?.status == .stopped)
    }
}
