import Supervision
import Testing

@Suite struct TryingOut {
    private var scene = Scene.serving(Scene.spec(instances: 4))
    private let old: [InstanceID]

    init() {
        old = (0..<4).map { [scene] in scene.current($0)! }
    }

    @Test mutating func `one of the new version stands beside four, proves itself, and gets its share`() {
        let ticket = scene.ask(.applyCanary([Scene.release("2", instances: 4)], percent: 5))
        let new = scene.serve()
        #expect(new.count == 1)
        scene.pass(.milliseconds(999))
        #expect(scene.steering == old)
        scene.pass(.milliseconds(1))
        #expect(scene.shares == .split(old, new, percent: 5))
        guard case .done(let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected an answer")
            return
        }
        #expect(outcomes.first?.note == .canary(Generation(2), percent: 5))
        #expect(scene.app()?.canary == .init(Generation(2), percent: 5))
        #expect(scene.app()?.operation == nil)
        #expect(scene.app()?.generation == Generation(1))
        scene.pass(.seconds(3600))
        #expect(scene.spawns.count == 5)
        #expect(scene.supervisor.nextDeadline == nil)
    }

    @Test(arguments: [(1, 1), (25, 1), (26, 2), (50, 2), (51, 3), (99, 4)])
    mutating func `as many as the share is of all`(_ percent: Int, _ count: Int) {
        #expect(scene.openCanary(percent).count == count)
    }

    @Test mutating func `rolling back takes it out of rotation, drains it and stops it`() {
        let new = scene.openCanary()
        let ticket = scene.ask(.rollback(.all))
        #expect(scene.shares == .even(old))
        #expect(scene.drains == new)
        scene.obey()
        #expect(scene.change(of: ticket) == .reverted)
        #expect(scene.spawns.count == 5)
        #expect((0..<4).map { scene.current($0)! } == old)
        #expect(scene.app()?.canary == nil)
    }

    @Test mutating func `one that dies is out of rotation at once, and takes the others along`() {
        let new = scene.openCanary(50)
        scene.die(new[0], .code(3))
        #expect(scene.shares == .even(old))
        #expect(scene.drains == [new[1]])
        #expect(scene.app()?.canary == nil)
        #expect(scene.app()?.lastFailure?.death.cause == .exited(.code(3)))
        scene.obey()
        scene.pass(.seconds(3600))
        #expect(scene.spawns.count == 6)
        let promote = scene.ask(.promote(.all))
        #expect(scene.reply(to: promote) == .refused(.noCanary(Scene.web)))
    }

    @Test mutating func `one that closes its listener is out of rotation at once`() {
        let new = scene.openCanary()
        scene.tell(.unlistened(new[0], Scene.address))
        #expect(scene.shares == .even(old))
        scene.obey()
        #expect(scene.app()?.lastFailure?.death.cause == .faltered(missing: [Scene.address]))
    }

    @Test mutating func `one that does its work no more is out of rotation at once`() {
        let new = scene.openCanary()
        scene.tell(.faltered(new[0]))
        #expect(scene.shares == .even(old))
        scene.obey()
        #expect(scene.app()?.canary == nil)
    }

    @Test mutating func `one that does not prove itself fails the command`() {
        let ticket = scene.ask(.canary(.all, percent: 5))
        scene.die(scene.serve()[0], .code(3))
        guard case .rolledBack = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        #expect(scene.app()?.canary == nil)
        #expect(scene.steering == old)
    }

    @Test mutating func `one that takes no connections when it is to be believed fails the command`() {
        let ticket = scene.ask(.applyCanary([Scene.release("2", instances: 4)], percent: 5))
        let new = scene.serve()
        scene.tell(.stuck(new[0], waiting: 7))
        scene.pass(.seconds(1))
        scene.obey()
        guard case .rolledBack(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("expected a rollback")
            return
        }
        guard case .stuck = failure.death.cause else {
            Issue.record("expected it to be stuck: \(failure)")
            return
        }
        #expect(scene.steering == old)
        #expect(scene.app()?.canary == nil)
    }

    @Test mutating func `asking again widens it`() {
        let new = scene.openCanary()
        let ticket = scene.ask(.canary(.all, percent: 50))
        #expect(scene.shares == .split(old, new, percent: 5))
        let more = scene.serve()
        scene.pass(.seconds(1))
        #expect(scene.shares == .split(old, new + more, percent: 50))
        #expect(scene.change(of: ticket) == .canary)
        #expect(scene.spawns.count == 6)
        let less = scene.ask(.canary(.all, percent: 10))
        #expect(scene.shares == .split(old, new + more, percent: 10))
        #expect(scene.change(of: less) == .canary)
    }

    @Test mutating func `it can be widened after the app has shrunk`() {
        let new = scene.openCanary(50)
        scene.ask(.scale(.all, .to(1)))
        scene.obey()
        scene.ask(.canary(.all, percent: 10))
        #expect(scene.shares == .split([old[0]], [new[0]], percent: 10))
    }

    @Test mutating func `another release takes its place`() {
        let first = scene.openCanary()
        let ticket = scene.ask(.applyCanary([Scene.release("3", instances: 4)], percent: 5))
        #expect(scene.drains == first)
        #expect(scene.shares == .even(old))
        scene.obey()
        let second = scene.serve()
        scene.pass(.seconds(1))
        #expect(scene.change(of: ticket) == .canary)
        #expect(scene.shares == .split(old, second, percent: 5))
        #expect(scene.app()?.canary?.generation == Generation(3))
    }

