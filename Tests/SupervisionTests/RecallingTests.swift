import Supervision
import Testing

@Suite struct Recalling {
    /// The daemon dies and another one goes on.
    private func reborn(_ scene: Scene) -> Scene {
        var next = scene
        let (saved, history) = (scene.supervisor.saved, scene.supervisor.history)
        next.supervisor = Supervisor(restoring: saved, history: history, seed: 2, now: scene.now)
        return next
    }

    @Test func `a death names process, generation, uptime and last words, and what was done`() throws {
        var scene = Scene.serving()
        let process = scene.slot()?.current?.process
        scene.die(scene.current()!, .code(7), words: ["Error: no database"])
        let death = try #require(scene.slot()?.deaths.last)
        #expect(death.process == process && death.generation == Generation(1))
        #expect(death.cause == .exited(.code(7)) && death.uptime == .seconds(60))
        #expect(death.lastWords == ["Error: no database"])
        #expect(death.consequence == .restarted(after: .zero))
    }

    @Test func `each death says how long it was waited before the next try`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        for _ in 0..<3 {
            scene.die(scene.launch()[0])
            let delay = scene.slot()!.nextTry! - scene.now
            #expect(scene.slot()?.deaths.last?.consequence == .restarted(after: delay))
            scene.pass(delay)
        }
    }

    @Test func `what is given up, refused, meant or not wanted is told apart`() {
        var spec = Scene.spec()
        spec.restart.maxRestarts = 1
        spec.restart.stopExitCodes = [3]
        var hopeless = Scene()
        hopeless.ask(.apply([spec]))
        hopeless.die(hopeless.launch()[0])
        #expect(hopeless.slot()?.deaths.last?.consequence == .gaveUp)

        var finished = Scene.serving(spec)
        finished.die(finished.current()!, .code(3))
        #expect(finished.slot()?.deaths.last?.consequence == .rested)

        var refused = Scene.serving()
        refused.ask(.apply([Scene.release("bad")]))
        refused.die(refused.launch()[0])
        #expect(refused.slot()?.deaths.last?.consequence == .refused)

        var stopped = Scene.serving()
        let dead = stopped.current()!
        stopped.tell(.exited(dead, Exit(status: .code(1), at: stopped.now)))
        stopped.ask(.stop(.all))
        stopped.vanish(dead)
        #expect(stopped.slot()?.deaths.last?.consequence == .unwanted)
    }

    @Test func `five deaths of a slot are remembered, the newest last`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        for code in Int32(1)...9 {
            scene.die(scene.launch()[0], .code(code))
            scene.pass(.seconds(60))
        }
        let codes = scene.slot()!.deaths.map(\.cause)
        #expect(Death.historyLimit == 5)
        #expect(codes == (5...9).map { .exited(.code($0)) })
    }

    @Test func `ten failed operations of an app are remembered, with what they were to be`() {
        var scene = Scene.serving()
        for number in 0..<12 {
            scene.ask(.apply([Scene.release("bad \(number)")]))
            scene.die(scene.launch()[0], .code(Int32(number)))
        }
        let failures = scene.app()!.failures
        #expect(FailedOperation.historyLimit == 10 && failures.count == 10)
        #expect(failures.last?.failure.death.cause == .exited(.code(11)))
        #expect(failures.allSatisfy { $0.goal == .reloaded && $0.isRolledBack })
    }

    @Test func `a start that fails is remembered too`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        scene.failSpawn("cannot find program server")
        #expect(scene.app()?.failures.map(\.goal) == [.started])
        #expect(scene.app()?.failures.first?.isRolledBack == false)
    }

    @Test func `a new daemon remembers all of it, and that the last reload failed`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.die(scene.current(1)!, .code(4), words: ["no"])
        scene.serve()
        scene.ask(.apply([Scene.release("bad", instances: 2)]))
        scene.die(scene.launch()[0])
        var next = reborn(scene)
        next.pass(.seconds(60))
        #expect(next.supervisor.history == scene.supervisor.history)
        #expect(next.app()?.lastFailure != nil && next.app()?.lastFailure == scene.app()?.lastFailure)
        #expect(next.slot(1)?.deaths == scene.slot(1)?.deaths)
        // It goes on from there.
        next.die(next.current(1)!, .code(5))
        #expect(next.slot(1)?.deaths.map(\.cause) == [.exited(.code(4)), .exited(.code(5))])
    }

    @Test func `a death is written down at once, and one that was deleted is forgotten`() {
        var scene = Scene.serving()
        scene.tell(.exited(scene.current()!, Exit(status: .code(1), at: scene.now)))
        #expect(scene.last.contains(.save))
        #expect(scene.supervisor.history.apps.count == 1)
        scene.vanish(scene.current()!)
        scene.serve()
        scene.ask(.delete(.all))
        scene.obey()
        #expect(scene.supervisor.history.apps.isEmpty)
    }
}
