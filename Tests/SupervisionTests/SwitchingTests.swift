import Supervision
import Testing

/// Blue-green: all at once.
@Suite struct Switching {
    private var spec: AppSpec {
        var spec = Scene.spec(instances: 3)
        spec.strategy = .blueGreen
        spec.bake = .seconds(5)
        return spec
    }

    private func release(_ argument: String) -> AppSpec {
        var spec = spec
        spec.arguments = [argument]
        return spec
    }

    private func currents(_ scene: Scene) -> [InstanceID] { (0..<3).map { scene.current($0)! } }

    @Test func `all new ones stand beside all old ones, and one order turns to them`() {
        var scene = Scene.serving(spec)
        let old = currents(scene)
        let ticket = scene.ask(.apply([release("2")]))
        #expect(scene.spawns.count == 6)
        let new = scene.serve()
        let before = scene.effects.count
        scene.pass(.milliseconds(999))
        #expect(scene.steering == old)
        scene.pass(.milliseconds(1))
        let steers = scene.effects.dropFirst(before).filter { if case .steer = $0 { true } else { false } }
        #expect(steers == [.steer(Scene.web, .even(new))])
        #expect(scene.drains.isEmpty && scene.signals.isEmpty)
        #expect(scene.steps(of: ticket).contains(.switched))
        scene.pass(.milliseconds(4999))
        #expect(old.allSatisfy { scene.phase(of: $0) == .online })
        #expect(scene.drains.isEmpty)
        scene.pass(.milliseconds(1))
        #expect(scene.drains == old)
        #expect(scene.reply(to: ticket) == nil)
        scene.obey()
        #expect(scene.change(of: ticket) == .reloaded)
        #expect(scene.app()?.generation == Generation(2))
        #expect(scene.steering == new)
    }

    @Test func `it waits for the last one`() {
        var scene = Scene.serving(spec)
        let old = currents(scene)
        scene.ask(.apply([release("2")]))
        let new = scene.launch()
        for id in new.dropLast() { scene.tell(.listened(id, Scene.address)) }
        scene.pass(.seconds(20))
        #expect(scene.steering == old)
        scene.tell(.listened(new[2], Scene.address))
        scene.pass(.seconds(1))
        #expect(scene.steering == new)
    }

