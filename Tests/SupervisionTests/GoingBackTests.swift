import Supervision
import Testing

@Suite struct GoingBack {
    /// Two releases, one after the other.
    private func twice() -> Scene {
        var scene = Scene.serving(Scene.release("1", instances: 2))
        scene.ask(.apply([Scene.release("2", instances: 2)]))
        for _ in 0..<2 { scene.swap() }
        return scene
    }

    @Test func `it is a reload of what ran before`() {
        var scene = twice()
        let ticket = scene.ask(.rollback(.all))
        #expect(scene.spawns.last?.1.generation == Generation(3))
        #expect(scene.spawns.last?.1.spec.arguments == ["1"])
        for _ in 0..<2 { scene.swap() }
        guard case .done(let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected an answer")
            return
        }
        #expect(outcomes.first?.change == .reverted)
        #expect(outcomes.first?.note == .wentBack(to: Generation(1), directory: "/srv"))
        #expect(scene.app()?.spec.arguments == ["1"])
        #expect(scene.app()?.previous == Generation(2))
    }

    @Test func `and back again`() {
        var scene = twice()
        scene.ask(.rollback(.all))
        for _ in 0..<2 { scene.swap() }
        scene.ask(.rollback(.all))
        for _ in 0..<2 { scene.swap() }
        #expect(scene.app()?.spec.arguments == ["2"])
    }

    @Test func `links are followed as they were when the first of that version was started`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        let first = scene.launch()[0]
        scene.tell(.located(first, Places(workingDirectory: "/srv/releases/42", script: "/opt/a/server")))
        scene.tell(.listened(first, Scene.address))
        scene.pass(.seconds(60))
        scene.die(first)
        let heir = scene.launch()[0]
        scene.tell(.located(heir, Places(workingDirectory: "/srv/releases/43")))
        scene.tell(.listened(heir, Scene.address))
        scene.pass(.seconds(60))
        scene.ask(.reload(.all))
        let second = scene.launch()[0]
        scene.tell(.located(second, Places(workingDirectory: "/srv/releases/43")))
        scene.tell(.listened(second, Scene.address))
        scene.pass(.seconds(2))
        scene.obey()
        let ticket = scene.ask(.rollback(.all))
        let back = scene.spawns.last?.1.spec
        #expect(back?.workingDirectory == "/srv/releases/42")
        #expect(back?.script == "/opt/a/server")
        scene.swap()
        guard case .done(let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected an answer")
            return
        }
        #expect(outcomes.first?.note == .wentBack(to: Generation(1), directory: "/srv/releases/42"))
    }

    @Test func `there is nothing before the first version`() {
        var scene = Scene.serving()
        let ticket = scene.ask(.rollback(.all))
        #expect(scene.reply(to: ticket) == .refused(.nothingBefore(Scene.web)))
    }

    @Test func `what ran in the same place in the same way is nothing to go back to`() {
        var scene = Scene.serving()
        scene.ask(.reload(.all))
        scene.swap()
        let ticket = scene.ask(.rollback(.all))
        #expect(scene.reply(to: ticket) == .refused(.sameBefore(Scene.web, Generation(1))))
    }

    @Test func `the number of instances is not rolled back`() {
        var scene = twice()
        scene.ask(.scale(.all, .to(3)))
        scene.serve()
        scene.ask(.rollback(.all))
        for _ in 0..<3 { scene.swap() }
        #expect(scene.app()?.slots.count == 3)
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(3) } == true)
    }

    @Test func `it proves itself like any release, and what serves stays if it cannot`() {
        var scene = twice()
        let serving = scene.steering
        let ticket = scene.ask(.rollback(.all))
        scene.die(scene.launch()[0])
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback of the rollback")
            return
        }
        #expect(scene.steering == serving)
        #expect(scene.app()?.spec.arguments == ["2"])
        #expect(scene.app()?.previous == Generation(1))
    }

    @Test func `it is still known to the next daemon, with its environment`() {
        var first = Scene.release("1", instances: 2)
        first.inherited = EnvironmentID(7)
        var scene = Scene.serving(first)
        var second = Scene.release("2", instances: 2)
        second.inherited = EnvironmentID(8)
        scene.ask(.apply([second]))
        for _ in 0..<2 { scene.swap() }
        #expect(scene.supervisor.environments == [EnvironmentID(7), EnvironmentID(8)])
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        scene.pass(.seconds(60))
        #expect(scene.supervisor.environments == [EnvironmentID(7), EnvironmentID(8)])
        scene.ask(.rollback(.all))
        #expect(scene.spawns.last?.1.spec.arguments == ["1"])
        #expect(scene.spawns.last?.1.spec.inherited == EnvironmentID(7))
    }

    @Test func `only one version before is kept`() {
        var scene = twice()
        for release in ["3", "4", "5"] {
            scene.ask(.apply([Scene.release(release, instances: 2)]))
            for _ in 0..<2 { scene.swap() }
        }
        #expect(scene.supervisor.saved.apps[0].previous?.spec.arguments == ["4"])
    }

    @Test func `asked for during a reload it breaks that off`() {
        var scene = twice()
        let reload = scene.ask(.apply([Scene.release("3", instances: 2)]))
        scene.swap()
        scene.launch()
        let ticket = scene.ask(.rollback(.all))
        #expect(scene.change(of: reload) == .superseded)
        for _ in 0..<2 { scene.swap() }
        #expect(scene.change(of: ticket) == .reverted)
        #expect(scene.app()?.generation == Generation(2))
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(2) } == true)
    }

    @Test func `of several apps those that can go back do`() {
        var scene = twice()
        scene.ask(.apply([Scene.spec("other")]))
        scene.serve(on: Scene.elsewhere)
        let ticket = scene.ask(.rollback(.all))
        for _ in 0..<2 { scene.swap() }
        #expect(scene.change(of: ticket) == .reverted)
        #expect(scene.app(AppName("other"))?.generation == Generation(1))
    }
}
