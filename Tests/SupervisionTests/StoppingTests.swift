import Supervision
import Testing

@Suite struct Stopping {
    @Test func `an instance is steered away from, drained, asked, and then gone`() {
        var scene = Scene.serving()
        let id = scene.current()!
        let ticket = scene.ask(.stop(.named("web")))
        #expect(scene.last.filter { $0 != .save && !$0.isProgress } == [.steer(Scene.web, []), .drain(id)])
        scene.tell(.drained(id))
        #expect(scene.last.contains(.signal(id, .terminate)))
        scene.tell(.exited(id, Exit(status: .code(0), at: scene.now)))
        #expect(scene.reply(to: ticket) == nil)
        scene.tell(.vanished(id))
        #expect(scene.change(of: ticket) == .stopped)
        #expect(scene.releases == [id])
        #expect(scene.slot()?.deaths.isEmpty == true)
        #expect(scene.steps(of: ticket) == [.draining, .stopping, .stopped])
    }

    @Test func `draining has an end`() {
        var scene = Scene.serving()
        scene.ask(.stop(.all))
        scene.pass(.milliseconds(29_999))
        #expect(scene.signals.isEmpty)
        scene.pass(.milliseconds(1))
        #expect(scene.signals.count == 1)
    }

    @Test func `a process that ignores the request to stop is killed with all that is left of it`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        let id = scene.launch()[0]
        scene.ask(.stop(.all))
        #expect(scene.signals.map(\.0) == [id])
        scene.pass(.milliseconds(9_999))
        #expect(scene.sweeps.isEmpty)
        scene.pass(.milliseconds(1))
        #expect(scene.sweeps.map(\.1) == [.kill])
        scene.pass(.seconds(2))
        #expect(scene.sweeps.map(\.1) == [.kill, .kill, .kill])
    }

    @Test func `what the main process leaves behind is asked too, once, before it is killed`() {
        var scene = Scene()
        var spec = Scene.spec()
        spec.stopSignal = .interrupt
        scene.ask(.apply([spec]))
        let id = scene.launch()[0]
        let ticket = scene.ask(.stop(.all))
        scene.tell(.exited(id, Exit(status: .code(0), at: scene.now)))
        scene.pass(.seconds(9))
        #expect(scene.sweeps.map(\.1) == [.interrupt])
        scene.pass(.seconds(1))
        #expect(scene.sweeps.map(\.1) == [.interrupt, .kill])
        #expect(scene.reply(to: ticket) == nil)
        scene.tell(.vanished(id))
        #expect(scene.change(of: ticket) == .stopped)
    }

    private func victims(_ numbers: ClosedRange<Int32>, main: ProcessID? = nil) -> Victims {
        Victims(main: main, others: numbers.map { KilledProcess(ProcessID($0), command: "helper \($0)") })
    }

    @Test func `what had to be killed is told with the answer, and remembered`() throws {
        var scene = Scene.serving()
        let id = scene.current()!
        let process = scene.slot()?.current?.process
        let ticket = scene.ask(.stop(.all))
        scene.tell(.drained(id))
        scene.pass(.seconds(10))
        scene.tell(.killed(id, victims(7...8, main: process)))
        // It takes another second and another SIGKILL.
        scene.pass(.seconds(1))
        scene.tell(.killed(id, victims(8...9, main: process)))
        scene.die(id, .signal(.kill))
        let expected = Killing(
            generation: Generation(1), at: scene.now, patience: .seconds(10),
            victims: victims(7...9, main: process))
        #expect(scene.slot()?.killings == [expected])
        #expect(scene.effects.contains(.announce(.killed(Scene.web, SlotIndex(0), expected))))
        guard case .done(let outcomes) = scene.reply(to: ticket) else {
            Issue.record("expected an answer")
            return
        }
        #expect(outcomes[0].toll == Toll(count: 1, told: [Toll.Entry(SlotIndex(0), expected)]))
        let next = Supervisor(
            restoring: scene.supervisor.saved, history: scene.supervisor.history, seed: 2, now: scene.now)
        #expect(next.snapshot.apps[0].slots[0].killings == [expected])
    }

    @Test func `of many that were killed a few are named, the others counted`() {
        var many = victims(1...6)
        #expect(many.hasRoom)
        for number in Int32(5)...20 { many.add(KilledProcess(ProcessID(number), command: "late")) }
        #expect(many.others.map(\.process.number) == Array(1...8) && many.more == 12 && !many.hasRoom)
        #expect(
            KilledProcess(ProcessID(1), command: String(repeating: "é", count: 99)).command.utf8.count <= 102)
    }

    @Test func `a command line is one line`() {
        let script = KilledProcess(ProcessID(1), command: "node -e for (;;)\n{}\u{1B}[2J\u{7F}")
        #expect(script.command == "node -e for (;;) {} [2J ")
    }

    @Test func `a few killings are remembered, and the answer tells of some`() {
        var scene = Scene.serving(Scene.spec(instances: 12))
        for _ in 0..<5 {
            let ticket = scene.ask(.stop(.all))
            for slot in scene.app()!.slots {
                guard let instance = slot.current else { continue }
                scene.tell(.drained(instance.id))
                scene.tell(.killed(instance.id, victims(1...1)))
                scene.die(instance.id)
            }
            guard case .done(let outcomes) = scene.reply(to: ticket) else {
                Issue.record("expected an answer")
                return
            }
            #expect(outcomes[0].toll?.count == 12 && outcomes[0].toll?.told.count == Toll.limit)
            scene.ask(.start(.all))
            scene.serve()
            scene.pass(.seconds(60))
        }
        #expect(scene.slot()?.killings.count == Killing.historyLimit)
    }

    @Test func `what is swept away behind a crash is no killing`() {
        var scene = Scene.serving()
        let id = scene.current()!
        scene.tell(.exited(id, Exit(status: .code(1), at: scene.now)))
        scene.pass(.milliseconds(1))
        scene.tell(.killed(id, victims(1...2)))
        scene.vanish(id)
        #expect(scene.slot()?.killings.isEmpty == true && scene.slot()?.deaths.count == 1)
    }

    @Test func `what is swept away behind a crash is no killing of a restart that came meanwhile`() {
        var scene = Scene.serving()
        let id = scene.current()!
        scene.tell(.exited(id, Exit(status: .code(1), at: scene.now)))
        scene.pass(.milliseconds(1))
        scene.ask(.restart(.all))
        scene.tell(.killed(id, victims(1...2)))
        scene.vanish(id)
        #expect(scene.slot()?.killings.isEmpty == true && scene.slot()?.deaths.count == 1)
    }

    @Test func `what is being launched is stopped when it has been`() {
        var scene = Scene()
        let start = scene.ask(.apply([Scene.spec()]))
        let stop = scene.ask(.stop(.all))
        #expect(scene.change(of: start) == .superseded)
        #expect(scene.signals.isEmpty)
        let id = scene.launch()[0]
        #expect(scene.signals.map(\.0) == [id])
        scene.obey()
        #expect(scene.change(of: stop) == .stopped)
    }

    @Test func `what is being launched and cannot be is stopped too`() {
        var scene = Scene()
        scene.ask(.apply([Scene.spec()]))
        let stop = scene.ask(.stop(.all))
        scene.failSpawn()
        #expect(scene.change(of: stop) == .stopped)
        #expect(scene.releases.count == 1)
        scene.pass(.seconds(60))
        #expect(scene.spawns.count == 1)
    }

    @Test func `stopping what is stopped changes nothing`() {
        var scene = Scene.serving()
        scene.ask(.stop(.all))
        scene.obey()
        let ticket = scene.ask(.stop(.all))
        #expect(scene.change(of: ticket) == .unchanged)
    }

    @Test func `deleting frees the name and the ids`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let ticket = scene.ask(.delete(.named("web")))
        scene.obey()
        #expect(scene.change(of: ticket) == .deleted)
        #expect(scene.supervisor.snapshot.apps.isEmpty)
        #expect(scene.supervisor.nextDeadline == nil)
        #expect(scene.releases.count == 2)
        scene.ask(.apply([Scene.spec("other")]))
        #expect(scene.spawns.last?.1.id == SlotID(0))
    }

    @Test func `one slot of several is not deleted by its id`() {
        var scene = Scene.serving(Scene.spec(instances: 2))
        let ticket = scene.ask(.delete(.named("1")))
        guard case .refused(.invalid) = scene.reply(to: ticket) else {
            Issue.record("expected a refusal")
            return
        }
        #expect(scene.steering.count == 2)
    }

    @Test func `a shutdown stops all, refuses the rest and then finishes`() {
        var scene = Scene.serving()
        scene.ask(.apply([Scene.spec("other")]))
        scene.launch()
        let shutdown = scene.ask(.shutdown)
        let late = scene.ask(.start(.all))
        #expect(scene.reply(to: late) == .refused(.shuttingDown))
        scene.obey()
        guard case .done(let outcomes) = scene.reply(to: shutdown) else {
            Issue.record("expected an answer")
            return
        }
        #expect(outcomes.map(\.change) == [.stopped, .stopped])
        #expect(scene.last.suffix(2) == [.reply(shutdown, .done(outcomes)), .finish])
        #expect(scene.supervisor.saved.apps.count == 2)
        #expect(scene.supervisor.saved.apps.allSatisfy { !$0.slots[0].wanted })
    }

    @Test func `a shutdown of nothing finishes at once`() {
        var scene = Scene()
        let ticket = scene.ask(.shutdown)
        #expect(scene.last == [.reply(ticket, .done([])), .finish])
    }

    @Test func `a program that asked for it is told to end by a message`() {
        var spec = Scene.spec("app")
        spec.shutdownWithMessage = true
        spec.killTimeout = .seconds(2)
        var scene = Scene()
        scene.ask(.apply([spec]))
        let id = scene.serve()[0]
        scene.pass(.seconds(5))
        scene.ask(.stop(.named("app")))
        scene.tell(.drained(id))
        #expect(scene.last.contains(.dismiss(id, .terminate)))
        #expect(scene.signals.isEmpty)
        scene.pass(.seconds(3))
        #expect(scene.effects.contains(.sweep(id, .kill)))
    }
}

extension Effect {
    var isProgress: Bool {
        if case .progress = self { true } else { false }
    }
}
