import Supervision
import Testing

@Suite struct Applying {
    @Test func `what is as specified is left alone`() {
        var scene = Scene.serving()
        let ticket = scene.ask(.apply([Scene.spec()]))
        #expect(scene.change(of: ticket) == .unchanged)
        #expect(scene.spawns.count == 1)
    }

    @Test func `other rules for its logs are obeyed at once, and no process notices`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        var spec = Scene.spec(instances: 2)
        spec.logs.rotation.size = 50 << 20
        spec.logs.block = nil
        let ticket = scene.ask(.apply([spec]))
        #expect(scene.change(of: ticket) == .revised)
        #expect(scene.spawns.count == 2)
        #expect(scene.effects.contains(.keepLogs(spec)))
        #expect(scene.supervisor.saved.apps[0].spec.logs == spec.logs)
        let again = scene.ask(.apply([spec]))
        #expect(scene.change(of: again) == .unchanged)
        spec.instances = 3
        spec.logs.rotation.keep = 2
        let more = scene.ask(.apply([spec]))
        scene.serve()
        scene.pass(.seconds(2))
        #expect(scene.change(of: more) == .scaled)
        #expect(scene.effects.count { if case .keepLogs = $0 { true } else { false } } == 2)
        spec.logs.outlets = [.file, .syslog]
        let elsewhere = scene.ask(.apply([spec]))
        #expect(scene.change(of: elsewhere) == .revised)
        #expect(scene.spawns.count == 3 && scene.effects.contains(.keepLogs(spec)))
        // A form that the program's lines have is another matter.
        spec.logs.isJSON = true
        scene.ask(.apply([spec]))
        #expect(scene.spawns.count == 4)
    }

    @Test func `another environment of the caller does not make an instance stale`() {
        var scene = Scene.serving()
        var spec = Scene.spec()
        spec.inherited = EnvironmentID(7)
        let ticket = scene.ask(.apply([spec]))
        #expect(scene.change(of: ticket) == .unchanged)
    }

    @Test func `a changed file adds, reloads, scales and names what is no longer in it`() {
        var scene = Scene()
        var specs = ["a", "b", "c"].map { Scene.spec($0) }
        for k in specs.indices { specs[k].origin = "ecosystem.json" }
        scene.ask(.apply(specs))
        scene.serve()
        scene.pass(.seconds(60))
        specs[0].arguments = ["changed"]
        specs[1].instances = 2
        var added = Scene.spec("d")
        added.origin = "ecosystem.json"
        let ticket = scene.ask(.apply([specs[0], specs[1], added]))
        scene.swap()
        guard case .done(let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected an answer")
            return
        }
        #expect(outcomes.map(\.app.name) == ["a", "b", "c", "d"])
        #expect(outcomes.map(\.change) == [.reloaded, .scaled, .orphaned, .started])
        #expect(outcomes.map(\.instances) == [1, 2, 1, 1])
    }

    @Test func `a stopped app is started in the version asked for`() {
        var scene = Scene.serving()
        scene.ask(.stop(.all))
        scene.obey()
        let ticket = scene.ask(.apply([Scene.release("2", instances: 2)]))
        scene.serve()
        scene.pass(.seconds(2))
        scene.serve()
        #expect(scene.change(of: ticket) == .started)
        #expect(scene.steering.count == 2)
        #expect(scene.spawns.suffix(2).allSatisfy { $0.1.spec.arguments == ["2"] })
    }

    @Test func `a new version and a new number come in this order`() {
        var scene = Scene.serving(Scene.spec(instances: 3))
        let ticket = scene.ask(.apply([Scene.release("2", instances: 2)]))
        for _ in 0..<3 { scene.swap() }
        #expect(scene.change(of: ticket) == .reloaded)
        #expect(scene.app()?.slots.count == 2)
        #expect(scene.steering.count == 2)
    }

    @Test func `a version that fails changes no number`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.apply([Scene.release("bad", instances: 5)]))
        scene.die(scene.launch()[0])
        scene.pass(.seconds(5))
        #expect(scene.app()?.slots.count == 2)
        #expect(scene.app()?.spec.instances == 2)
    }

    @Test func `an app that is being deleted is made anew`() {
        var scene = Scene.serving()
        let delete = scene.ask(.delete(.all))
        let apply = scene.ask(.apply([Scene.release("new")]))
        scene.obey()
        #expect(scene.change(of: delete) == .deleted)
        scene.serve()
        #expect(scene.change(of: apply) == .started)
        #expect(scene.app()?.generation == Generation(1))
        #expect(scene.slot()?.id == SlotID(0))
    }

    @Test func `what cannot be is refused as a whole`() {
        var scene = Scene()
        var nameless = Scene.spec()
        nameless.name = AppName("")
        var empty = Scene.spec("empty")
        empty.script = ""
        var negative = Scene.spec("negative")
        negative.instances = -1
        var many = Scene.spec("many")
        many.instances = 1001
        var slashed = Scene.spec("a/b")
        slashed.name = AppName("a/b")
        var rigid = Scene.spec("rigid")
        rigid.maxSurge = 0
        let good = Scene.spec("good")
        for bad in [[good, nameless], [good, empty], [negative], [many], [slashed], [rigid], [good, good]] {
            let ticket = scene.ask(.apply(bad))
            guard case .refused = scene.reply(to: ticket) else {
                Issue.record("expected a refusal of \(bad)")
                return
            }
        }
        #expect(scene.supervisor.snapshot.apps.isEmpty)
        #expect(scene.spawns.isEmpty)
    }

    @Test func `all instances together have a limit`() {
        var scene = Scene()
        let specs = (0..<5).map { Scene.spec("app\($0)", instances: 1000) }
        let ticket = scene.ask(.apply(specs))
        #expect(scene.reply(to: ticket) == .refused(.tooMany(what: "instances", limit: 4000)))
    }
}
