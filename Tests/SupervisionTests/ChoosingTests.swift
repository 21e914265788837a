import Supervision
import Testing

@Suite struct Choosing {
    private var scene = Scene()

    init() {
        var inside = Scene.spec("web")
        inside.name = AppName("web", in: "shop")
        var numbered = Scene.spec("3")
        numbered.name = AppName("3")
        scene.ask(.apply([Scene.spec("api", instances: 2), Scene.spec("web"), inside, numbered]))
        scene.serve()
        scene.pass(.seconds(5))
    }

    private func chosen(_ selector: Selector) -> [String]? {
        var scene = scene
        let ticket = scene.ask(.start(selector))
        guard case .done(let outcomes) = scene.reply(to: ticket) else { return nil }
        return outcomes.map { "\($0.app)" }
    }

    @Test func `a name means all apps of that name`() {
        #expect(chosen(.named("api")) == ["api"])
        #expect(chosen(.named("web")) == ["web", "shop:web"])
        #expect(chosen(.named("shop:web")) == ["shop:web"])
    }

    @Test func `then a namespace, then the id of a slot`() {
        #expect(chosen(.named("shop")) == ["shop:web"])
        #expect(chosen(.named("default")) == ["3", "api", "web"])
        #expect(chosen(.named("3")) == ["3"])
        #expect(chosen(.named("1")) == ["api"])
        #expect(chosen(.all)?.count == 4)
        #expect(chosen(.named("all"))?.count == 4)
    }

    @Test func `nothing of that name is said so`() {
        var scene = scene
        let ticket = scene.ask(.stop(.named("nope")))
        #expect(scene.reply(to: ticket) == .refused(.noSuchApp("nope")))
        var empty = Scene()
        let all = empty.ask(.stop(.all))
        #expect(empty.reply(to: all) == .done([]))
    }
}
