import Supervision
import Testing

/// People type a way back twice, or while it is on its way already; and promote what somebody else has ended.
@Suite struct DecidingTwice {
    /// Three releases, one after the other.
    private func thrice() -> Scene {
        var scene = Scene.serving(Scene.release("1", instances: 2))
        for release in ["2", "3"] {
            scene.ask(.apply([Scene.release(release, instances: 2)]))
            for _ in 0..<2 { scene.swap() }
        }
        return scene
    }

    private func tried(_ spec: AppSpec = Scene.release("2", instances: 4)) -> Scene {
        var scene = Scene.serving(Scene.release("1", instances: 4))
        scene.ask(.applyCanary([spec], percent: 5))
        scene.serve()
        scene.pass(.seconds(1))
        return scene
    }

    // MARK: - Going back

    @Test func `a second way back is the first one`() {
        var scene = thrice()
        let first = scene.ask(.rollback(.all))
        scene.swap()
        let second = scene.ask(.rollback(.all))
        for _ in 0..<3 { scene.swap() }
        #expect(scene.change(of: first) == .reverted)
        #expect(scene.reply(to: second) == scene.reply(to: first))
        #expect(scene.app()?.spec.arguments == ["2"])
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(4) } == true)
    }

    @Test func `two that wait are one`() {
        var scene = thrice()
        scene.ask(.scale(.all, .to(3)))
        let tickets = [scene.ask(.rollback(.all)), scene.ask(.rollback(.all))]
        scene.serve()
        for _ in 0..<4 { scene.swap() }
        for ticket in tickets { #expect(scene.change(of: ticket) == .reverted) }
        #expect(scene.app()?.spec.arguments == ["2"])
    }

    @Test func `a way back while a failed release goes back is that one`() {
        var scene = thrice()
        let release = scene.ask(.apply([Scene.release("4", instances: 2)]))
        scene.swap()
        scene.die(scene.launch()[0])
        let ticket = scene.ask(.rollback(.all))
        for _ in 0..<3 { scene.swap() }
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected the outcome of the one that was on its way")
            return
        }
        #expect(scene.reply(to: release) == scene.reply(to: ticket))
        #expect(scene.app()?.spec.arguments == ["3"])
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(3) } == true)
    }

    @Test func `a way back while one that was typed breaks off a release is that one`() {
        var scene = thrice()
        scene.ask(.apply([Scene.release("4", instances: 2)]))
        scene.swap()
        let tickets = [scene.ask(.rollback(.all)), scene.ask(.rollback(.all))]
        for _ in 0..<3 { scene.swap() }
        for ticket in tickets { #expect(scene.change(of: ticket) == .reverted) }
        #expect(scene.app()?.spec.arguments == ["3"])
    }

    @Test func `a way back after a release with nothing to go back to leads to the one before it`() {
        var scene = Scene.serving(Scene.release("1"))
        scene.ask(.apply([Scene.release("bad")]))
        scene.swap()
        scene.die(scene.current()!)
        scene.die(scene.launch()[0])
        let worse = scene.ask(.apply([Scene.release("worse")]))
        let last = scene.launch()[0]
        scene.tell(.exited(last, Exit(status: .code(1), at: scene.now)))
        let ticket = scene.ask(.rollback(.all))
        scene.vanish(last)
        scene.swap()
        guard case .failed = scene.reply(to: worse) else {
            Issue.record("expected a failure")
            return
        }
        #expect(scene.change(of: ticket) == .reverted)
        #expect(scene.app()?.spec.arguments == ["bad"])
    }

    @Test func `a way back behind a release that waits for another one leads to where both began`() {
        var scene = thrice()
        scene.ask(.rollback(.all))
        let release = scene.ask(.apply([Scene.release("4", instances: 2)]))
        let ticket = scene.ask(.rollback(.all))
        #expect(scene.change(of: release) == .superseded)
        for _ in 0..<3 { scene.swap() }
        #expect(scene.change(of: ticket) == .reverted)
        #expect(scene.app()?.spec.arguments == ["2"])
    }

    @Test func `a way back while a release waits undoes that one, and no other`() {
        var scene = thrice()
        scene.ask(.scale(.all, .to(3)))
        let release = scene.ask(.apply([Scene.release("4", instances: 3)]))
        let tickets = [scene.ask(.rollback(.all)), scene.ask(.rollback(.all))]
        #expect(scene.change(of: release) == .superseded)
        scene.serve()
        scene.pass(.seconds(2))
        for ticket in tickets { #expect(scene.change(of: ticket) == .reverted) }
        #expect(scene.app()?.generation == Generation(3))
    }

    @Test func `a second way back is the first one also when something else waits`() {
        var scene = thrice()
        scene.ask(.rollback(.all))
        scene.ask(.scale(.all, .to(3)))
        let ticket = scene.ask(.rollback(.all))
        for _ in 0..<4 { scene.swap() }
        #expect(scene.change(of: ticket) == .reverted)
        #expect(scene.app()?.spec.arguments == ["2"])
        #expect(scene.app()?.slots.count == 3)
    }

    @Test func `a way back of a blue-green app without instances has nothing to switch`() {
        var spec = Scene.release("1")
        spec.strategy = .blueGreen
        var scene = Scene.serving(spec)
        scene.ask(.scale(.all, .to(0)))
        spec.arguments = ["2"]
        let release = scene.ask(.apply([spec]))
        let ticket = scene.ask(.rollback(.all))
        scene.obey()
        #expect(scene.change(of: release) == .superseded)
        #expect(scene.change(of: ticket) == .reverted)
        #expect(scene.app()?.slots.isEmpty == true)
    }

    @Test func `a way back while a promotion waits ends the canary`() {
        var scene = tried()
        scene.ask(.scale(.all, .to(5)))
        let promotion = scene.ask(.promote(.all))
        let ticket = scene.ask(.rollback(.all))
        #expect(scene.change(of: promotion) == .superseded)
        scene.serve()
        scene.obey()
        #expect(scene.change(of: ticket) == .reverted)
        #expect(scene.app()?.canary == nil)
        #expect(scene.app()?.generation == Generation(1))
    }

    // MARK: - Promoting

    @Test func `a second promotion is the first one`() {
        var scene = tried()
        let first = scene.ask(.promote(.all))
        let second = scene.ask(.promote(.all))
        for _ in 0..<6 { scene.swap() }
        #expect(scene.change(of: first) == .promoted)
        #expect(scene.reply(to: second) == scene.reply(to: first))
    }

    @Test(arguments: [Request.apply([Scene.release("3", instances: 4)]), .reload(.all)])
    func `who waits to promote what another release ends is told`(_ other: Request) {
        var scene = tried()
        scene.ask(.scale(.all, .to(5)))
        scene.ask(other)
        let promotion = scene.ask(.promote(.all))
        for _ in 0..<8 { scene.swap() }
        #expect(scene.change(of: promotion) == .superseded)
        #expect(scene.app()?.generation == Generation(3))
    }

    @Test func `who waits to promote what goes back is told`() {
        var scene = tried()
        scene.ask(.scale(.all, .to(5)))
        scene.ask(.rollback(.all))
        let promotion = scene.ask(.promote(.all))
        for _ in 0..<4 { scene.swap() }
        #expect(scene.change(of: promotion) == .superseded)
        #expect(scene.app()?.generation == Generation(1))
    }

    @Test func `who waits to promote what is broken off is told, whatever failed before`() {
        var scene = Scene.serving(Scene.release("1", instances: 2))
        scene.ask(.apply([Scene.release("bad", instances: 2)]))
        scene.die(scene.launch()[0])
        scene.ask(.applyCanary([Scene.release("2", instances: 2)], percent: 5))
        scene.launch()
        let promotion = scene.ask(.promote(.all))
        let back = scene.ask(.rollback(.all))
        scene.obey()
        #expect(scene.change(of: promotion) == .superseded)
        #expect(scene.change(of: back) == .reverted)
    }

    @Test func `who waits to promote the next canary does`() {
        var scene = tried()
        scene.ask(.applyCanary([Scene.release("3", instances: 4)], percent: 5))
        let promotion = scene.ask(.promote(.all))
        for _ in 0..<8 { scene.swap() }
        #expect(scene.change(of: promotion) == .promoted)
        #expect(scene.app()?.spec.arguments == ["3"])
    }

    @Test func `who waits to promote what failed meanwhile hears of that`() {
        var scene = tried()
        scene.ask(.scale(.all, .to(5)))
        let promotion = scene.ask(.promote(.all))
        let canary = scene.spawns[4].0
        scene.tell(.exited(canary, Exit(status: .code(3), at: scene.now)))
        scene.vanish(canary)
        scene.serve()
        guard case .failed(let failure, _) = scene.reply(to: promotion) else {
            Issue.record("expected a failure")
            return
        }
        #expect(failure.death.cause == .exited(.code(3)))
    }

    @Test func `a canary without a slot is not promoted`() {
        var scene = tried()
        scene.ask(.scale(.all, .to(0)))
        let promotion = scene.ask(.promote(.all))
        scene.obey()
        #expect(scene.change(of: promotion) == .superseded)
    }
}
