import Supervision
import Testing

@Suite struct Restoring {
    /// The daemon dies and another one goes on.
    private func reborn(_ scene: Scene) -> Scene {
        var next = scene
        next.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        return next
    }

    @Test func `what ran goes on: same processes, ids and counts`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.die(scene.current(1)!)
        scene.serve()
        scene.pass(.seconds(5))
        let before = scene.supervisor.snapshot
        var next = reborn(scene)
        #expect(next.supervisor.saved == scene.supervisor.saved)
        next.pass(.seconds(60))
        let after = next.supervisor.snapshot
        #expect(after.apps[0].slots.map(\.current?.process) == before.apps[0].slots.map(\.current?.process))
        #expect(after.apps[0].slots.map(\.restarts) == [0, 1])
        #expect(after.apps[0].slots.map(\.status) == [.online, .online])
        #expect(next.spawns.count == scene.spawns.count)
        #expect(next.last == [.steer(Scene.web, scene.shares)])
    }

    @Test func `what was being started when the daemon died is started once more if it fails`() {
        var scene = Scene.serving()
        let old = scene.current()!
        let ticket = scene.ask(.apply([Scene.release("2")]))
        let first = scene.launch()[0]
        var next = reborn(scene)
        next.die(first, .unknown)
        #expect(next.reply(to: ticket) == nil && next.steering == [old])
        let second = next.launch()
        #expect(second.count == 1)
        var bad = next
        bad.die(second[0], .code(3))
        guard case .rolledBack = bad.reply(to: ticket) else { Issue.record("taken"); return }
        next.tell(.listened(second[0], Scene.address))
        next.pass(.seconds(2))
        next.obey()
        #expect(next.change(of: ticket) == .reloaded)
        #expect(next.current() == second[0])
    }

    @Test(arguments: [true, false])
    func `who waits for a start that the daemon's death disturbed waits for the next try, if there is one`(
        _ isBroughtBack: Bool
    ) {
        var spec = Scene.spec()
        spec.restart.automatic = isBroughtBack
        var scene = Scene()
        let ticket = scene.ask(.apply([spec]))
        let first = scene.launch()[0]
        var next = reborn(scene)
        next.die(first, .unknown)
        guard isBroughtBack else {
            guard case .failed = next.reply(to: ticket) else { Issue.record("not failed"); return }
            return
        }
        #expect(next.reply(to: ticket) == nil)
        next.pass(.seconds(1))
        #expect(next.serve().count == 1 && next.change(of: ticket) == .started)
    }

    @Test func `what died meanwhile is replaced`() {
        let scene = Scene.serving()
        var next = reborn(scene)
        next.die(scene.current()!, .unknown)
        #expect(next.spawns.count == 2)
        #expect(next.spawns[1].0.number > 1)
    }

    @Test func `what was to be there and is not is spawned`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        var next = reborn(scene)
        #expect(next.supervisor.nextDeadline == next.now)
        next.tell(.neverSpawned(scene.spawns[0].0))
        #expect(next.spawns.count == 2)
        #expect(next.spawns[0].0 != next.spawns[1].0)
        #expect(next.slot()?.restarts == 0 && next.slot()?.deaths.isEmpty == true)
    }

    @Test func `what was being spawned and is there is recognised`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Scene.spec()]))
        let id = scene.spawns[0].0
        var next = reborn(scene)
        next.tell(.spawned(id, ProcessID(77)))
        next.tell(.listened(id, Scene.address))
        next.pass(.seconds(60))
        #expect(next.spawns.count == 1 && next.current() == id)
        #expect(next.change(of: ticket) == .started)
    }

    @Test func `an heir that never came to be leaves what it was to inherit to the next`() {
        var scene = Scene.serving()
        let dead = scene.current()!
        scene.die(dead)
        let lost = scene.heir(of: dead)!
        var next = reborn(scene)
        next.tell(.neverSpawned(lost))
        #expect(next.heir(of: lost) != nil && next.releases.isEmpty)
        #expect(next.slot()?.restarts == 1)
    }

    @Test func `a pending restart keeps its moment, and the count of unstable runs`() {
        var scene = Scene.serving()
        for _ in 0..<3 {
            scene.die(scene.current()!)
            scene.pass(.seconds(1))
            scene.launch()
        }
        scene.die(scene.current()!)
        let before = scene.slot()!
        var next = reborn(scene)
        next.tell(.deadlinePassed)
        #expect(before.nextTry != nil && next.slot()?.nextTry == before.nextTry)
        #expect(next.slot()?.unstableRestarts == before.unstableRestarts)
        #expect(next.spawns.count == scene.spawns.count)
        next.pass(.seconds(30))
        #expect(next.spawns.count == scene.spawns.count + 1)
    }

    @Test func `who asks again under a ticket hears what was answered, and nothing is done twice`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let ticket = scene.ask(.scale(.named("web"), .by(1)))
        scene.serve()
        scene.pass(.seconds(60))
        #expect(scene.change(of: ticket) == .scaled)
        var next = reborn(scene)
        next.effects = []
        next.tell(.requested(.scale(.named("web"), .by(1)), ticket))
        #expect(next.change(of: ticket) == .scaled)
        #expect(next.app()?.slots.count == 3 && next.spawns.isEmpty)
    }

    @Test func `nothing is acknowledged before it is written`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.stop(.all))
        scene.obey()
        let requests: [Request] = [
            .scale(.all, .to(3)), .scale(.all, .by(-3)), .apply([Scene.release("2", instances: 0)]),
            .delete(.all),
        ]
        for request in requests {
            let ticket = scene.ask(request)
            #expect(scene.last.first == .save, "\(request)")
            #expect(scene.reply(to: ticket) != nil && scene.supervisor.saved.answered.last?.ticket == ticket)
        }
    }

    @Test func `what waits in line is done by the next daemon`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.reload(.all))
        let queued = scene.ask(.scale(.all, .to(3)))
        var next = reborn(scene)
        for _ in 0..<6 { next.swap() }
        #expect(next.change(of: queued) == .scaled && next.app()?.slots.count == 3)
    }

    @Test func `what was stopped stays stopped, and a stop goes on`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.stop(.all))
        scene.tell(.drained(scene.current(0)!))
        scene.die(scene.current(0)!)
        let left = scene.current(1)!
        var next = reborn(scene)
        next.tell(.deadlinePassed)
        #expect(next.last.contains(.drain(left)))
        next.obey()
        next.pass(.seconds(60))
        #expect(next.app()?.slots.map(\.status) == [.stopped, .stopped])
        #expect(next.spawns.count == 2)
    }

    @Test func `a reload that was on its way goes on with the same candidate, and its client hears the end`()
    {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let ticket = scene.ask(.apply([Scene.release("2", instances: 2)]))
        scene.swap()
        scene.launch()
        let candidate = scene.slot(1)!.others[0].id
        var next = reborn(scene)
        next.tell(.deadlinePassed)
        #expect(next.app()?.operation == .reloading)
        next.tell(.listened(candidate, Scene.address))
        next.pass(.seconds(2))
        next.obey()
        next.pass(.seconds(2))
        #expect(next.current(1) == candidate && next.spawns.count == scene.spawns.count)
        #expect(next.change(of: ticket) == .reloaded)
        #expect(next.app()?.operation == nil)
        next.ask(.reload(.all))
        #expect(next.spawns.last?.1.generation == Generation(3))
    }

    @Test func `a candidate that listened, and fails after the daemon's death, is rolled back as ever`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let ticket = scene.ask(.apply([Scene.release("2", instances: 2)]))
        scene.serve()
        var next = reborn(scene)
        next.die(scene.slot(0)!.others[0].id)
        next.pass(.seconds(60))
        guard case .rolledBack = next.reply(to: ticket) else {
            Issue.record("\(String(describing: next.reply(to: ticket)))")
            return
        }
        #expect(next.app()?.slots.allSatisfy { $0.current?.generation == Generation(1) } == true)
    }

    @Test func `a reload that an older version left half done is rolled back`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        scene.ask(.apply([Scene.release("2", instances: 2)]))
        scene.swap()
        scene.launch()
        var saved = scene.supervisor.saved
        saved.inquiries = [:]
        for k in saved.apps.indices {
            (saved.apps[k].newest, saved.apps[k].versions) = (nil, [])
            (saved.apps[k].work, saved.apps[k].queue) = (nil, [])
            for slot in saved.apps[k].slots.indices {
                for one in saved.apps[k].slots[slot].instances.indices {
                    saved.apps[k].slots[slot].instances[one].role = nil
                }
            }
        }
        scene.supervisor = Supervisor(restoring: saved, seed: 2, now: scene.now)
        scene.tell(.deadlinePassed)
        #expect(scene.app()?.operation == .rollingBack)
    }
}
