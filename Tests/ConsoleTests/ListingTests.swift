import Supervision
import Testing

@testable import Console

/// Snapshots to show.
enum Scene {
    static let now = Instant(nanoseconds: 1_000_000_000_000)

    static func ago(_ duration: Duration) -> Instant {
        Instant(nanoseconds: now.nanoseconds - duration.nanoseconds)
    }

    static func death(_ cause: Death.Cause, ago: Duration, words: [String] = []) -> Death {
        Death(
            generation: Generation(1), cause: cause, at: Scene.ago(ago), uptime: .milliseconds(40),
            lastWords: words)
    }

    static func online(_ id: UInt64, pid: Int32, generation: Int = 1, port: UInt16? = nil) -> InstanceSnapshot
    {
        InstanceSnapshot(
            id: InstanceID(id), generation: Generation(generation), phase: .online, process: ProcessID(pid),
            since: ago(.seconds(90)),
            listening: port.map { [ListenAddress(host: "0.0.0.0", port: $0)] } ?? [],
            inRotation: port != nil, usage: Usage(memory: 52_428_800, processorTenths: 125))
    }

    static func app(_ name: AppName, _ slots: [SlotSnapshot], mode: AppSpec.Mode = .fork) -> AppSnapshot {
        var spec = AppSpec(name: name, script: "server.js", workingDirectory: "/srv")
        spec.instances = slots.count
        spec.mode = mode
        return AppSnapshot(spec: spec, generation: Generation(1), slots: slots)
    }

    static var shop: Snapshot {
        let web = app(
            AppName("web"),
            (0..<2).map {
                SlotSnapshot(
                    index: SlotIndex($0), id: SlotID($0), status: .online,
                    current: online(UInt64($0), pid: 100 + Int32($0), port: 3000))
            }, mode: .cluster)
        let worker = app(
            AppName("worker"),
            [
                SlotSnapshot(
                    index: SlotIndex(0), id: SlotID(2), status: .waitingRestart, restarts: 16,
                    unstableRestarts: 16,
                    deaths: [death(.exited(.code(1)), ago: .seconds(2), words: ["no database"])],
                    nextTry: now + .milliseconds(7200))
            ])
        return Snapshot(apps: [worker, web])
    }
}

