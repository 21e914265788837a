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
