import Supervision
import Testing

/// What a program says and shows of itself before it may serve, and after.
@Suite struct Proving {
    private static func spec(instances: Int = 1, _ change: (inout AppSpec) -> Void) -> AppSpec {
        var spec = Scene.spec(instances: instances)
        change(&spec)
        return spec
    }

    private static func checked(
        instances: Int = 1, liveness: Bool = false, startPeriod: Duration? = nil
    ) -> AppSpec {
        spec(instances: instances) {
            var check = HealthCheck(.http(HTTPProbe(path: "/healthz")))
            check.liveness = liveness
            check.startPeriod = startPeriod
            $0.health = check
        }
    }

    private static let bad = CheckResult.failed("500 from /healthz")

    /// Started, healthy, and believed.
    private static func healthy(_ spec: AppSpec) -> Scene {
        var scene = Scene()
        scene.ask(.apply([spec]))
        for id in scene.serve() { scene.tell(.checked(id, .passed)) }
        scene.pass(.seconds(60))
        return scene
    }

    // MARK: - wait_ready

    @Test func `with wait_ready listening is not enough`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Self.spec { $0.waitReady = true }]))
        let id = scene.serve()[0]
        #expect(scene.slot()?.current?.lacks == .word)
        #expect(scene.steering.isEmpty && scene.reply(to: ticket) == nil)
        scene.tell(.said(id, .ready))
        #expect(scene.steering == [id] && scene.change(of: ticket) == .started)
        #expect(scene.slot()?.current?.lacks == nil)
    }

    @Test func `who never says ready has failed when the time is over`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Self.spec { $0.waitReady = true }]))
        let id = scene.serve()[0]
        scene.pass(.seconds(29))
        #expect(scene.signals.isEmpty)
        scene.pass(.seconds(1))
        #expect(scene.signals.map(\.0) == [id])
        scene.die(id, .signal(.terminate))
        #expect(scene.slot()?.deaths.last?.cause == .neverSaidReady(after: .seconds(30)))
        guard case .failed = scene.reply(to: ticket) else { Issue.record("it was not said to fail"); return }
    }

    @Test func `saying ready does not replace the address of the predecessor`() {
        var scene = Scene()
        scene.ask(.apply([Self.spec { $0.waitReady = true }]))
        scene.tell(.said(scene.serve()[0], .ready))
        scene.pass(.seconds(60))
        scene.ask(.reload(.all))
        let candidate = scene.launch()[0]
        scene.tell(.said(candidate, .ready))
        #expect(scene.phase(of: candidate) == .starting)
        #expect(scene.slot()?.others.first?.lacks == .listener)
        scene.tell(.listened(candidate, Scene.address))
        #expect(scene.phase(of: candidate) == .online)
    }

    @Test func `a program that listens nowhere is ready when it says so`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Scene.spec()]))
        scene.tell(.said(scene.launch()[0], .ready))
        #expect(scene.change(of: ticket) == .started)
    }

    @Test func `a word outlives the daemon`() {
        var scene = Scene()
        scene.ask(.apply([Self.spec { $0.waitReady = true }]))
        let id = scene.serve()[0]
        scene.tell(.said(id, .ready))
        let saved = scene.supervisor.saved
        scene.supervisor = Supervisor(restoring: saved, seed: 2, now: scene.now)
        #expect(scene.phase(of: id) == .online && scene.supervisor.saved == saved)
    }

    @Test func `who had not said ready before the daemon died has not now`() {
        var scene = Scene()
        scene.ask(.apply([Self.spec { $0.waitReady = true }]))
        let id = scene.serve()[0]
        scene.supervisor = Supervisor(restoring: scene.supervisor.saved, seed: 2, now: scene.now)
        #expect(scene.phase(of: id) == .starting)
        scene.tell(.said(id, .ready))
        #expect(scene.phase(of: id) == .online)
    }

    // MARK: - Health as a gate

    @Test func `a candidate gets no connection before it is healthy`() {
        var scene = Self.healthy(Self.checked())
        let old = scene.current()!
        scene.ask(.reload(.all))
        let candidate = scene.serve()[0]
        scene.pass(.seconds(5))
        #expect(scene.steering == [old] && scene.phase(of: candidate) == .starting)
        scene.tell(.checked(candidate, .passed))
        scene.pass(.seconds(2))
        #expect(scene.steering == [candidate])
    }

    @Test func `failures before the first success count for nothing until listen_timeout`() {
        var scene = Scene()
        scene.ask(.apply([Self.checked()]))
        let id = scene.serve()[0]
        for _ in 0..<25 {
            scene.pass(.seconds(1))
            scene.tell(.checked(id, Self.bad))
        }
        #expect(scene.phase(of: id) == .starting)
        #expect(scene.slot()?.current?.health?.reason == "500 from /healthz")
        scene.tell(.checked(id, .passed))
        #expect(scene.phase(of: id) == .online)
    }

    @Test func `never healthy is a failure that says why`() {
        var scene = Self.healthy(Self.checked(instances: 3))
        let before = scene.steering
        let ticket = scene.ask(.reload(.all))
        let candidate = scene.serve()[0]
        scene.tell(.checked(candidate, Self.bad))
        scene.pass(.seconds(30))
        scene.die(candidate, .signal(.terminate))
        guard case .rolledBack(let failure, _) = scene.reply(to: ticket) else {
            Issue.record("it was not rolled back")
            return
        }
        #expect(failure.death.cause == .unhealthy("500 from /healthz", failures: 1))
        #expect(scene.steering == before)
    }

    @Test func `after the start period so many failures in a row are enough`() {
        var scene = Scene()
        scene.ask(.apply([Self.checked(startPeriod: .seconds(5))]))
        let id = scene.serve()[0]
        for _ in 0..<10 { scene.tell(.checked(id, Self.bad)) }
        #expect(scene.signals.isEmpty)
        scene.pass(.seconds(5))
        scene.tell(.checked(id, Self.bad))
        #expect(scene.signals.map(\.0) == [id])
    }

    @Test func `a start period longer than listen_timeout is given`() {
        var scene = Scene()
        scene.ask(.apply([Self.checked(startPeriod: .seconds(90))]))
        let id = scene.serve()[0]
        scene.pass(.seconds(89))
        #expect(scene.phase(of: id) == .starting)
        scene.pass(.seconds(1))
        #expect(scene.signals.map(\.0) == [id])
    }

    @Test func `a candidate that was healthy once and is not any more does not take over`() {
        var scene = Self.healthy(
            {
                var spec = Self.checked()
                spec.restart.minUptime = .seconds(10)
                return spec
            }())
        let old = scene.current()!
        let ticket = scene.ask(.reload(.all))
        let candidate = scene.serve()[0]
        scene.tell(.checked(candidate, .passed))
        for _ in 0..<3 {
            scene.pass(.seconds(1))
            scene.tell(.checked(candidate, Self.bad))
        }
        scene.die(candidate, .signal(.terminate))
        guard case .rolledBack = scene.reply(to: ticket) else { Issue.record("it took over"); return }
        #expect(scene.steering == [old])
    }

    // MARK: - Health while serving

    @Test func `the unhealthy get no new connections until they are well`() {
        var scene = Self.healthy(Self.checked(instances: 3))
        let all = scene.steering
        scene.tell(.checked(all[1], Self.bad))
        scene.tell(.checked(all[1], Self.bad))
        #expect(scene.steering == all)
        scene.tell(.checked(all[1], Self.bad))
        #expect(scene.steering == [all[0], all[2]])
        #expect(scene.slot(1)?.current?.health?.state == .unhealthy)
        scene.tell(.checked(all[1], .passed))
        #expect(scene.steering == all)
    }

    @Test func `one that was healthy before it listened, and is not now, is not ready`() {
        var scene = Self.healthy(Self.checked())
        let old = scene.steering
        scene.ask(.reload(.all))
        let new = scene.launch()[0]
        scene.tell(.checked(new, .passed))
        for _ in 0..<3 { scene.tell(.checked(new, Self.bad)) }
        scene.tell(.listened(new, Scene.address))
        scene.pass(.seconds(2))
        #expect(scene.steering == old)
        scene.tell(.checked(new, .passed))
        scene.pass(.seconds(2))
        #expect(scene.steering == [new])
    }

    @Test func `where nobody is healthy everybody serves`() {
        var scene = Self.healthy(Self.checked(instances: 2))
        let all = scene.steering
        for id in all { for _ in 0..<3 { scene.tell(.checked(id, Self.bad)) } }
        #expect(scene.steering == all)
        #expect(scene.signals.isEmpty && scene.spawns.count == 2)
    }

    @Test func `a reload ends none of the old because they are young and unwell`() {
        var spec = Self.checked(instances: 3)
        spec.bake = .seconds(600)
        var scene = Self.healthy(spec)
        let all = scene.steering
        scene.ask(.reload(.all))
        for id in all { for _ in 0..<3 { scene.tell(.checked(id, Self.bad)) } }
        #expect(scene.signals.isEmpty)
        #expect(scene.steering == all)
    }

    @Test func `however young it is, it stays until that one is believed`() {
        var scene = Scene()
        scene.ask(.apply([Self.checked(liveness: true)]))
        let sick = scene.serve()[0]
        scene.tell(.checked(sick, .passed))
        for _ in 0..<3 { scene.tell(.checked(sick, Self.bad)) }
        let fresh = scene.serve()[0]
        scene.tell(.checked(fresh, .passed))
        scene.tell(.checked(sick, Self.bad))
        #expect(scene.signals.isEmpty && scene.steering == [sick])
        scene.pass(.seconds(1))
        #expect(scene.steering == [fresh] && scene.drains == [sick])
    }

    @Test func `with liveness the unhealthy is replaced by one that is healthy first`() {
        var scene = Self.healthy(Self.checked(instances: 2, liveness: true))
        let all = scene.steering
        for _ in 0..<3 { scene.tell(.checked(all[0], Self.bad)) }
        let candidate = scene.serve()[0]
        scene.pass(.seconds(5))
        #expect(scene.phase(of: all[0]) == .online && scene.steering == [all[1]])
        scene.tell(.checked(candidate, .passed))
        scene.pass(.seconds(2))
        scene.obey()
        #expect(scene.steering == [candidate, all[1]])
        #expect(scene.releases == [all[0]])
    }

    @Test func `when all are unhealthy one at a time is replaced and ever more seldom`() {
        var scene = Self.healthy(Self.checked(instances: 3, liveness: true))
        let all = scene.steering
        let before = scene.spawns.count
        for _ in 0..<600 {
            scene.pass(.seconds(1))
            for id in all where scene.phase(of: id) == .online { scene.tell(.checked(id, Self.bad)) }
            scene.launch().forEach { scene.tell(.listened($0, Scene.address)) }
            let rivals = scene.app()!.slots.reduce(0) { $0 + $1.others.count }
            #expect(rivals <= 1)
            for (id, _) in scene.signals where scene.phase(of: id) == .stopping { scene.die(id) }
        }
        #expect(scene.steering == all)
        #expect((3...25).contains(scene.spawns.count - before))
    }

    @Test func `who is about to end gets no new connections`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let all = scene.steering
        scene.tell(.said(all[0], .stopping))
        #expect(scene.steering == [all[1]])
        #expect(scene.slot(0)?.current?.status == "about to stop")
        scene.tell(.said(all[0], .ready))
        #expect(scene.steering == all)
    }

    @Test func `what it says is shown`() {
        var scene = Scene.serving()
        scene.tell(.said(scene.current()!, .status("warming up")))
        scene.tell(.said(scene.current()!, .reloading))
        #expect(scene.slot()?.current?.status == "reloading: warming up")
    }

    @Test func `another main process is the one that is named`() {
        var scene = Scene.serving()
        scene.tell(.said(scene.current()!, .mainProcess(ProcessID(4711))))
        #expect(scene.slot()?.current?.process == ProcessID(4711))
        #expect(scene.last.contains(.save))
    }

    // MARK: - Watchdog

    @Test func `who misses the watchdog is aborted and comes back at once`() {
        var scene = Scene.serving(Self.spec { $0.watchdog = .seconds(70) })
        let id = scene.current()!
        scene.tell(.said(id, .alive))
        scene.pass(.seconds(69))
        #expect(scene.signals.isEmpty)
        scene.pass(.seconds(1))
        #expect(scene.signals.map(\.1) == [.abort] && scene.steering.isEmpty)
        scene.die(id, .signal(.abort))
        #expect(scene.slot()?.deaths.last?.cause == .silent(after: .seconds(70)))
        #expect(scene.heir(of: id) != nil)
    }

    @Test func `the watchdog waits for those who are ready`() {
        var scene = Scene()
        scene.ask(
            .apply([
                Self.spec {
                    $0.watchdog = .seconds(2)
                    $0.waitReady = true
                }
            ]))
        let id = scene.serve()[0]
        scene.pass(.seconds(20))
        #expect(scene.signals.isEmpty)
        scene.tell(.said(id, .ready))
        scene.pass(.seconds(2))
        #expect(scene.signals.map(\.0) == [id])
    }

    @Test func `who says that something is wrong is not waited for`() {
        var scene = Scene.serving(Self.spec { $0.watchdog = .seconds(70) })
        scene.tell(.said(scene.current()!, .trouble))
        #expect(scene.signals.map(\.1) == [.abort])
    }

    // MARK: - Limits

    @Test(
        arguments: [
            "needs a health path that begins with \"/\"": HTTPProbe(path: "healthz"),
            "has a health path or header with a character that no HTTP request may have":
                HTTPProbe(path: "/a\r\nX: y"),
        ]) func `a check that cannot be made is refused`(sentence: String, probe: HTTPProbe)
    {
        var scene = Scene()
        let ticket = scene.ask(.apply([Self.spec { $0.health = HealthCheck(.http(probe)) }]))
        #expect(scene.reply(to: ticket) == .refused(.invalid("web \(sentence)")))
    }

    @Test func `a request to an instance has a limit`() {
        var scene = Scene()
        var spec = Self.spec { $0.health = HealthCheck(.http(HTTPProbe(path: "/"))) }
        spec.health?.probe = .http(HTTPProbe(path: "/" + String(repeating: "a", count: 4096)))
        let ticket = scene.ask(.apply([spec]))
        let sentence = "web has a health request of more than 4096 bytes"
        #expect(scene.reply(to: ticket) == .refused(.invalid(sentence)))
    }

    @Test func `intervals have a lower limit`() {
        var scene = Scene()
        let ticket = scene.ask(.apply([Self.spec { $0.watchdog = .milliseconds(49) }]))
        #expect(scene.reply(to: ticket) == .refused(.invalid("web has a watchdog of less than 50 ms")))
    }
}
