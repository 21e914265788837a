import Supervision
import Testing

@Suite struct Queueing {
    @Test func `a stop makes what waits pointless`() {
        var scene = Scene.serving()
        scene.ask(.scale(.all, .to(2)))
        let pointless = [
            scene.ask(.reload(.all)), scene.ask(.restart(.all)), scene.ask(.apply([Scene.release("2")])),
        ]
        let stop = scene.ask(.stop(.all))
        #expect(pointless.map { scene.change(of: $0) } == [.superseded, .superseded, .superseded])
        scene.launch()
        scene.obey()
        #expect(scene.change(of: stop) == .stopped)
        #expect(scene.app()?.slots.count == 2)
    }

    @Test func `a deletion makes everything pointless`() {
        var scene = Scene.serving()
        let first = scene.ask(.reload(.all))
        let second = scene.ask(.scale(.all, .to(5)))
        scene.launch()
        let delete = scene.ask(.delete(.all))
        scene.obey()
        #expect(scene.change(of: first) == .superseded)
        #expect(scene.change(of: second) == .superseded)
        #expect(scene.change(of: delete) == .deleted)
    }

    @Test func `what is being deleted is as good as gone`() {
        var scene = Scene.serving()
        scene.ask(.delete(.all))
        let ticket = scene.ask(.restart(.named("web")))
        #expect(scene.reply(to: ticket) == .refused(.noSuchApp("web")))
    }

    @Test func `the last version asked for wins`() {
        var scene = Scene.serving()
        scene.ask(.reload(.all))
        let second = scene.ask(.apply([Scene.release("2")]))
        let third = scene.ask(.apply([Scene.release("3")]))
        #expect(scene.change(of: second) == .superseded)
        scene.swap()
        scene.swap()
        #expect(scene.change(of: third) == .reloaded)
        #expect(scene.app()?.spec.arguments == ["3"])
    }

    @Test func `a start takes a waiting stop back`() {
        var scene = Scene.serving()
        scene.ask(.stop(.all))
        let again = scene.ask(.stop(.all))
        let start = scene.ask(.start(.all))
        #expect(scene.change(of: again) == .superseded)
        scene.obey()
        scene.serve()
        #expect(scene.change(of: start) == .started)
    }

    @Test func `relative numbers add up, the last absolute one counts`() {
        var scene = Scene.serving()
        scene.ask(.reload(.all))
        scene.ask(.scale(.all, .by(1)))
        let lost = scene.ask(.scale(.all, .to(9)))
        scene.ask(.scale(.all, .to(2)))
        scene.ask(.scale(.all, .by(1)))
        #expect(scene.change(of: lost) == .superseded)
        scene.swap()
        scene.serve()
        scene.serve()
        #expect(scene.app()?.slots.count == 3)
    }

    @Test func `a queue has an end`() {
        var scene = Scene.serving()
        scene.ask(.reload(.all))
        for _ in 0..<64 { scene.ask(.reload(.all)) }
        let ticket = scene.ask(.reload(.all))
        #expect(
            scene.reply(to: ticket) == .refused(.tooMany(what: "queued operations for web", limit: 64)))
    }

    @Test func `apps do not wait for each other`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec("a"), Scene.spec("b")]))
        scene.serve()
        scene.pass(.seconds(60))
        let ticket = scene.ask(.reload(.all))
        let raised = scene.launch()
        #expect(raised.count == 2)
        scene.die(raised[0], .code(4))
        #expect(scene.reply(to: ticket) == nil)
        scene.tell(.listened(raised[1], Scene.address))
        scene.pass(.seconds(2))
        scene.obey()
        guard case .rolledBack(let failure, let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(failure.app == AppName("a"))
        #expect(outcomes.map(\.change) == [.failed, .reloaded])
    }

    @Test func `what cannot be is dropped and announced`() {
        var scene = Scene.serving()
        let before = scene.supervisor.snapshot
        for event in [
            Event.spawned(InstanceID(99), ProcessID(1)), .vanished(scene.current()!),
            .spawned(scene.current()!, ProcessID(1)), .spawnFailed(scene.current()!, reason: ""),
        ] {
            scene.tell(event)
            guard case .announce(.impossible) = scene.last.first else {
                Issue.record("expected an announcement of \(event)")
                return
            }
        }
        #expect(scene.supervisor.snapshot == before)
    }
}
