import Supervision
import Testing

@testable import Console

@Suite struct Reporting {
    private let web = AppName("web")

    private func failure(_ cause: Death.Cause, words: [String] = []) -> Failure {
        let death = Death(
            generation: Generation(2), cause: cause, at: Instant(nanoseconds: 0), uptime: .milliseconds(120),
            lastWords: words)
        return Failure(app: web, slot: SlotIndex(0), generation: Generation(2), death: death)
    }

    @Test func `what is done is said in a line for each app`() {
        let report = Report(
            .done([
                Outcome(app: web, change: .started, instances: 2),
                Outcome(app: AppName("old", in: "shop"), change: .orphaned, instances: 1),
            ]))
        #expect(report.code == .done)
        #expect(report.errors.isEmpty)
        #expect(
            report.output == [
                "web: started, 2 instances", "shop:old: no longer in its file, left running",
                "  to remove it: swpm delete shop:old",
            ])
    }

    @Test func `what somebody else broke off was not done`() {
        let report = Report(.done([Outcome(app: web, change: .superseded, instances: 2)]))
        #expect(report.code == .failed)
        #expect(report.output.isEmpty && !report.errors.isEmpty)
    }

    @Test func `a crash at start shows code and last words`() {
        let report = Report(
            .failed(failure(.exited(.code(1)), words: ["boom", "\u{1B}[31mred\u{07}"]), outcomes: []))
        #expect(report.code == .failed)
        #expect(
            report.errors == [
                "web 0 exited with code 1 after 120 ms", "  its last lines on stderr:", "    boom",
                "    red\u{FFFD}", "  what went before: swpm why web", "  to see more: swpm logs web",
            ])
    }

    @Test func `a reload whose version listens elsewhere says how to mean it`() {
        let missing = [ListenAddress(host: "127.0.0.1", port: 3000)]
        let report = Report(
            .rolledBack(failure(.neverReady(after: .seconds(8), missing: missing)), outcomes: []))
        #expect(report.code == .rolledBack)
        #expect(
            report.errors == [
                "web 0 did not listen on 127.0.0.1:3000 within 8 s (listen_timeout)",
                "web serves on with what had proved itself",
                "  if the new address is meant: swpm restart web",
            ])
    }

    @Test func `every way to fail has its exit code`() {
        let late = failure(.neverReady(after: .seconds(3), missing: []))
        #expect(Report(.failed(late, outcomes: [])).code == .timedOut)
        #expect(
            Report(.failed(failure(.notStarted("cannot execute x: No such file")), outcomes: [])).code
                == .failed)
        #expect(Report(.failed(failure(.exited(.signal(.kill))), outcomes: [])).code == .failed)
        #expect(Report(.refused(.noSuchApp("x"))).code == .noSuchApp)
        #expect(Report(.refused(.invalid("y"))).code == .usage)
        #expect(Report(.refused(.shuttingDown)).code == .failed)
        #expect(Report(.refused(.tooMany(what: "instances", limit: 4000))).code == .failed)
    }

    @Test func `other apps of a failed operation keep their line`() {
        let report = Report(
            .failed(
                failure(.exited(.code(1))),
                outcomes: [
                    Outcome(app: AppName("api"), change: .started, instances: 1),
                    Outcome(app: web, change: .failed, instances: 0),
                ]))
        #expect(report.output == ["api: started, 1 instance"])
    }

    @Test func `steps are told as they happen`() {
        func said(_ step: Progress.Step) -> String {
            Wording.progress(Progress(app: web, slot: SlotIndex(1), generation: Generation(3), step: step))
        }
        #expect(said(.launching) == "web 1: starting (generation 3)")
        #expect(said(.started(ProcessID(42))) == "web 1: runs as process 42")
        let both = [ListenAddress(host: "0.0.0.0", port: 80), ListenAddress(host: "::", port: 80)]
        #expect(said(.ready(both)) == "web 1: ready, listening on :80")
    }

    @Test(arguments: [
        (Duration.milliseconds(5), "5 ms"), (.milliseconds(1500), "1.5 s"), (.seconds(8), "8 s"),
        (.seconds(119), "119 s"), (.seconds(180), "3 min"), (.seconds(7200), "2 h"),
        (.seconds(400_000), "4 days"),
        (.milliseconds(-3), "0 ms"),
    ])
    func `durations are read easily`(duration: Duration, text: String) {
        #expect(Quantities.duration(duration) == text)
    }

    @Test func `memory is counted in PM2's units`() {
        #expect(Quantities.memory(512) == "512b")
        #expect(Quantities.memory(54_788_096) == "52.2mb")
        #expect(Quantities.memory(UInt64.max) == "16777215.9tb")
    }
}

@Suite struct ShowingText {
    @Test func `width counts columns, not bytes`() {
        #expect(Text.width("abc") == 3)
        #expect(Text.width("日本") == 4)
        #expect(Text.width("é") == 1 && Text.width("e\u{301}") == 1)
        #expect(Text.width("🚀") == 2 && Text.width("👨‍👩‍👧") == 2)
        #expect(Text.width("↺│─") == 3)
    }

    @Test func `what does not fit is cut with an ellipsis, never inside a character`() {
        #expect(Text.truncated("abcdef", to: 4) == "abc…")
        #expect(Text.truncated("日本語", to: 4) == "日…")
        #expect(Text.fitted("日本語", to: 5) == "日本…")
        #expect(Text.fitted("7", to: 3, alignedRight: true) == "  7")
        #expect(Text.truncated("abc", to: 0) == "")
    }

    @Test(arguments: [
        ("\u{1B}[2J\u{1B}[31mred\u{1B}[0m", "red"), ("\u{1B}]0;title\u{07}x", "x"),
        ("\u{1B}]0;title\u{1B}\\x", "x"), ("a\tb", "a    b"), ("a\u{9B}31mb", "a\u{FFFD}31mb"),
        ("a\u{202E}b", "a\u{FFFD}b"), ("a\rb\n", "a\u{FFFD}b\u{FFFD}"), ("\u{1B}", ""), ("\u{1B}[", ""),
        ("plain ✓", "plain ✓"), ("\u{1B}P1;2q###", ""), ("\u{1B}\u{1B}[Hx", "x"),
    ])
    func `nothing a program writes can steer the terminal`(written: String, shown: String) {
        #expect(Text.sanitised(written) == shown)
    }

    @Test func `colours may stay, and end with the line`() {
        let shown = Text.sanitised("\u{1B}[31mred\u{1B}[2J\u{1B}[?25l", keepingColours: true)
        #expect(shown == "\u{1B}[31mred\u{1B}[0m")
    }

    @Test func `variables that are lost at a boot are named, the first of them`() {
        #expect(Wording.notKept([]).isEmpty)
        #expect(Wording.notKept(["A", "B"]) == ["not kept across a boot: A, B (put them in env)"])
        #expect(
            Wording.notKept(["A", "B", "C", "D", "E"])
                == ["not kept across a boot: A, B, C and 2 more (put them in env)"])
    }
}