    @Test mutating func `a reload ends it, and replaces everything`() {
        let new = scene.openCanary()
        let ticket = scene.ask(.apply([Scene.release("3", instances: 4)]))
        #expect(scene.drains == new)
        for _ in 0..<5 {
            scene.obey()
            scene.serve()
            scene.pass(.seconds(2))
        }
        #expect(scene.change(of: ticket) == .reloaded)
        #expect(scene.app()?.canary == nil)
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(3) } == true)
    }

    @Test mutating func `scaling keeps the share, and scaling to nothing ends it`() {
        let new = scene.openCanary(20)
        scene.ask(.scale(.all, .to(6)))
        let grown = scene.serve()
        #expect(scene.spawns.suffix(2).allSatisfy { $0.1.generation == Generation(1) })
        #expect(scene.shares == .split(old + grown, new, percent: 20))
        scene.ask(.scale(.all, .to(1)))
        scene.obey()
        #expect(scene.shares == .split([old[0]], new, percent: 20))
        scene.ask(.scale(.all, .to(0)))
        scene.obey()
        #expect(scene.app()?.canary == nil)
    }

    @Test mutating func `a restart restarts the version in force, and leaves it`() {
        let new = scene.openCanary()
        let ticket = scene.ask(.restart(.all))
        for _ in 0..<4 {
            scene.obey()
            scene.serve()
        }
        #expect(scene.change(of: ticket) == .restarted)
        #expect(scene.app()?.canary != nil)
        let restarted = (0..<4).map { scene.current($0)! }
        #expect(Set(restarted).isDisjoint(with: old))
        #expect(scene.shares == .split(restarted, new, percent: 5))
    }

    @Test mutating func `stopping and deleting end it`() {
        let new = scene.openCanary()
        let ticket = scene.ask(.stop(.all))
        scene.obey()
        #expect(scene.change(of: ticket) == .stopped)
        #expect(scene.drains.contains(new[0]))
        scene.ask(.start(.all))
        scene.serve()
        #expect(scene.app()?.canary == nil)
        #expect(scene.app()?.slots.allSatisfy { $0.current?.generation == Generation(1) } == true)
        scene.ask(.canary(.all, percent: 5))
        scene.serve()
        scene.pass(.seconds(1))
        scene.ask(.delete(.all))
        scene.obey()
        #expect(scene.app() == nil)
    }

    @Test mutating func `the one beside it is brought back when it crashes, as it was`() {
        let new = scene.openCanary()
        scene.die(old[0])
        #expect(scene.spawns.last?.1.generation == Generation(1))
        #expect(scene.heir(of: old[0]) != nil)
        #expect(scene.shares == .split(Array(old.dropFirst()), new, percent: 5))
        let heir = scene.serve()
        #expect(scene.shares == .split(heir + old.dropFirst(), new, percent: 5))
    }

    @Test mutating func `where nobody else serves it gets everything`() {
        let new = scene.openCanary()
        for id in old { scene.tell(.exited(id, Exit(status: .code(1), at: scene.now))) }
        #expect(scene.shares == .even(new))
    }

    @Test mutating func `an instance that falters beside it is restarted in place`() {
        let new = scene.openCanary()
        scene.tell(.faltered(old[0]))
        scene.obey()
        let fresh = scene.serve()
        #expect(scene.spawns.last?.1.generation == Generation(1))
        #expect(scene.shares == .split(fresh + old.dropFirst(), new, percent: 5))
        #expect(scene.app()?.canary != nil)
    }

    @Test mutating func `it survives the daemon, and can be promoted by the next one`() {
        let new = scene.openCanary()
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        scene.pass(.seconds(60))
        #expect(scene.shares == .split(old, new, percent: 5))
        #expect(scene.app()?.canary == .init(Generation(2), percent: 5))
        let ticket = scene.ask(.promote(.all))
        #expect(scene.steering == new + old.dropFirst())
        for _ in 0..<4 {
            scene.obey()
            scene.serve()
            scene.pass(.seconds(2))
        }
        #expect(scene.change(of: ticket) == .promoted)
        #expect(scene.app()?.spec.arguments == ["2"])
        #expect(scene.app()?.generation == Generation(2))
    }

    @Test mutating func `one that is still being raised is opened by the next daemon`() {
        let ticket = scene.ask(.canary(.all, percent: 5))
        let new = scene.launch()
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        for id in new { scene.tell(.listened(id, Scene.address)) }
        scene.pass(.seconds(60))
        #expect(scene.change(of: ticket) == .canary)
        #expect(scene.shares == .split(old, new, percent: 5))
    }

    @Test func `where the only one beside it has done its work, there is no place for it`() {
        var spec = Scene.spec()
        spec.restart.automatic = false
        var scene = Scene.serving(spec)
        let old = scene.current(0)!
        var release = Scene.release("2")
        release.restart.automatic = false
        let ticket = scene.ask(.applyCanary([release], percent: 50))
        let new = scene.launch()
        scene.die(old, .code(0))
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        for id in new { scene.tell(.listened(id, Scene.address)) }
        scene.pass(.seconds(60))
        #expect(scene.change(of: ticket) == .superseded)
        #expect(scene.app()?.canary == nil)
    }

    @Test func `an app that is down is reloaded plainly`() {
        var scene = Scene()
        scene.ask(.apply([Scene.release("bad")]))
        scene.die(scene.launch()[0])
        let ticket = scene.ask(.applyCanary([Scene.release("good")], percent: 5))
        scene.serve()
        scene.pass(.seconds(2))
        #expect(scene.change(of: ticket) == .reloaded)
        #expect(scene.app()?.canary == nil)
    }

    @Test(arguments: [-1, 0, 100]) mutating func `a share that is none is refused`(_ percent: Int) {
        let ticket = scene.ask(.canary(.all, percent: percent))
        guard case .refused(.invalid) = scene.reply(to: ticket) else {
            Issue.record("expected a refusal")
            return
        }
    }

}