@Suite struct Listings {
    @Test func `a pipe gets plain aligned columns`() {
        #expect(
            Listing.lines(Scene.shop, at: Scene.now, on: Surface()) == [
                "id  name    mode     pid  uptime   ↺  status             cpu     mem  address  why",
                " 0  web     cluster  100     90s   0  online           12.5%  50.0mb  :3000    listening on :3000",
                " 1  web     cluster  101     90s   0  online           12.5%  50.0mb  :3000    listening on :3000",
                " 2  worker  fork       -       -  16  waiting restart      -       -           "
                    + "exit 1 x16, next try in 8 s",
            ])
    }

    @Test(arguments: [
        ("server.js", AppSpec.Mode.cluster, true), ("npm", .fork, true), ("/usr/bin/yarn start", .fork, true),
        ("worker.js", .fork, false), ("sh", .fork, false),
    ])
    func `who is ready by his age, and is meant to listen, is said not to`(
        _ script: String, _ mode: AppSpec.Mode, _ isSaid: Bool
    ) {
        let slot = SlotSnapshot(
            index: SlotIndex(0), id: SlotID(0), status: .online, current: Scene.online(1, pid: 100))
        var app = Scene.app(AppName("web"), [slot], mode: mode)
        app.spec.script = script
        let lines = Listing.lines(Snapshot(apps: [app]), at: Scene.now, on: Surface())
        #expect(lines[1].hasSuffix("not listening yet") == isSaid, "\(lines)")
    }

    @Test(arguments: [(1, "exit 1 90 s ago"), (2, "listening on :3000")])
    func `a death is why for as long as that version serves`(_ generation: Int, _ why: String) {
        let slot = SlotSnapshot(
            index: SlotIndex(0), id: SlotID(0), status: .online,
            current: Scene.online(1, pid: 100, generation: generation, port: 3000), restarts: 1,
            deaths: [Scene.death(.exited(.code(1)), ago: .seconds(90))])
        let lines = Listing.lines(
            Snapshot(apps: [Scene.app(AppName("web"), [slot])]), at: Scene.now, on: Surface())
        #expect(lines[1].hasSuffix(why), "\(lines)")
    }

    private func wide() -> Snapshot {
        var shop = Scene.shop
        let web = shop.apps.firstIndex { $0.spec.name == AppName("web") }!
        let address = ListenAddress(host: "0.0.0.0", port: 3000)
        shop.apps[web].slots[0].current?.ports = PortsSnapshot(
            tier: .steered, listeners: [.init(address: address, waiting: 3, limit: 1024, isStuck: true)],
            connections: 12)
        shop.apps[web].slots[1].current?.ports = PortsSnapshot(tier: .plain, obstacle: .single)
        return shop
    }

    @Test func `a wide list tells of connections, queues and ports`() {
        #expect(
            Listing.lines(wide(), at: Scene.now, on: Surface(), isWide: true) == [
                "id  name    mode     pid  uptime   ↺  status             cpu     mem  conn  wait  ports    address  why",
                " 0  web     cluster  100     90s   0  online           12.5%  50.0mb    12     3  steered  :3000    listening on :3000",
                " 1  web     cluster  101     90s   0  online           12.5%  50.0mb     ?     0  plain    :3000    listening on :3000",
                " 2  worker  fork       -       -  16  waiting restart      -       -     -     -  -                 "
                    + "exit 1 x16, next try in 8 s",
            ])
    }

    @Test func `how ports are looked after is described, and why not better`() {
        let lines = wide().apps.flatMap { Description.lines($0, at: Scene.now) }.joined(separator: "\n")
        #expect(
            lines.contains("ports:       held, one queue for each instance, new connections are steered\n"))
        #expect(lines.contains("connections: 12\n"))
        #expect(lines.contains("waiting:     3 of 1024 on :3000, not becoming fewer\n"))
        #expect(
            lines.contains(
                "not held: a reload loses connections; a single instance, and \"zero_downtime\" was not asked for"
            ))
        let refused = PortsSnapshot(tier: .declared, obstacle: .refused("no\u{1B}[31m filter"))
        let pairs = PortsWording.pairs(refused)
        #expect(
            pairs[0].1.hasPrefix("given to it at its start (LISTEN_FDS); no")
                && !pairs[0].1.contains("\u{1B}"))
    }

    @Test func `a queue that all share and nobody empties is why`() {
        var shop = Scene.shop
        let web = shop.apps.firstIndex { $0.spec.name == AppName("web") }!
        shop.apps[web].slots[0].current?.queueStuckSince = Scene.ago(.seconds(4))
        let lines = Listing.lines(shop, at: Scene.now, on: Surface())
        #expect(lines[1].hasSuffix("the queue they share has not become shorter for 4 s"))
    }

    @Test func `a terminal gets a box that fits`() {
        for columns in [200, 100, 80, 60, 50] {
            let lines = Listing.lines(Scene.shop, at: Scene.now, on: Surface(columns: columns))
            #expect(lines.allSatisfy { Text.width($0) == Text.width(lines[0]) })
            #expect(lines.allSatisfy { Text.width($0) <= columns })
            #expect(lines.joined().contains("worker") && lines.joined().contains("online"))
        }
        let lines = Listing.lines(Scene.shop, at: Scene.now, on: Surface(columns: 60))
        #expect(
            lines == [
                "┌────┬────────┬────┬─────────────────┬─────────────────────┐",
                "│ id │ name   │  ↺ │ status          │ why                 │",
                "├────┼────────┼────┼─────────────────┼─────────────────────┤",
                "│  0 │ web    │  0 │ online          │ listening on :3000  │",
                "│  1 │ web    │  0 │ online          │ listening on :3000  │",
                "│  2 │ worker │ 16 │ waiting restart │ exit 1 x16, next t… │",
                "└────┴────────┴────┴─────────────────┴─────────────────────┘",
            ])
    }

    @Test func `a daemon that died is told of for a day`() {
        func remarks(_ count: Int, _ ago: Duration) -> [String] {
            let deaths = Snapshot.DaemonDeaths(count: count, last: Scene.now + (.zero - ago))
            return Listing.remarks(Snapshot(daemonDeaths: deaths), at: Scene.now, home: "/h")
        }
        #expect(
            remarks(1, .seconds(130))
                == ["the daemon was restarted once, the last time 2 min ago: see /h/daemon.log"])
        #expect(remarks(3, .seconds(1))[0].contains("3 times"))
        #expect(remarks(3, .seconds(86_401)) == [])
        #expect(Listing.remarks(Snapshot(), at: Scene.now, home: "/h") == [])
    }

    @Test func `an empty list is a header`() {
        #expect(Listing.lines(Snapshot(), at: Scene.now, on: Surface()).count == 1)
    }

    @Test func `a namespace is shown when there is one`() {
        let snapshot = Snapshot(apps: [
            Scene.app(
                AppName("a", in: "shop"),
                [
                    SlotSnapshot(index: SlotIndex(0), id: SlotID(0), status: .stopped)
                ])
        ])
        #expect(Listing.lines(snapshot, at: Scene.now, on: Surface())[0].contains("namespace"))
        #expect(!Listing.lines(Scene.shop, at: Scene.now, on: Surface())[0].contains("namespace"))
    }

    @Test func `names cannot inject escapes, and colours can be had`() {
        let snapshot = Snapshot(apps: [
            Scene.app(
                AppName("a\u{1B}[2Jb"),
                [
                    SlotSnapshot(index: SlotIndex(0), id: SlotID(0), status: .stopped)
                ])
        ])
        let plain = Listing.lines(snapshot, at: Scene.now, on: Surface()).joined()
        #expect(plain.contains("ab") && !plain.contains("\u{1B}"))
        let painted = Listing.lines(snapshot, at: Scene.now, on: Surface(columns: 100, palette: .colourful))
        #expect(painted.joined().contains("\u{1B}[1mab"))
    }
}

