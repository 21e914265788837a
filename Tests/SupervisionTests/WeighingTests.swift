import Supervision
import Testing

/// `max_memory_restart`.
@Suite struct Weighing {
    private static let limit: UInt64 = 300 << 20

    private static func limited(instances: Int = 1) -> AppSpec {
        var spec = Scene.spec(instances: instances)
        spec.restart.maxMemory = limit
        return spec
    }

    private func weighed(_ scene: Scene) -> [InstanceID] {
        scene.effects.compactMap { if case .weigh(let id) = $0 { id } else { nil } }
    }

    private func outgrown(_ scene: Scene) -> [SlotIndex] {
        scene.effects.compactMap { if case .announce(.outgrown(_, let slot, _)) = $0 { slot } else { nil } }
    }

    @Test func `without a limit nobody is weighed, and nobody wakes up`() {
        let scene = Scene.serving(Scene.spec(instances: 2))
        #expect(weighed(scene).isEmpty)
        #expect(scene.supervisor.nextDeadline == nil)
    }

    @Test func `whoever serves is weighed every ten seconds`() {
        var scene = Scene.serving(Weighing.limited(instances: 2))
        scene.effects = []
        scene.pass(.seconds(30))
        #expect(weighed(scene).count == 6)
        scene.ask(.stop(.all))
        scene.obey()
        #expect(scene.supervisor.nextDeadline == nil)
    }

    @Test func `one that is too heavy is replaced as in a reload, and it is written down why`() {
        var scene = Scene.serving(Weighing.limited(instances: 3))
        let heavy = scene.current(1)!
        scene.tell(.weighed(heavy, 312 << 20))
        #expect(outgrown(scene) == [SlotIndex(1)])
        #expect(scene.spawns.last?.1.slot == SlotIndex(1))
        #expect(scene.slot(1)?.deaths.isEmpty == true)
        scene.swap()
        #expect(scene.current(1) != heavy && scene.drains == [heavy])
        let death = scene.slot(1)?.deaths.last
        #expect(death?.cause == .exceeded(Excess(used: 312 << 20, limit: Weighing.limit)))
        #expect(death?.process != nil && scene.slot(1)?.restarts == 1)
        #expect(scene.app()?.generation == Generation(1) && scene.app()?.operation == nil)
    }

    @Test func `the limit itself is allowed`() {
        var scene = Scene.serving(Weighing.limited())
        scene.tell(.weighed(scene.current()!, Weighing.limit))
        #expect(scene.spawns.count == 1)
        scene.tell(.weighed(scene.current()!, Weighing.limit + 1))
        #expect(scene.spawns.count == 2)
    }

    @Test func `one at a time, though all are too heavy`() {
        var scene = Scene.serving(Weighing.limited(instances: 3))
        for k in 0..<3 { scene.tell(.weighed(scene.current(k)!, 1 << 30)) }
        for turn in 0..<3 {
            #expect(scene.spawns.count == 4 + turn)
            #expect(scene.app()?.slots.allSatisfy { $0.status == .online } == true)
            scene.swap()
        }
        #expect(scene.spawns.count == 6)
    }

    @Test func `successors that are too heavy at once come more and more slowly`() {
        var scene = Scene.serving(Weighing.limited())
        var begun = scene.now
        scene.tell(.weighed(scene.current()!, 1 << 30))
        for interval in [10, 20, 40, 80] {
            scene.swap()
            scene.tell(.weighed(scene.current()!, 1 << 30))
            let spawned = scene.spawns.count
            scene.pass(.seconds(interval) - (scene.now - begun) - .milliseconds(1))
            #expect(scene.spawns.count == spawned)
            scene.pass(.milliseconds(1))
            begun = scene.now
            #expect(scene.spawns.count == spawned + 1)
        }
    }

    @Test func `a successor of the right weight ends the waiting`() {
        var scene = Scene.serving(Weighing.limited())
        for turn in 1..<5 {
            scene.tell(.weighed(scene.current()!, 1 << 30))
            #expect(scene.spawns.count == turn + 1)
            scene.swap()
            scene.tell(.weighed(scene.current()!, 1 << 20))
        }
    }

    @Test func `one that has lost weight before its turn stays`() {
        var scene = Scene.serving(Weighing.limited(instances: 2))
        let both = [scene.current(0)!, scene.current(1)!]
        for id in both { scene.tell(.weighed(id, 1 << 30)) }
        scene.tell(.weighed(both[1], 1 << 20))
        scene.swap()
        #expect(scene.current(1) == both[1])
        #expect(scene.spawns.count == 3)
    }

    @Test func `weight does not excuse who does his work no more`() {
        var scene = Scene.serving(Weighing.limited(instances: 2))
        scene.tell(.faltered(scene.current(0)!))
        let tired = scene.current(1)!
        scene.tell(.faltered(tired))
        scene.tell(.weighed(tired, 1 << 20))
        scene.swap()
        scene.swap()
        #expect(scene.current(1) != tired)
        #expect(scene.slot(1)?.deaths.isEmpty == true)
    }

    @Test func `nobody is weighed while something is being done, or before he serves`() {
        var scene = Scene.serving(Weighing.limited(instances: 2))
        scene.ask(.reload(.all))
        let first = scene.current(0)!
        scene.effects = scene.effects.filter { if case .weigh = $0 { false } else { true } }
        scene.tell(.weighed(first, 1 << 30))
        scene.pass(.seconds(10))
        #expect(weighed(scene).isEmpty && outgrown(scene).isEmpty)
    }

    @Test func `a new limit holds at once, and no process is replaced for it`() {
        var scene = Scene.serving(Scene.spec())
        let ticket = scene.ask(.apply([Weighing.limited()]))
        #expect(scene.change(of: ticket) == .revised)
        scene.pass(.seconds(10))
        #expect(weighed(scene).count == 1 && scene.spawns.count == 1)
        scene.ask(.apply([Scene.spec()]))
        #expect(scene.supervisor.nextDeadline == nil)
    }

    @Test func `the sentence never says that a limit is more than itself`() {
        #expect(
            Excess(used: 312 << 20, limit: 300 << 20).description
                == "used 312 MB, more than max_memory_restart (300 MB)")
        #expect(
            Excess(used: 300 << 20 + 1, limit: 300 << 20).description
                == "used 301 MB, more than max_memory_restart (300 MB)")
        #expect(
            Excess(used: .max, limit: 512 << 10).description
                == "used 18014398509481984 KB, more than max_memory_restart (512 KB)")
    }
}
