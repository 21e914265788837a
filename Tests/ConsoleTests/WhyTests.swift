import Supervision
import Testing

@testable import Console

/// The page of `swpm why`.
@Suite struct TellingWhy {
    private let now = Instant(nanoseconds: 1000 * 1_000_000_000)

    private func death(
        _ cause: Death.Cause = .exited(.code(1)), secondsAgo: Int64 = 10,
        words: [String] = ["Error: no database"],
        _ change: (inout Death) -> Void = { _ in }
    ) -> Death {
        var death = Death(
            generation: Generation(4), cause: cause, at: now + .seconds(-secondsAgo),
            uptime: .milliseconds(2100),
            lastWords: words, peakMemory: 52_428_800, process: ProcessID(4711),
            consequence: .restarted(after: .milliseconds(800)))
        change(&death)
        return death
    }

    private func app(_ deaths: [Death], failures: [FailedOperation] = []) -> AppSnapshot {
        let spec = AppSpec(name: AppName("web"), script: "server.js", workingDirectory: "/srv")
        let slot = SlotSnapshot(
            index: SlotIndex(0), id: SlotID(3), status: deaths.isEmpty ? .online : .waitingRestart,
            restarts: 2,
            unstableRestarts: 2, deaths: deaths, nextTry: deaths.isEmpty ? nil : now + .seconds(8))
        return AppSnapshot(spec: spec, generation: Generation(4), slots: [slot], failures: failures)
    }

    private func page(_ app: AppSnapshot) -> String {
        Why.lines(app, at: now) { "at \($0.nanoseconds / 1_000_000_000)" }.joined(separator: "\n")
    }

    @Test func `a death is told with time, process, last words, and what comes next`() {
        #expect(
            page(app([death()])) == """
                web

                web 0 (id 3): waiting restart, exit 1 x2, next try in 8 s
                  at 990 (10 s ago) generation 4, pid 4711 exited with code 1 after 2.1 s
                    its last lines on stderr:
                      Error: no database
                    it had used 50.0mb of memory at most
                    started again after 800 ms
                """)
    }

    @Test func `who dies with the same words again is quoted once`() {
        let text = page(app([death(secondsAgo: 20), death()]))
        #expect(text.split(separator: "Error: no database").count == 2, "\(text)")
        #expect(text.contains("with the same last lines as the next time"))
    }

    @Test(arguments: [
        (Killer.outOfMemory, "was killed (SIGKILL) after 2.1 s by the kernel, because memory ran out"),
        (.somebody, "neither by swpm nor by the kernel for lack of memory: somebody did"),
        (.unknown, "not by swpm: by the kernel for lack of memory, or by somebody"),
    ])
    func `of a SIGKILL it is said what is known`(_ killer: Killer, _ words: String) {
        let text = page(app([death(.exited(.signal(.kill))) { $0.killer = killer }]))
        #expect(text.contains(words), "\(text)")
    }

    private func killing(_ victims: Victims, secondsAgo: Int64 = 5) -> Killing {
        Killing(
            generation: Generation(4), at: now + .seconds(-secondsAgo), patience: .seconds(10),
            victims: victims)
    }

    @Test func `what a stop had to kill stands among the deaths, in time`() {
        let others = [
            KilledProcess(ProcessID(4712), command: "node worker.js"),
            KilledProcess(ProcessID(4713), command: ""),
        ]
        var app = app([death()])
        app.slots[0].killings = [
            killing(Victims(main: ProcessID(4711), others: others), secondsAgo: 20),
            killing(Victims(others: others, more: 3)),
        ]
        let text = page(app)
        #expect(
            text == """
                web

                web 0 (id 3): waiting restart, exit 1 x2, next try in 8 s
                  at 980 (20 s ago) generation 4: process 4711 had not ended 10 s after the stop signal \
                (kill_timeout), and was killed
                    killed with it:
                      process 4712: node worker.js
                      process 4713
                  at 990 (10 s ago) generation 4, pid 4711 exited with code 1 after 2.1 s
                    its last lines on stderr:
                      Error: no database
                    it had used 50.0mb of memory at most
                    started again after 800 ms
                  at 995 (5 s ago) generation 4: had ended, and left behind what was killed:
                      process 4712: node worker.js
                      process 4713
                      and 3 more
                """)
    }

    @Test func `the answer of a stop tells it too`() {
        let entry = Toll.Entry(SlotIndex(2), killing(Victims(main: ProcessID(4711))))
        let outcome = Outcome(
            app: AppName("web"), change: .stopped, instances: 0, toll: Toll(count: 5, told: [entry]))
        #expect(
            Report(.done([outcome])).output == [
                "web: stopped",
                "  web 2: process 4711 had not ended 10 s after the stop signal (kill_timeout), and was killed",
                "  the same of 4 more instances",
            ])
    }

    @Test func `an obstacle is named`() {
        let remark = "web cannot have 0.0.0.0:80: process 7 of user bob listens on 0.0.0.0:80: nginx"
        #expect(page(app([death { $0.remark = remark }])).contains("    \(remark)\n"))
    }

    @Test func `a failed operation reads as it did when it failed`() {
        let failure = Failure(
            app: AppName("web"), slot: SlotIndex(0), generation: Generation(5),
            death: death(.exited(.code(3))))
        let failed = FailedOperation(at: now, goal: .reloaded, failure: failure, isRolledBack: true)
        let text = page(app([], failures: [failed]))
        #expect(text.contains("reload: web 0 exited with code 3 after 2.1 s\n"), "\(text)")
        #expect(text.contains("rolled back: what had proved itself serves on"))
        let told = Report(.rolledBack(failure, outcomes: [])).errors
        for line in Wording.account(of: failure.death, "web 0") {
            #expect(told.contains(line) && text.contains(line.drop { $0 == " " }), "\(line)")
        }
        #expect(told.contains("  what went before: swpm why web"))
    }

    @Test func `where nothing went wrong that is said`() {
        #expect(page(app([])).hasPrefix("web: no instance died and no operation failed"))
    }

    @Test func `escape sequences of a program stay its own`() {
        #expect(!page(app([death(words: ["\u{1B}]0;evil\u{07}text"])])).contains("\u{1B}"))
    }
}
