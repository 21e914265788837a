import Supervision
import Testing

@Suite struct Scaling {
    @Test func `growing adds slots at the end and waits until they are ready`() {
        var scene = Scene.serving()
        let ticket = scene.ask(.scale(.named("web"), .by(2)))
        #expect(scene.app()?.slots.map(\.index.number) == [0, 1, 2])
        #expect(scene.app()?.slots.map(\.id.number) == [0, 1, 2])
        #expect(scene.reply(to: ticket) == nil)
        scene.serve()
        #expect(scene.reply(to: ticket) == .done([Outcome(app: Scene.web, change: .scaled, instances: 3)]))
    }

    @Test func `shrinking takes the highest first and ends when they are gone`() {
        var scene = Scene.serving(Scene.spec(instances: 4))
        let all = scene.steering
        let ticket = scene.ask(.scale(.named("web"), .to(2)))
        #expect(scene.steering == [all[0], all[1]])
        #expect(scene.reply(to: ticket) == nil)
        scene.obey()
        #expect(scene.change(of: ticket) == .scaled)
        #expect(scene.app()?.slots.count == 2)
        scene.ask(.apply([Scene.spec("other", instances: 2)]))
        #expect(scene.app(AppName("other"))?.slots.map(\.id.number) == [2, 3])
    }

    @Test func `to the same number changes nothing`() {
        var scene = Scene.serving()
        let ticket = scene.ask(.scale(.all, .to(1)))
        #expect(scene.change(of: ticket) == .unchanged)
    }

    @Test func `an app can be scaled to nothing and back`() {
        var scene = Scene.serving()
        scene.ask(.scale(.all, .by(-1)))
        scene.obey()
        #expect(scene.app()?.slots.isEmpty == true)
        scene.ask(.scale(.all, .to(1)))
        scene.serve()
        #expect(scene.slot()?.status == .online)
    }

    @Test func `a stopped app stays stopped`() {
        var scene = Scene.serving()
        scene.ask(.stop(.all))
        scene.obey()
        let ticket = scene.ask(.scale(.all, .to(3)))
        #expect(scene.change(of: ticket) == .scaled)
        #expect(scene.app()?.slots.map(\.status) == [.stopped, .stopped, .stopped])
    }

    @Test func `numbers that cannot be are refused`() {
        var scene = Scene.serving()
        let many = scene.ask(.scale(.all, .to(1001)))
        #expect(scene.reply(to: many) == .refused(.tooMany(what: "instances of web", limit: 1000)))
        let few = scene.ask(.scale(.all, .to(-1)))
        #expect(scene.reply(to: few) == .refused(.invalid("an app cannot have -1 instances")))
        let less = scene.ask(.scale(.all, .by(-5)))
        #expect(
            scene.reply(to: less)
                == .refused(.invalid("web has 1 of the 5 instances; to keep none, scale it to 0")))
    }
}