    @Test(arguments: [0, 2])
    func `one that dies before the switch ends it, and nobody noticed`(_ slot: Int) {
        var scene = Scene.serving(spec)
        let old = currents(scene)
        let ticket = scene.ask(.apply([release("bad")]))
        let new = scene.launch()
        scene.die(new[slot], .code(3))
        scene.obey()
        guard case .rolledBack(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(failure.slot == SlotIndex(slot))
        #expect(scene.steering == old)
        #expect(scene.drains.isEmpty)
        #expect(currents(scene) == old)
        #expect(scene.spawns.count == 6)
    }

    @Test(arguments: [0, 2])
    func `a death while all are watched turns back at once, and those replaced drain`(_ slot: Int) {
        var scene = Scene.serving(spec)
        let old = currents(scene)
        let ticket = scene.ask(.apply([release("bad")]))
        let new = scene.serve()
        scene.pass(.seconds(4))
        #expect(scene.steering == new)
        scene.die(new[slot], .code(3))
        #expect(scene.steering == old)
        #expect(Set(scene.drains) == Set(new).subtracting([new[slot]]))
        scene.obey()
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(currents(scene) == old)
        #expect(scene.app()?.generation == Generation(1))
        #expect(scene.spawns.count == 6)
    }

    @Test func `one that stops listening while all are watched turns back as well`() {
        var scene = Scene.serving(spec)
        let old = currents(scene)
        let ticket = scene.ask(.apply([release("bad")]))
        let new = scene.serve()
        scene.pass(.seconds(4))
        scene.tell(.unlistened(new[1], Scene.address))
        #expect(scene.steering == old)
        scene.obey()
        guard case .rolledBack(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(failure.death.cause == .faltered(missing: [Scene.address]))
        #expect(currents(scene) == old)
    }

    @Test func `an old one that dies while it is kept is not brought back, unless it is needed`() {
        var scene = Scene.serving(spec)
        let old = currents(scene)
        scene.ask(.apply([release("2")]))
        let new = scene.serve()
        scene.pass(.seconds(2))
        scene.die(old[1])
        #expect(scene.spawns.count == 6)
        #expect(scene.steering == new)
        scene.die(new[0])
        #expect(scene.steering == [old[0], old[2]])
        scene.obey()
        scene.pass(.seconds(1))
        #expect(scene.spawns.last?.1.generation == Generation(1))
        #expect(scene.spawns.last?.1.slot == SlotIndex(1))
    }

    @Test func `stopping during the watch ends both sides`() {
        var scene = Scene.serving(spec)
        let reload = scene.ask(.apply([release("2")]))
        scene.serve()
        scene.pass(.seconds(2))
        let stop = scene.ask(.stop(.all))
        #expect(scene.change(of: reload) == .superseded)
        #expect(scene.drains.count == 6)
        scene.obey()
        #expect(scene.change(of: stop) == .stopped)
        scene.ask(.start(.all))
        #expect(scene.spawns.last?.1.generation == Generation(1))
    }

    @Test func `stopping after the switch comes before what waits, so that no old one is raised again`() {
        var scene = Scene.serving(spec)
        scene.ask(.apply([release("2")]))
        scene.serve()
        let scale = scene.ask(.scale(.all, .to(5)))
        scene.pass(.seconds(6))
        let count = scene.spawns.count
        let stop = scene.ask(.stop(.all))
        #expect(scene.steering.isEmpty)
        scene.obey()
        #expect(scene.change(of: stop) == .stopped)
        #expect(scene.change(of: scale) == .scaled)
        #expect(scene.spawns.count == count)
        #expect(scene.app()?.slots.map(\.status) == Array(repeating: .stopped, count: 5))
    }

    @Test func `a rollback during the watch is one switch back`() {
        var scene = Scene.serving(spec)
        let old = currents(scene)
        let reload = scene.ask(.apply([release("2")]))
        scene.serve()
        scene.pass(.seconds(2))
        let rollback = scene.ask(.rollback(.all))
        #expect(scene.steering == old)
        #expect(scene.change(of: reload) == .superseded)
        scene.obey()
        #expect(scene.change(of: rollback) == .reverted)
        #expect(currents(scene) == old)
    }

    @Test func `one of the new version that stands alone in its slot goes with the others`() {
        var scene = Scene.serving(spec)
        let old = currents(scene)
        // It waits for its turn, and what comes next in its place is the new version.
        scene.die(old[2])
        scene.die(scene.launch()[0])
        let ticket = scene.ask(.apply([release("bad")]))
        let new = scene.serve()
        #expect(scene.current(2) == new[2])
        scene.die(new[0])
        #expect(scene.steering == Array(old.prefix(2)))
        #expect(scene.signals.map(\.0).contains(new[2]), "it is asked to go at once")
        scene.obey()
        scene.serve()
        scene.pass(.seconds(2))
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(1) } == true)
    }

    @Test func `a daemon that dies during the watch leaves it to the next`() {
        var scene = Scene.serving(spec)
        let ticket = scene.ask(.apply([release("2")]))
        let new = scene.serve()
        scene.pass(.seconds(2))
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        scene.tell(.deadlinePassed)
        #expect(scene.steering == new)
        scene.pass(.seconds(6))
        scene.obey()
        #expect(currents(scene) == new)
        #expect(scene.app()?.operation == nil && scene.change(of: ticket) == .reloaded)
    }

    @Test func `a single instance is switched as well, and an app that is down just starts`() {
        var single = spec
        single.instances = 1
        var scene = Scene.serving(single)
        single.arguments = ["2"]
        let ticket = scene.ask(.apply([single]))
        let new = scene.serve()
        scene.pass(.seconds(6))
        scene.obey()
        #expect(scene.steering == new)
        #expect(scene.change(of: ticket) == .reloaded)
        scene.ask(.stop(.all))
        scene.obey()
        single.arguments = ["3"]
        let start = scene.ask(.apply([single]))
        scene.serve()
        scene.pass(.seconds(6))
        #expect(scene.change(of: start) == .started)
    }
}
