import Supervision
import Testing

@testable import Console

@Suite struct Monitoring {
    private var dashboard = Dashboard(
        size: Dashboard.Size(columns: 90, lines: 16), palette: .plain, now: Scene.now)

    init() { dashboard.show(Scene.shop, at: Scene.now) }

    @Test func `a frame shows apps, instances, a log and the keys`() {
        var dashboard = dashboard
        dashboard.log = ["GET /", "GET /basket\u{1B}[2J"]
        let frame = dashboard.frame()
        let expected = [
            " swpm 0.1.0   2 apps, 2 of 3 instances online",
            "   id name     status             cpu      mem    ↺ uptime why",
            ">     web      2/2 online         25%  100.0mb    0",
            "    0   web 0  online           12.5%   50.0mb    0    90s listening on :3000",
            "    1   web 1  online           12.5%   50.0mb    0    90s listening on :3000",
            "    2 worker   waiting restart      -        -   16      - exit 1 x16, next try in 8 s",
            "── log of web " + String(repeating: "─", count: 76),
            "GET /", "GET /basket", "", "", "", "", "", "",
            " ↑↓ select   r restart   l reload   s stop   q quit",
        ]
        #expect(frame.map(trimmed) == expected)
        #expect(frame.allSatisfy { Text.width($0) <= 90 })
    }

    @Test func `a frame fills any screen exactly and never overflows it`() {
        for columns in [0, 1, 10, 20, 40, 80, 300] {
            for lines in [0, 1, 6, 7, 9, 24, 80] {
                var dashboard = dashboard
                dashboard.size = Dashboard.Size(columns: columns, lines: lines)
                dashboard.log = Array(repeating: String(repeating: "日", count: 200), count: 100)
                let frame = dashboard.frame()
                #expect(frame.count == lines)
                #expect(frame.allSatisfy { Text.width($0) <= columns })
            }
        }
    }

    @Test func `keys move the selection and stop at the ends`() {
        var dashboard = dashboard
        #expect(dashboard.selection == .app(AppName("web")))
        #expect(dashboard.press(.up) == nil)
        #expect(dashboard.press(.down) == .select)
        #expect(dashboard.selection == .slot(AppName("web"), SlotIndex(0)))
        #expect(dashboard.selectedSlots.map(\.0) == [SlotID(0)])
        #expect(dashboard.press(.end) == .select)
        #expect(dashboard.selection == .slot(AppName("worker"), SlotIndex(0)))
        #expect(dashboard.press(.character("j")) == nil)
        #expect(dashboard.press(.character("g")) == .select)
        #expect(dashboard.selectedSlots.map(\.0) == [SlotID(0), SlotID(1)])
    }

