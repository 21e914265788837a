import Supervision
import Testing

@Suite struct Restarting {
    @Test func `a stable instance is replaced in the moment nothing of it is left, as its heir`() {
        var scene = Scene.serving()
        let dead = scene.current()!
        scene.tell(.exited(dead, Exit(status: .signal(.kill), at: scene.now)))
        #expect(scene.steering == [])
        #expect(scene.last.contains(.steer(Scene.web, [])))
        scene.tell(.vanished(dead))
        #expect(scene.heir(of: dead) == scene.current())
        #expect(!scene.releases.contains(dead))
        #expect(scene.slot()?.restarts == 1)
        #expect(scene.slot()?.deaths.last?.cause == .exited(.signal(.kill)))
    }

    @Test func `the others go on serving`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        let all = scene.steering
        scene.die(all[1])
        #expect(scene.steering == [all[0], all[2]])
        let heir = scene.serve()
        #expect(scene.steering == [all[0], heir[0], all[2]])
    }

    @Test func `what a crash leaves behind is killed before anything is started`() {
        var scene = Scene.serving()
        let dead = scene.current()!
        scene.tell(.exited(dead, Exit(status: .code(1), at: scene.now)))
        scene.pass(.milliseconds(2500))
        #expect(scene.sweeps.map(\.1) == [.kill, .kill, .kill])
        #expect(scene.spawns.count == 1)
        scene.tell(.vanished(dead))
        #expect(scene.spawns.count == 2)
    }

    @Test func `nothing is swept when the end was clean`() {
        var scene = Scene.serving()
        scene.die(scene.current()!)
        scene.pass(.milliseconds(10))
        #expect(scene.sweeps.isEmpty)
    }

    @Test func `unstable runs back off from 100 ms, doubling to 30 s, a fifth more or less`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        var expected = Duration.milliseconds(100)
        for _ in 0..<12 {
            scene.die(scene.launch()[0])
            let delay = scene.slot()!.nextTry! - scene.now
            #expect(delay >= min(expected, .seconds(30)) * 0.8)
            #expect(delay <= min(expected * 1.2, .seconds(30)))
            expected = expected * 2
            scene.pass(delay)
        }
        #expect(scene.spawns.count == 13)
    }

    @Test func `a crowd does not come back in step`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec(instances: 10)]))
        for id in scene.launch() { scene.die(id) }
        let tries = scene.app()!.slots.compactMap(\.nextTry)
        #expect(Set(tries).count == 10)
    }

    @Test func `a stable run forgives`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        for _ in 0..<5 {
            scene.die(scene.launch()[0])
            scene.pass(.seconds(5))
        }
        #expect(scene.slot()?.unstableRestarts == 5)
        let stable = scene.serve()[0]
        scene.pass(.seconds(2))
        scene.die(stable)
        #expect(scene.slot()?.unstableRestarts == 0)
        #expect(scene.slot()?.current?.phase == .launching)
        scene.die(scene.launch()[0])
        #expect(scene.slot()!.nextTry! - scene.now <= .milliseconds(120))
    }

    @Test func `uptime counts to the exit, not to when we heard of it`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        let id = scene.serve()[0]
        let end = scene.now + .milliseconds(500)
        scene.pass(.seconds(5))
        scene.tell(.exited(id, Exit(status: .code(1), at: end)))
        scene.tell(.vanished(id))
        #expect(scene.slot()?.deaths.last?.uptime == .milliseconds(500))
        #expect(scene.slot()?.unstableRestarts == 1)
    }

    @Test func `max_restarts unstable runs in a row are enough`() {
        var scene = Scene()
        var spec = Scene.spec()
        spec.restart.maxRestarts = 3
        scene.ask(.apply([spec]))
        for _ in 0..<3 {
            scene.die(scene.launch()[0])
            scene.pass(.seconds(5))
        }
        #expect(scene.slot()?.status == .errored)
        #expect(scene.spawns.count == 3)
        #expect(scene.releases.count == 1)
        scene.ask(.start(.named("web")))
        #expect(scene.spawns.count == 4)
        #expect(scene.slot()?.unstableRestarts == 0)
    }

    @Test func `restart_delay replaces the backoff`() {
        var scene = Scene()
        var spec = Scene.spec()
        spec.restart.fixedDelay = .seconds(3)
        scene.ask(.apply([spec]))
        for _ in 0..<4 {
            scene.die(scene.launch()[0])
            #expect(scene.slot()!.nextTry! - scene.now == .seconds(3))
            scene.pass(.seconds(3))
        }
    }

    @Test func `an exit code that means done ends it`() {
        var scene = Scene()
        var spec = Scene.spec()
        spec.restart.stopExitCodes = [3]
        scene.ask(.apply([spec]))
        scene.die(scene.serve()[0], .code(3))
        scene.pass(.seconds(60))
        #expect(scene.slot()?.status == .stopped)
        #expect(scene.spawns.count == 1)
        #expect(scene.supervisor.saved.apps[0].slots[0].wanted == false)
    }

    @Test func `without autorestart a crash is kept and not answered`() {
        var scene = Scene()
        var spec = Scene.spec()
        spec.restart.automatic = false
        scene.ask(.apply([spec]))
        scene.die(scene.serve()[0], .signal(Signal(number: 11)))
        scene.pass(.seconds(60))
        #expect(scene.slot()?.status == .stopped)
        #expect(scene.slot()?.deaths.count == 1)
    }

    @Test func `a long wait gives the port free, a short one keeps it`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        for _ in 0..<4 {
            let id = scene.serve()[0]
            scene.die(id)
            #expect(!scene.releases.contains(id))
            scene.pass(scene.slot()!.nextTry! - scene.now)
            #expect(scene.heir(of: id) != nil)
        }
        let last = scene.serve()[0]
        scene.die(last)
        #expect(scene.releases == [last])
        scene.pass(.seconds(10))
        #expect(scene.heir(of: last) == nil)
    }

    @Test func `stopping a waiting slot releases what it kept`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        let id = scene.serve()[0]
        scene.die(id)
        let ticket = scene.ask(.stop(.all))
        #expect(scene.releases == [id])
        #expect(scene.change(of: ticket) == .stopped)
        scene.pass(.seconds(60))
        #expect(scene.spawns.count == 1)
    }

    @Test func `a replacement must listen where its predecessor did`() {
        var scene = Scene.serving()
        scene.die(scene.current()!)
        let heir = scene.launch()[0]
        scene.tell(.listened(heir, Scene.elsewhere))
        scene.pass(.seconds(29))
        #expect(scene.steering == [])
        scene.pass(.seconds(1))
        #expect(scene.signals.map(\.0) == [heir])
        scene.die(heir, .signal(.terminate))
        #expect(
            scene.slot()?.deaths.last?.cause == .neverReady(after: .seconds(30), missing: [Scene.address]))
        #expect(scene.slot()?.unstableRestarts == 1)
    }

    @Test func `one that was given its time and listens elsewhere is believed the next time`() {
        var scene = Scene.serving()
        scene.die(scene.current()!)
        let heir = scene.serve(on: Scene.elsewhere)[0]
        scene.pass(.seconds(30))
        scene.die(heir, .signal(.terminate))
        scene.pass(.seconds(1))
        let next = scene.serve(on: Scene.elsewhere)
        #expect(scene.steering == next)
    }

    @Test func `a restart that was asked for may change ports`() {
        var scene = Scene.serving()
        let ticket = scene.ask(.restart(.named("web")))
        scene.obey()
        let fresh = scene.serve(on: Scene.elsewhere)
        #expect(scene.change(of: ticket) == .restarted)
        #expect(scene.steering == fresh)
    }

    @Test func `several are restarted one after the other`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        let old = scene.steering
        let ticket = scene.ask(.restart(.named("web")))
        for turn in 0..<3 {
            #expect(scene.steering.count == 2)
            scene.obey()
            scene.serve()
            #expect(scene.slot(turn)?.status == .online)
        }
        #expect(scene.change(of: ticket) == .restarted)
        #expect(Set(old).isDisjoint(with: scene.steering))
        #expect(scene.app()?.slots.map(\.restarts) == [1, 1, 1])
    }

    @Test func `a restart goes no further than the first failure`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        let old = scene.steering
        let ticket = scene.ask(.restart(.named("web")))
        scene.obey()
        scene.die(scene.launch()[0])
        guard case .failed = scene.reply(to: ticket) else {
            Issue.record("expected a failure")
            return
        }
        #expect(scene.steering == [old[1], old[2]])
    }
}