@Suite struct Reasons {
    private func reason(_ slot: SlotSnapshot, _ change: (inout AppSnapshot) -> Void = { _ in }) -> String {
        var app = Scene.app(AppName("web"), [slot])
        change(&app)
        return Reason.of(slot, in: app, at: Scene.now)
    }

    private func slot(_ status: SlotSnapshot.Status, _ change: (inout SlotSnapshot) -> Void = { _ in })
        -> SlotSnapshot
    {
        var slot = SlotSnapshot(index: SlotIndex(0), id: SlotID(0), status: status)
        change(&slot)
        return slot
    }

    @Test func `a failed reload is named with the generation that was kept`() {
        let failure = Failure(
            app: AppName("web"), slot: SlotIndex(0), generation: Generation(4),
            death: Scene.death(.exited(.code(1)), ago: .seconds(9)))
        let slot = slot(.online) { $0.current = Scene.online(1, pid: 7, generation: 3, port: 80) }
        #expect(reason(slot) { $0.lastFailure = failure } == "reload failed (exit 1), kept generation 3")
    }

    @Test func `an instance that came back says from what`() {
        let slot = slot(.online) {
            $0.current = Scene.online(1, pid: 7)
            $0.restarts = 1
            $0.deaths = [Scene.death(.exited(.signal(Signal(number: 11))), ago: .seconds(91))]
        }
        #expect(reason(slot) == "SIGSEGV 91 s ago")
    }

