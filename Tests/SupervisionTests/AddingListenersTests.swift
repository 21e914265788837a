import Supervision
import Testing

/// Releases that listen on more than the one before, and the way back from them.
@Suite struct AddingListeners {
    private static let first = Scene.release("1", instances: 2)
    private static let second = Scene.release("2", instances: 2)
    private static let third = ListenAddress(host: "0.0.0.0", port: 5000)

    /// One slot of a reload: the candidate listens on these, is believed, and the old one ends.
    private func swap(_ scene: inout Scene, on addresses: [ListenAddress] = [Scene.address]) {
        listen(scene.launch(), on: addresses, &scene)
        scene.pass(.seconds(2))
        scene.obey()
    }

    private func listen(_ ids: [InstanceID], on addresses: [ListenAddress], _ scene: inout Scene) {
        for id in ids { for address in addresses { scene.tell(.listened(id, address)) } }
    }

    /// The second release is in force, and listens on one more than the first.
    private func added(_ first: AppSpec = first, on few: [ListenAddress] = [Scene.address]) -> Scene {
        var scene = Scene()
        scene.ask(.apply([first]))
        listen(scene.launch(), on: few, &scene)
        scene.pass(.seconds(60))
        scene.ask(.apply([Self.second]))
        for _ in 0..<2 { swap(&scene, on: few + [Self.third]) }
        return scene
    }

    private func generations(_ scene: Scene) -> [Int?] {
        scene.app()?.slots.map { $0.current?.generation.number } ?? []
    }

    @Test func `the way back leads to what the version before listened on`() {
        var scene = added()
        let ticket = scene.ask(.rollback(.all))
        for _ in 0..<2 { swap(&scene) }
        #expect(scene.change(of: ticket) == .reverted)
        #expect(generations(scene) == [3, 3])
    }

    @Test func `and again, forward to more and back to less`() {
        var scene = added()
        scene.ask(.rollback(.all))
        for _ in 0..<2 { swap(&scene) }
        let forward = scene.ask(.rollback(.all))
        for _ in 0..<2 { swap(&scene, on: [Scene.address, Self.third]) }
        #expect(scene.change(of: forward) == .reverted)
        let back = scene.ask(.rollback(.all))
        for _ in 0..<2 { swap(&scene) }
        #expect(scene.change(of: back) == .reverted)
        #expect(generations(scene) == [5, 5])
    }

    @Test func `what it did listen on is expected of it`() {
        var scene = added(on: [Scene.address, Scene.elsewhere])
        let serving = scene.steering
        scene.ask(.rollback(.all))
        let candidate = scene.serve()[0]
        scene.pass(.seconds(2))
        #expect(scene.steering == serving)
        scene.tell(.listened(candidate, Scene.elsewhere))
        scene.pass(.seconds(2))
        #expect(scene.current() == candidate)
    }

    @Test func `a release that fails half way gives its slots back`() {
        var scene = Scene.serving(Self.first)
        let ticket = scene.ask(.apply([Self.second]))
        swap(&scene, on: [Scene.address, Self.third])
        scene.die(scene.launch()[0])
        swap(&scene)
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(generations(scene) == [1, 1])
    }

    @Test func `one that is broken off half way leaves no debts to whoever crashed`() {
        var scene = Scene.serving(Self.first)
        scene.ask(.apply([Self.second]))
        swap(&scene, on: [Scene.address, Self.third])
        let crashed = scene.current()!
        scene.launch()
        scene.pass(.seconds(5))
        scene.tell(.exited(crashed, Exit(status: .code(1), at: scene.now)))
        let ticket = scene.ask(.rollback(.all))
        scene.vanish(crashed)
        scene.obey()
        scene.serve()
        scene.pass(.seconds(2))
        scene.obey()
        #expect(scene.change(of: ticket) == .reverted)
        #expect(generations(scene) == [1, 1])
        #expect(scene.slot()?.status == .online)
    }

