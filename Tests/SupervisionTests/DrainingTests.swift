import Supervision
import Testing

@Suite struct Draining {
    private func until(_ id: InstanceID, in scene: Scene) -> Instant? {
        let slots = scene.supervisor.snapshot.apps.flatMap(\.slots)
        let all = slots.flatMap { ($0.current.map { [$0] } ?? []) + $0.others }
        return all.first { $0.id == id }?.drain?.until
    }

    @Test func `force hurries what drains, and its deadline with it`() {
        var scene = Scene.serving()
        let id = scene.current()!
        scene.ask(.stop(.named("web")))
        #expect(until(id, in: scene) == scene.now + .seconds(30))
        scene.ask(.forced(.stop, .named("web")))
        #expect(scene.last.contains(.hurry(id)))
        #expect(until(id, in: scene) == scene.now + .seconds(2))
        scene.pass(.seconds(2))
        #expect(scene.signals.map(\.0) == [id])
    }

    @Test func `a forced stop drains in a hurry from the start`() {
        var scene = Scene.serving()
        let id = scene.current()!
        scene.ask(.forced(.stop, .named("web")))
        #expect(
            scene.last.filter { $0 != .save && !$0.isProgress } == [
                .steer(Scene.web, []), .drain(id), .hurry(id),
            ])
        scene.tell(.drained(id))
        #expect(scene.signals.map(\.0) == [id])
    }

    @Test func `a forced reload helps the running one along and has the same answer`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let old = [scene.current(0)!, scene.current(1)!]
        let first = scene.ask(.reload(.named("web")))
        scene.serve()
        scene.pass(.seconds(2))
        #expect(scene.phase(of: old[0]) == .draining)
        let forced = scene.ask(.forced(.reload, .named("web")))
        #expect(scene.last.contains(.hurry(old[0])))
        scene.obey()
        // What drains later in the same reload is in a hurry, too.
        scene.swap()
        #expect(scene.effects.contains(.hurry(old[1])))
        #expect(scene.change(of: first) == .reloaded && scene.change(of: forced) == .reloaded)
        #expect(scene.spawns.count == 4, "nothing was reloaded twice")
    }

    @Test func `a forced reload of what is not being reloaded is a reload`() {
        var scene = Scene.serving()
        let old = scene.current()!
        let ticket = scene.ask(.forced(.reload, .all))
        scene.serve()
        scene.pass(.seconds(2))
        #expect(scene.effects.contains(.hurry(old)))
        scene.obey()
        #expect(scene.change(of: ticket) == .reloaded)
    }

    @Test func `force joins a reload only so often`() {
        var scene = Scene.serving()
        scene.ask(.reload(.all))
        let tickets = (0..<Limits.queuedOperationsPerApp).map { _ in scene.ask(.forced(.reload, .all)) }
        #expect(tickets.allSatisfy { scene.reply(to: $0) == nil })
        // One more is an operation of its own, which waits.
        let last = scene.ask(.forced(.reload, .all))
        #expect(scene.steps(of: last) == [.queued])
        scene.swap()
        #expect(tickets.allSatisfy { scene.change(of: $0) == .reloaded })
        #expect(scene.reply(to: last) == nil)
        scene.swap()
        #expect(scene.change(of: last) == .reloaded)
    }

    @Test func `a forced stop ends a reload, and whoever drains in it`() {
        var scene = Scene.serving()
        let old = scene.current()!
        let reload = scene.ask(.reload(.all))
        scene.serve()
        scene.pass(.seconds(2))
        #expect(scene.phase(of: old) == .draining)
        let stop = scene.ask(.forced(.stop, .all))
        #expect(scene.change(of: reload) == .superseded)
        #expect(scene.effects.count { if case .hurry = $0 { true } else { false } } == 2)
        scene.obey()
        #expect(scene.change(of: stop) == .stopped)
    }

    @Test func `a drain that ends after its deadline changes nothing`() {
        var scene = Scene.serving()
        let id = scene.current()!
        scene.ask(.stop(.all))
        scene.pass(.seconds(30))
        #expect(scene.signals.count == 1)
        scene.tell(.drained(id))
        #expect(scene.signals.count == 1)
        #expect(scene.phase(of: id) == .stopping)
    }
}
