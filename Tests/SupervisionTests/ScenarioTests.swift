import Supervision
import Testing

/// What the simulator found, one test for each.
@Suite struct Remembering {
    @Test func `a stopped app scaled down is answered at once`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.stop(.all))
        scene.obey()
        let ticket = scene.ask(.scale(.all, .to(0)))
        #expect(scene.change(of: ticket) == .scaled)
        #expect(scene.app()?.slots.isEmpty == true)
    }

    @Test func `the place of a crashed one is kept free while its candidate is rejected`() {
        var spec = Scene.spec(instances: 3)
        spec.maxSurge = 2
        var scene = Scene.serving(spec)
        scene.ask(.reload(.all))
        let candidates = scene.launch()
        scene.die(scene.current(1)!)
        scene.tell(.exited(candidates[0], Exit(status: .code(1), at: scene.now)))
        scene.launch()
        let processes = scene.app()!.slots.reduce(0) { $0 + ($1.current == nil ? 0 : 1) + $1.others.count }
        #expect(processes <= 5)
    }

    @Test func `a job that is run again by a reload is saved as wanted`() {
        var scene = Scene()
        var spec = Scene.spec()
        spec.restart.automatic = false
        scene.ask(.apply([spec]))
        scene.die(scene.launch()[0], .code(0))
        #expect(scene.supervisor.saved.apps[0].slots[0].wanted == false)
        scene.ask(.reload(.all))
        #expect(scene.supervisor.saved.apps[0].slots[0].wanted == true)
        #expect(scene.last.contains(.save))
    }

    @Test func `a start during a shrink that was broken off means only the slots that stay`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        scene.ask(.scale(.all, .to(1)))
        scene.ask(.stop(.all))
        let restart = scene.ask(.restart(.all))
        for id in scene.drains { scene.tell(.drained(id)) }
        let ending = (0..<3).map { scene.current($0)! }
        scene.die(ending[0], .signal(.terminate))
        scene.die(ending[1], .signal(.terminate))
        scene.die(ending[2], .signal(.terminate))
        scene.serve()
        #expect(scene.change(of: restart) == .restarted)
        #expect(scene.app()?.slots.count == 1)
    }

    @Test func `deleting gives the ids of all slots back`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        scene.ask(.delete(.all))
        scene.obey()
        scene.ask(.apply([Scene.spec("other", instances: 4)]))
        #expect(scene.app(AppName("other"))?.slots.map(\.id.number) == [0, 1, 2, 3])
    }

    @Test func `what keeps crashing and happens to be up does not serve on when a reload fails`() {
        var scene = Scene()
        scene.ask(.apply([Scene.release("bad")]))
        for _ in 0..<3 {
            scene.pass(.seconds(5))
            let doomed = scene.serve()[0]
            scene.die(doomed)
        }
        scene.pass(.seconds(5))
        let momentary = scene.serve()[0]
        #expect(scene.steering == [momentary])
        let ticket = scene.ask(.apply([Scene.release("worse")]))
        scene.die(scene.launch()[0], .code(9))
        scene.obey()
        guard case .failed(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a failure: nothing served, and nothing serves on")
            return
        }
        #expect(failure.death.cause == .exited(.code(9)))
        scene.obey()
        #expect(scene.spawns.last?.1.spec.arguments == ["worse"])
        #expect(scene.app()?.generation == Generation(2))
    }

    @Test func `what was still starting when a reload began, and came up, serves on`() {
        var scene = Scene()
        scene.ask(.apply([Scene.release("slow")]))
        let slow = scene.launch()[0]
        let ticket = scene.ask(.start(.all))
        let reload = scene.ask(.apply([Scene.release("bad")]))
        scene.tell(.listened(slow, Scene.address))
        #expect(scene.change(of: ticket) != nil)
        scene.die(scene.launch()[0])
        guard case .rolledBack = scene.reply(to: reload) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.steering == [slow])
        #expect(scene.app()?.spec.arguments == ["slow"])
    }

    @Test func `rejecting a candidate does not change what is written`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.reload(.all))
        scene.serve()
        scene.pass(.seconds(2))
        let replaced = scene.drains
        scene.tell(.drained(replaced[0]))
        let before = scene.supervisor.saved
        scene.tell(.deadlinePassed)
        #expect(scene.supervisor.saved == before)
    }

    /// Behind a reload that failed, a replacement begins in the same event: until it has ended, versions are kept.
    @Test func `what the next daemon forgets is written`() {
        var scene = Scene.serving()
        scene.ask(.apply([Scene.release("bad")]))
        let candidate = scene.launch()[0]
        let serving = scene.current()!
        scene.tell(.faltered(serving))
        scene.die(candidate)
        #expect(scene.app()?.operation == .reloading)
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        let written = scene.supervisor.saved
        scene.tell(.recovered(serving))
        #expect(scene.supervisor.saved == written || scene.last.contains(.save))
        #expect(scene.supervisor.saved.apps[0].versions.isEmpty)
    }

    /// One that never said that it is ready, and does not end when it is asked to.
    private func silent() -> (scene: Scene, instance: InstanceID) {
        var spec = Scene.spec()
        spec.waitReady = true
        var scene = Scene()
        scene.ask(.apply([spec]))
        let first = scene.launch()[0]
        scene.tell(.said(first, .ready))
        scene.pass(.seconds(60))
        scene.die(first)
        let silent = scene.launch()[0]
        scene.pass(spec.listenTimeout + spec.killTimeout)
        return (scene, silent)
    }

    @Test func `what was killed for never being ready is told of, if a restart comes in between`() {
        var (scene, silent) = silent()
        #expect(scene.sweeps.map(\.0) == [silent])
        let victims = Victims(main: ProcessID(101))
        scene.tell(.killed(silent, victims))
        scene.ask(.restart(.all))
        scene.die(silent, .signal(.kill))
        #expect(scene.slot()?.killings.map(\.victims) == [victims])
    }

    @Test func `what was killed and died of it before a restart has a death, and nothing else`() {
        var (scene, silent) = silent()
        scene.tell(.killed(silent, Victims(main: ProcessID(101))))
        scene.tell(.exited(silent, Exit(status: .signal(.kill), at: scene.now)))
        scene.ask(.restart(.all))
        scene.vanish(silent)
        #expect(scene.slot()?.killings.isEmpty == true)
        #expect(scene.slot()?.deaths.count == 2)
    }
}
