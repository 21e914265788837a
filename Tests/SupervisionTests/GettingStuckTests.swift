import Supervision
import Testing

@Suite struct GettingStuck {
    private func scene(_ count: Int, replace: Duration? = nil) -> Scene {
        var spec = Scene.spec(instances: count)
        spec.stuckReplace = replace
        return Scene.serving(spec)
    }

    private func notices(_ scene: Scene) -> [Notice] {
        scene.effects.compactMap { if case .announce(let notice) = $0 { notice } else { nil } }
    }

    @Test func `it is not killed while the other's replacement is on its way`() {
        var spec = Scene.spec(instances: 2)
        spec.stuckReplace = .seconds(2)
        spec.restart.automatic = false
        var scene = Scene.serving(spec)
        let (first, second) = (scene.current(0)!, scene.current(1)!)
        scene.tell(.faltered(second))
        let candidate = scene.launch()[0]
        scene.die(second, .code(0))
        scene.tell(.stuck(first, waiting: 7))
        scene.pass(.seconds(5))
        #expect(scene.sweeps.isEmpty)
        scene.tell(.listened(candidate, Scene.address))
        scene.pass(.seconds(1))
        #expect(scene.steering == [candidate])
        #expect(Set(scene.sweeps.map(\.0)) == [first])
    }

    @Test func `a stuck instance gets no new connections until it moves again, and both are said`() {
        var scene = scene(4)
        let all = scene.steering
        scene.tell(.stuck(all[1], waiting: 12))
        #expect(scene.steering == [all[0], all[2], all[3]])
        #expect(scene.slot(1)?.status == .online && scene.slot(1)?.current?.inRotation == false)
        #expect(scene.slot(1)?.current?.stuckSince == scene.now)
        #expect(notices(scene).contains(.stuck(Scene.web, SlotIndex(1), waiting: 12)))
        scene.pass(.seconds(3))
        scene.tell(.unstuck(all[1]))
        #expect(scene.steering == all)
        #expect(scene.slot(1)?.current?.stuckSince == nil)
        #expect(notices(scene).contains(.unstuck(Scene.web, SlotIndex(1), after: .seconds(3))))
    }

    @Test func `never is more than half taken away`() {
        var scene = scene(4)
        let all = scene.steering
        scene.tell(.stuck(all[0], waiting: 1))
        scene.tell(.stuck(all[1], waiting: 1))
        #expect(scene.steering == [all[2], all[3]])
        scene.tell(.stuck(all[2], waiting: 1))
        #expect(scene.steering == all)
        scene.tell(.unstuck(all[0]))
        #expect(scene.steering == [all[0], all[3]])
    }

    @Test func `the only one stays`() {
        var scene = scene(1)
        let only = scene.steering
        scene.tell(.stuck(only[0], waiting: 1))
        #expect(scene.steering == only)
        scene.pass(.seconds(600))
        #expect(scene.sweeps.isEmpty && scene.slot()?.status == .online)
    }

    @Test func `one that was stuck for stuck_replace is killed, and its successor inherits who waits`() {
        var scene = scene(2, replace: .seconds(5))
        let all = scene.steering
        scene.tell(.stuck(all[0], waiting: 1))
        scene.pass(.milliseconds(4999))
        #expect(scene.sweeps.isEmpty)
        scene.pass(.milliseconds(1))
        #expect(scene.sweeps.map(\.0) == [all[0]] && scene.sweeps.map(\.1) == [.kill])
        scene.die(all[0], .signal(.kill))
        #expect(scene.slot()?.deaths.last?.cause == .stuck(after: .seconds(5)))
        #expect(scene.heir(of: all[0]) != nil)
        let heir = scene.serve()[0]
        #expect(scene.steering == [heir, all[1]])
    }

    @Test func `one that moves in time is spared`() {
        var scene = scene(2, replace: .seconds(5))
        let first = scene.steering[0]
        scene.tell(.stuck(first, waiting: 1))
        scene.pass(.seconds(4))
        scene.tell(.unstuck(first))
        scene.pass(.seconds(60))
        #expect(scene.sweeps.isEmpty)
        scene.tell(.stuck(first, waiting: 1))
        scene.pass(.seconds(4))
        #expect(scene.sweeps.isEmpty)
    }

    @Test func `all are stuck: they are killed one after the other, each when the one before serves`() {
        var scene = scene(3, replace: .seconds(5))
        let all = scene.steering
        for id in all { scene.tell(.stuck(id, waiting: 1)) }
        scene.pass(.seconds(60))
        #expect(scene.sweeps.map(\.0).allSatisfy { $0 == all[0] })
        scene.die(all[0], .signal(.kill))
        scene.pass(.seconds(1))
        #expect(Set(scene.sweeps.map(\.0)) == [all[0]])
        scene.serve()
        #expect(Set(scene.sweeps.map(\.0)) == [all[0], all[1]])
    }

    @Test func `who gets stuck again soon is brought back more patiently`() {
        var scene = scene(1, replace: .zero)
        scene.tell(.stuck(scene.current()!, waiting: 1))
        scene.pass(.milliseconds(1))
        scene.die(scene.current()!, .signal(.kill))
        // It had run for a minute.
        #expect(scene.slot()?.unstableRestarts == 0)
        scene.serve()
        scene.pass(.seconds(30))
        scene.tell(.stuck(scene.current()!, waiting: 1))
        scene.pass(.milliseconds(1))
        scene.die(scene.current()!, .signal(.kill))
        #expect(scene.slot()?.unstableRestarts == 1 && scene.slot()?.nextTry != nil)
    }

    @Test func `a stuck one that is to stop is drained first, like any`() {
        var scene = scene(2)
        let first = scene.steering[0]
        scene.tell(.stuck(first, waiting: 1))
        scene.ask(.stop(.all))
        #expect(scene.drains.contains(first))
    }

    @Test func `a crash while stuck is an end like any`() {
        var scene = scene(2)
        let all = scene.steering
        scene.tell(.stuck(all[0], waiting: 1))
        scene.pass(.milliseconds(1))
        scene.die(all[0], .signal(Signal(number: 11)))
        let heir = scene.serve()[0]
        #expect(scene.steering == [heir, all[1]])
        #expect(scene.slot()?.current?.stuckSince == nil)
    }
}
