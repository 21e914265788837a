import Supervision
import Testing

@Suite struct KeepingTheOrder {
    private static func spec(_ name: String) -> AppSpec { Scene.spec(name) }

    private func names(_ effects: [Effect]) -> [String] {
        effects.compactMap { if case .spawn(_, let launch) = $0 { launch.spec.name.name } else { nil } }
    }

    @Test func `apps start in the order of their file, and after a boot again`() {
        var scene = Scene()
        scene.ask(.apply([Self.spec("web"), Self.spec("db"), Self.spec("api")]))
        #expect(names(scene.last) == ["web", "db", "api"])
        scene.ask(.apply([Self.spec("admin"), Self.spec("db")]))
        let saved = scene.supervisor.saved.withoutProcesses
        #expect(saved.apps.map(\.spec.name.name) == ["web", "db", "api", "admin"])
        scene.supervisor = Supervisor(restoring: saved, seed: 2, now: scene.now)
        #expect(names(scene.pass(.zero)) == ["web", "db", "api", "admin"])
        #expect(scene.supervisor.saved.apps.map(\.spec.name.name) == ["web", "db", "api", "admin"])
    }

    @Test func `after a boot what was stopped stays stopped, and what was deleted is gone`() {
        var scene = Scene()
        scene.ask(.apply([Self.spec("web"), Self.spec("db"), Self.spec("old")]))
        scene.serve()
        scene.ask(.stop(.named("db")))
        scene.ask(.delete(.named("old")))
        scene.obey()
        let saved = scene.supervisor.saved.withoutProcesses
        scene.supervisor = Supervisor(restoring: saved, seed: 2, now: scene.now)
        #expect(names(scene.pass(.seconds(60))) == ["web"])
        #expect(scene.supervisor.snapshot.apps.map(\.spec.name.name).sorted() == ["db", "web"])
    }

    @Test func `an app that does not start by itself is in the list, stopped, until it is started`() {
        var scene = Scene()
        var spec = Self.spec("web")
        spec.autostart = false
        scene.ask(.apply([spec]))
        #expect(names(scene.effects).isEmpty)
        #expect(scene.supervisor.snapshot.apps[0].slots.map(\.status) == [.stopped])
        #expect(scene.supervisor.nextDeadline == nil)
        scene.ask(.start(.named("web")))
        #expect(names(scene.last) == ["web"])
        spec.autostart = true
        #expect(spec.runsTheSame(as: scene.supervisor.snapshot.apps[0].spec))
    }
}