    @Test func `keys act on the selected app or instance, and quit`() {
        var dashboard = dashboard
        #expect(dashboard.press(.character("l")) == .reload(.named("web")))
        #expect(dashboard.message == "reloading web ...")
        _ = dashboard.press(.down)
        _ = dashboard.press(.down)
        #expect(dashboard.press(.character("r")) == .restart(.named("1")))
        #expect(dashboard.message == "restarting web 1 ...")
        _ = dashboard.press(.end)
        #expect(dashboard.press(.character("s")) == .stop(.named("worker")))
        #expect(dashboard.message == "stopping worker ...")
        for key in [Key.character("q"), .escape, .interrupt] { #expect(dashboard.press(key) == .quit) }
    }

    @Test func `an id that is also a name is not used to mean an instance`() {
        var dashboard = dashboard
        var snapshot = Scene.shop
        snapshot.apps[0].spec.name = AppName("1")
        dashboard.show(snapshot, at: Scene.now)
        _ = dashboard.press(.end)
        #expect(dashboard.press(.character("s")) == .stop(.named("web")))
    }

    @Test func `the selection stays with its app while others come and go`() {
        var dashboard = dashboard
        _ = dashboard.press(.end)
        var fewer = Scene.shop
        fewer.apps.removeAll { $0.spec.name == AppName("web") }
        dashboard.show(fewer, at: Scene.now)
        #expect(dashboard.selection == .slot(AppName("worker"), SlotIndex(0)))
        dashboard.show(Snapshot(), at: Scene.now)
        #expect(dashboard.selection == nil)
        #expect(dashboard.press(.character("s")) == nil)
        dashboard.show(Scene.shop, at: Scene.now)
        #expect(dashboard.selection == .app(AppName("web")))
    }

    @Test func `a long table scrolls with the selection`() {
        let apps = (0..<50).map { number in
            Scene.app(
                AppName("app\(number + 100)"),
                [
                    SlotSnapshot(
                        index: SlotIndex(0), id: SlotID(number), status: .online,
                        current: Scene.online(UInt64(number), pid: 1000 + Int32(number)))
                ])
        }
        var dashboard = dashboard
        dashboard.show(Snapshot(apps: apps), at: Scene.now)
        for _ in 0..<50 {
            let selected = dashboard.frame().filter { $0.hasPrefix(">") }
            #expect(selected.count == 1)
            _ = dashboard.press(.down)
        }
        #expect(dashboard.frame().contains { $0.hasPrefix(">") && $0.contains("app149") })
    }

    private func trimmed(_ line: String) -> String {
        var line = line
        while line.last == " " { line.removeLast() }
        return line
    }
}

@Suite struct ReadingKeys {
    @Test(arguments: [
        ("\u{1B}[A", [Key.up]), ("\u{1B}OB", [.down]), ("jk", [.character("j"), .character("k")]),
        ("\u{03}", [.interrupt]), ("\u{1B}[5~\u{1B}[6~", [.pageUp, .pageDown]), ("é", [.character("é")]),
        ("\u{1B}[1;5C\u{1B}[200~q", [.character("q")]), ("\r", [.enter]), ("\u{1B}x", []),
        ("\u{1B}[H\u{1B}[F\u{1B}[1~\u{1B}[4~", [.home, .end, .home, .end]),
    ])
    func `sequences are keys, whole or in pieces`(text: String, keys: [Key]) {
        var whole = KeyParser()
        #expect(whole.keys(from: Array(text.utf8)) == keys)
        #expect(!whole.isWaiting)
        var pieces = KeyParser()
        #expect(text.utf8.flatMap { pieces.keys(from: [$0]) } == keys)
    }

    @Test func `a lone escape is a key when nothing follows it`() {
        var parser = KeyParser()
        #expect(parser.keys(from: [0x1B]) == [])
        #expect(parser.isWaiting)
        #expect(parser.flush() == [.escape])
        #expect(!parser.isWaiting)
    }

    @Test func `an endless sequence does not grow`() {
        var parser = KeyParser()
        #expect(parser.keys(from: Array("\u{1B}[".utf8) + Array(repeating: 0x30, count: 100)) == [])
        #expect(!parser.isWaiting)
    }
}

@Suite struct Drawing {
    @Test func `only rows that changed are written`() {
        let bytes = Screen.update(from: ["a", "b", "c"], to: ["a", "B", "c"])
        #expect(String(decoding: bytes, as: UTF8.self) == "\u{1B}[?2026h\u{1B}[2;1H\u{1B}[KB\u{1B}[?2026l")
        #expect(Screen.update(from: ["a"], to: ["a"]) == [])
    }

    @Test func `a first frame clears, a shorter one wipes what was below`() {
        let first = String(decoding: Screen.update(from: [], to: ["a"]), as: UTF8.self)
        #expect(first == "\u{1B}[?2026h\u{1B}[2J\u{1B}[1;1H\u{1B}[Ka\u{1B}[?2026l")
        let shorter = String(decoding: Screen.update(from: ["a", "b"], to: ["a"]), as: UTF8.self)
        #expect(shorter == "\u{1B}[?2026h\u{1B}[2;1H\u{1B}[K\u{1B}[?2026l")
    }
}
