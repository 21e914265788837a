import Supervision
import Testing

@Suite struct Restoring {
    /// The daemon dies and another one goes on.
    private func reborn(_ scene: Scene) -> Scene {
        var next = scene
        next.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        return next
    }

    @Test func `what ran goes on: same processes, ids and counts`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.die(scene.current(1)!)
        scene.serve()
        scene.pass(.seconds(5))
        let before = scene.supervisor.snapshot
        var next = reborn(scene)
        #expect(next.supervisor.saved == scene.supervisor.saved)
        next.pass(.seconds(60))
        let after = next.supervisor.snapshot
        #expect(after.apps[0].slots.map(\.current?.process) == before.apps[0].slots.map(\.current?.process))
        #expect(after.apps[0].slots.map(\.restarts) == [0, 1])
        #expect(after.apps[0].slots.map(\.status) == [.online, .online])
        #expect(next.spawns.count == scene.spawns.count)
        #expect(next.last == [.steer(Scene.web, scene.shares)])
    }

    @Test func `what died meanwhile is replaced`() {
        let scene = Scene.serving()
        var next = reborn(scene)
        next.die(scene.current()!, .unknown)
        #expect(next.spawns.count == 2)
        #expect(next.spawns[1].0.number > 1)
    }

    @Test func `what was to be there and is not is spawned`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        var next = reborn(scene)
        #expect(next.supervisor.nextDeadline == next.now)
        next.tell(.deadlinePassed)
        #expect(next.spawns.count == 2)
        #expect(next.spawns[0].0 != next.spawns[1].0)
    }

    @Test func `what was stopped stays stopped, and a stop goes on`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.stop(.all))
        scene.tell(.drained(scene.current(0)!))
        scene.die(scene.current(0)!)
        let left = scene.current(1)!
        var next = reborn(scene)
        next.tell(.deadlinePassed)
        #expect(next.last.contains(.drain(left)))
        next.obey()
        next.pass(.seconds(60))
        #expect(next.app()?.slots.map(\.status) == [.stopped, .stopped])
        #expect(next.spawns.count == 2)
    }

    @Test func `a reload that was on its way is rolled back`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.apply([Scene.release("2", instances: 2)]))
        scene.swap()
        scene.launch()
        let candidate = scene.slot(1)!.others[0].id
        var next = reborn(scene)
        next.tell(.deadlinePassed)
        #expect(next.app()?.operation == .rollingBack)
        #expect(next.signals.last?.0 == candidate)
        next.die(candidate)
        #expect(next.spawns.last?.1.generation == Generation(1))
        next.swap()
        #expect(next.app()?.operation == nil)
        #expect(next.app()?.slots.allSatisfy { $0.current?.generation == Generation(1) } == true)
        next.ask(.reload(.all))
        #expect(next.spawns.last?.1.generation == Generation(3))
    }
}
