import Supervision
import Testing

/// `cron_restart`.
@Suite struct Recurring {
    /// The scene begins at 1000 s; the calendar shows a quarter to three in the morning of a Tuesday.
    private static let start: Int64 = 1_796_093_100

    private static func spec(_ schedule: String = "0 3 * * *", instances: Int = 1) -> AppSpec {
        var spec = Scene.spec(instances: instances)
        spec.restart.schedule = Schedule(schedule)
        return spec
    }

    private static func scene(_ spec: AppSpec = spec()) -> Scene {
        var scene = Scene()
        scene.supervisor.calendar.offset = .seconds(start - 1000)
        scene.ask(.apply([spec]))
        scene.serve()
        scene.pass(.seconds(60))
        return scene
    }

    private func notices(_ scene: Scene) -> [Notice] {
        scene.effects.compactMap { if case .announce(let notice) = $0 { notice } else { nil } }
    }

    private func set(_ scene: inout Scene, by seconds: Int64) {
        scene.supervisor.calendar.offset = scene.supervisor.calendar.offset + .seconds(seconds)
    }

    @Test func `at its time the app is reloaded, one instance after the other`() {
        var scene = Recurring.scene(Recurring.spec(instances: 2))
        scene.pass(.seconds(14 * 60 - 1))
        #expect(scene.spawns.count == 2)
        scene.pass(.seconds(1))
        #expect(notices(scene).contains(.recurs(Scene.web)))
        #expect(scene.app()?.operation == .reloading && scene.spawns.count == 3)
        scene.swap()
        scene.swap()
        #expect(scene.app()?.operation == nil && scene.spawns.count == 4)
        scene.pass(.seconds(86_300))
        #expect(scene.spawns.count == 4)
        scene.pass(.seconds(100))
        #expect(scene.spawns.count == 5)
    }

    @Test func `the time is that of the place`() {
        var scene = Scene()
        scene.supervisor.calendar.zone = { _ in -3600 }
        scene.supervisor.calendar.offset = .seconds(Recurring.start - 1000)
        scene.ask(.apply([Recurring.spec()]))
        scene.serve()
        scene.pass(.seconds(74 * 60))
        #expect(scene.spawns.count == 1)
        scene.pass(.seconds(60))
        #expect(scene.spawns.count == 2)
    }

    @Test func `without a time nobody wakes up, and it can be taken away`() {
        var scene = Recurring.scene()
        #expect(scene.supervisor.nextDeadline != nil)
        let ticket = scene.ask(.apply([Scene.spec()]))
        #expect(scene.change(of: ticket) == .revised)
        #expect(scene.supervisor.nextDeadline == nil && scene.spawns.count == 1)
    }

    @Test func `what was stopped stays stopped`() {
        var scene = Recurring.scene()
        scene.ask(.stop(.all))
        scene.obey()
        scene.pass(.seconds(3600))
        #expect(scene.spawns.count == 1 && notices(scene).isEmpty)
    }

    @Test func `of an app of which one instance was stopped, the others are reloaded`() {
        var scene = Recurring.scene(Recurring.spec(instances: 2))
        scene.ask(.stop(.named("1")))
        scene.obey()
        scene.pass(.seconds(840))
        #expect(scene.spawns.count == 3)
        scene.swap()
        #expect(scene.app()?.operation == nil && scene.slot(1)?.status == .stopped)
    }

    @Test(arguments: [Int32(0), 1])
    func `a job that has ended is done again`(_ code: Int32) {
        var spec = Recurring.spec()
        spec.restart.automatic = false
        var scene = Scene()
        scene.supervisor.calendar.offset = .seconds(Recurring.start - 1000)
        scene.ask(.apply([spec]))
        for turn in 1...3 {
            #expect(scene.spawns.count == turn)
            scene.pass(.milliseconds(50))
            scene.die(scene.launch()[0], .code(code))
            scene.pass(.seconds(60))
            #expect(scene.app()?.operation == nil && scene.slot()?.status == .stopped)
            scene.pass(.seconds(86_400))
        }
    }

    @Test func `a job that ended and comes back when it ends is given no time of its own`() {
        var spec = Recurring.spec()
        spec.restart.stopExitCodes = [0]
        var scene = Recurring.scene(spec)
        scene.die(scene.current()!, .code(0))
        scene.pass(.seconds(3600))
        #expect(scene.spawns.count == 1)
    }

    @Test func `while something else is being done it is left out, and said`() {
        var scene = Recurring.scene()
        scene.pass(.seconds(839))
        scene.ask(.reload(.all))
        scene.pass(.seconds(1))
        #expect(notices(scene).contains(.recursNot(Scene.web)))
        scene.swap()
        scene.pass(.seconds(3600))
        #expect(scene.spawns.count == 2)
    }

    @Test func `a calendar that is set back brings no time twice`() {
        var scene = Recurring.scene()
        scene.pass(.seconds(840))
        scene.swap()
        set(&scene, by: -1800)
        scene.pass(.seconds(7200))
        #expect(scene.spawns.count == 2)
        scene.pass(.seconds(86_400 - 7200 + 1800))
        #expect(scene.spawns.count == 3)
    }

    @Test func `a calendar that is put forward brings what it passed over once, and soon`() {
        var scene = Recurring.scene(Recurring.spec("* * * * *"))
        for _ in 0..<2 { scene.swap() }
        let spawned = scene.spawns.count
        set(&scene, by: 7200)
        scene.pass(.seconds(61))
        #expect(scene.spawns.count <= spawned + 2 && scene.spawns.count > spawned)
        scene = Recurring.scene()
        set(&scene, by: 3600)
        scene.pass(.seconds(60))
        #expect(scene.spawns.count == 2)
    }

    @Test func `a calendar that was wrong by days is believed, and nothing made up for`() {
        var scene = Recurring.scene()
        set(&scene, by: 40 * 86_400 + 3600)
        scene.pass(.seconds(3600))
        #expect(scene.spawns.count == 1)
        set(&scene, by: -300 * 86_400)
        scene.pass(.seconds(86_400))
        #expect(scene.spawns.count == 2)
    }

    @Test func `another daemon knows the time from what was written`() {
        var scene = Recurring.scene()
        let calendar = scene.supervisor.calendar
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        scene.supervisor.calendar = calendar
        scene.tell(.deadlinePassed)
        scene.pass(.seconds(839))
        #expect(scene.spawns.count == 1)
        scene.pass(.seconds(1))
        #expect(scene.spawns.count == 2)
    }
}