    @Test func `phases that take time are named`() {
        var leaving = Scene.online(1, pid: 7, port: 80)
        leaving.phase = .draining
        #expect(reason(slot(.stopping) { $0.current = leaving }) == "draining")
        leaving.drain = DrainSnapshot(until: Scene.now + .seconds(38))
        #expect(reason(slot(.stopping) { $0.current = leaving }) == "draining, 38 s left")
        leaving.drain?.connections = 12
        #expect(
            reason(slot(.stopping) { $0.current = leaving }) == "draining 12 connections, 38 s left")
        let replaced = slot(.online) {
            $0.current = Scene.online(2, pid: 8, generation: 2)
            $0.others = [leaving]
        }
        #expect(reason(replaced) == "generation 1 is draining 12 connections, 38 s left")
        leaving.drain = nil
        leaving.phase = .killing
        #expect(reason(slot(.stopping) { $0.current = leaving }) == "did not stop in time: killing it")
        var candidate = Scene.online(2, pid: 8, generation: 2)
        candidate.phase = .starting
        let reloading = slot(.online) {
            $0.current = Scene.online(1, pid: 7, port: 80)
            $0.others = [candidate]
        }
        #expect(reason(reloading) == "generation 2 is starting beside it")
        #expect(reason(slot(.launching) { $0.current = candidate }) == "not ready yet, for 90 s")
    }

    @Test func `what keeps an instance from being ready, or from its work, is named`() {
        var candidate = Scene.online(2, pid: 8, generation: 2)
        candidate.phase = .starting
        candidate.lacks = .word
        #expect(
            reason(slot(.launching) { $0.current = candidate }) == "has not said that it is ready, for 90 s")
        candidate.lacks = .health
        #expect(reason(slot(.launching) { $0.current = candidate }) == "not checked yet, for 90 s")
        candidate.health = HealthSnapshot(state: .starting, failures: 2, reason: "500 from /healthz")
        let reloading = slot(.online) {
            $0.current = Scene.online(1, pid: 7, port: 80)
            $0.others = [candidate]
        }
        #expect(
            reason(reloading) == "generation 2 is starting beside it: health check: 500 from /healthz")
        var ill = Scene.online(1, pid: 7, port: 80)
        ill.health = HealthSnapshot(state: .unhealthy, failures: 3, reason: "no answer within 5 s")
        #expect(reason(slot(.online) { $0.current = ill }) == "unhealthy: no answer within 5 s")
        ill.inRotation = false
        #expect(
            reason(slot(.online) { $0.current = ill }) == "unhealthy, out of rotation: no answer within 5 s")
    }

    @Test func `the end is explained`() {
        let failed = slot(.errored) {
            $0.unstableRestarts = 5
            $0.deaths = [Scene.death(.notStarted("cannot execute x: No such file or directory"), ago: .zero)]
        }
        #expect(reason(failed) == "cannot execute x: No such file or directory, gave up after 5 tries")
        let finished = slot(.stopped) { $0.deaths = [Scene.death(.exited(.code(0)), ago: .zero)] }
        #expect(reason(finished) == "finished")
        #expect(reason(slot(.stopped)) == "")
    }
}

@Suite struct Descriptions {
    @Test func `everything there is to know stands in blocks`() {
        let worker = Scene.shop.apps[0]
        let paths = Description.LogPaths(
            output: "/h/logs/worker-out-0.log", errors: "/h/logs/worker-error-0.log")
        #expect(
            Description.lines(worker, logs: [SlotID(2): paths], at: Scene.now) == [
                "worker",
                "  namespace:      default",
                "  command:        server.js",
                "  directory:      /srv",
                "  mode:           fork",
                "  instances:      0 of 1 online",
                "  generation:     1",
                "  interpreter:    chosen by extension or shebang",
                "  stop:           SIGTERM, then SIGKILL after 10 s",
                "  drain:          up to 30 s, idle connections are closed after 5 s",
                "  listen timeout: 30 s",
                "  reload:         rolling, 1 at a time, new ones are watched for 1 s",
                "  restarts:       at once, then after 100 ms doubling to 30 s",
                "",
                "worker 0 (id 2): waiting restart",
                "  why:       exit 1 x16, next try in 8 s",
                "  restarts:  16 (16 unstable in a row)",
                "  out log:   /h/logs/worker-out-0.log",
                "  error log: /h/logs/worker-error-0.log",
                "  last end: generation 1 exited with code 1 after 40 ms, 2 s ago",
                "    no database",
            ])
    }

    @Test func `one slot can be described alone`() {
        let web = Scene.shop.apps[1]
        let lines = Description.lines(web, slot: SlotID(1), at: Scene.now)
        #expect(lines.contains("web 1 (id 1): online") && !lines.contains("web 0 (id 0): online"))
        #expect(lines.contains("  listens on: 0.0.0.0:3000"))
    }
}