    @Test func `the next daemon knows it, too`() {
        var scene = added()
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        scene.pass(.seconds(60))
        let ticket = scene.ask(.rollback(.all))
        for _ in 0..<2 { swap(&scene) }
        #expect(scene.change(of: ticket) == .reverted)
    }

    @Test func `a reload that outlived its daemon gives its slots back when it is broken off`() {
        var scene = Scene.serving(Self.first)
        scene.ask(.apply([Self.second]))
        swap(&scene, on: [Scene.address, Self.third])
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        scene.tell(.deadlinePassed)
        scene.ask(.rollback(.all))
        for _ in 0..<3 { swap(&scene) }
        #expect(generations(scene) == [1, 1])
        #expect(scene.app()?.operation == nil)
    }

    @Test func `a release that was started after a stop is rolled back as well`() {
        var scene = Scene.serving(Self.first)
        scene.ask(.stop(.all))
        scene.obey()
        scene.ask(.apply([Self.second]))
        listen(scene.launch(), on: [Scene.address, Self.third], &scene)
        scene.pass(.seconds(2))
        let ticket = scene.ask(.rollback(.all))
        for _ in 0..<2 { swap(&scene) }
        #expect(scene.change(of: ticket) == .reverted)
    }

    @Test func `only so many addresses of a version are remembered`() {
        var scene = Scene()
        scene.ask(.apply([Scene.release("1")]))
        let many = (1...UInt16(Limits.listenersPerVersion + 1)).map {
            ListenAddress(host: "0.0.0.0", port: $0)
        }
        listen(scene.launch(), on: many, &scene)
        scene.pass(.seconds(60))
        scene.ask(.stop(.all))
        scene.obey()
        #expect(scene.supervisor.saved.apps[0].listened?.count == Limits.listenersPerVersion)
    }

    @Test func `where each slot has an address of its own, all of them count`() {
        var scene = Scene()
        scene.ask(.apply([Self.first]))
        let pairs = Array(zip(scene.launch(), [Scene.address, Scene.elsewhere]))
        for (id, address) in pairs { scene.tell(.listened(id, address)) }
        scene.pass(.seconds(60))
        scene.ask(.apply([Self.second]))
        swap(&scene, on: [Scene.address, Self.third])
        swap(&scene, on: [Scene.elsewhere])
        scene.ask(.rollback(.all))
        swap(&scene)
        let last = scene.serve()[0]
        scene.pass(.seconds(2))
        #expect(scene.current(1) != last, "it does not listen where the second slot does")
        scene.tell(.listened(last, Scene.elsewhere))
        scene.pass(.seconds(2))
        #expect(scene.current(1) == last)
    }

    @Test func `what never listened anywhere proves itself by living`() {
        var scene = added(on: [])
        let ticket = scene.ask(.rollback(.all))
        for _ in 0..<2 { swap(&scene, on: []) }
        #expect(scene.change(of: ticket) == .reverted)
    }

    @Test func `what was replaced before it had time to listen may only have been slow`() {
        var scene = Scene()
        scene.ask(.apply([Scene.release("1")]))
        scene.launch()
        scene.pass(.seconds(2))
        scene.ask(.apply([Scene.release("2")]))
        swap(&scene)
        let serving = scene.steering
        scene.ask(.rollback(.all))
        scene.launch()
        scene.pass(.seconds(2))
        #expect(scene.steering == serving)
    }

    @Test func `another of the version in force listens where that does, whatever was learned before`() {
        var scene = Scene.serving(Scene.release("1"))
        scene.ask(.apply([Scene.release("2")]))
        listen(scene.launch(), on: [Scene.address], &scene)
        scene.tell(.exited(scene.spawns.last!.0, Exit(status: .code(1), at: scene.now)))
        scene.vanish(scene.spawns.last!.0)
        let old = scene.current()!
        scene.tell(.listened(old, Self.third))
        scene.pass(.seconds(60))
        scene.tell(.faltered(old))
        listen(scene.launch(), on: [Scene.address], &scene)
        scene.pass(.seconds(2))
        #expect(scene.current() == old, "the new one does not listen where the old one does")
    }
}
