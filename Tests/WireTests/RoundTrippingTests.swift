import Supervision
import Testing

@testable import Wire

/// What is written can be read, whatever it is.
@Suite struct RoundTripping {
    private static let seeds: Range<UInt64> = 0..<200
    private let clock = WallClock(offset: .seconds(1_700_000_000))

    @Test func `a snapshot comes back as it was, with masked variables`() throws {
        for seed in RoundTripping.seeds {
            var dice = Dice(seed: seed)
            let snapshot = dice.snapshot()
            let back = try Answer.snapshot(Answer.bytes(snapshot, clock: clock), clock: clock)
            #expect(back == snapshot.masked, "seed \(seed)")
        }
    }

    @Test func `a line of an operation comes back as it was`() throws {
        for seed in RoundTripping.seeds {
            var dice = Dice(seed: seed)
            let line: OperationLine = dice.flip() ? .progress(dice.progress()) : .reply(dice.reply())
            let bytes = Answer.bytes(line, clock: clock)
            #expect(bytes.last == UInt8(ascii: "\n"))
            #expect(bytes.dropLast().contains(UInt8(ascii: "\n")) == false, "a line is one line")
            #expect(try Answer.line(bytes, clock: clock) == line, "seed \(seed)")
        }
    }

    @Test func `a refusal comes back from the body of an error`() {
        for seed in RoundTripping.seeds {
            var dice = Dice(seed: seed)
            let refusal = dice.refusal()
            #expect(Answer.refusal(Answer.bytes(refusal), status: refusal.status) == .refused(refusal))
        }
    }

    @Test func `a saved state comes back as it was`() throws {
        for seed in RoundTripping.seeds {
            var dice = Dice(seed: seed)
            let file = StateFile(
                state: dice.savedState(), environments: [EnvironmentID(7): ["PATH": dice.text()]],
                boot: dice.maybe { $0.word() })
            #expect(try StateFile(parsing: file.bytes) == file, "seed \(seed)")
        }
    }

    @Test func `a history comes back as it was, also by a clock that was set`() throws {
        for seed in RoundTripping.seeds {
            var dice = Dice(seed: seed)
            let file = HistoryFile(dice.history())
            #expect(try HistoryFile(parsing: file.bytes(clock: clock), clock: clock) == file, "seed \(seed)")
        }
    }

    @Test func `last words are bounded in a history, and the newest stay`() {
        let words = Array(repeating: String(repeating: "x", count: 1 << 20), count: 4)
        let deaths = (1...3).map { number in
            Death(
                generation: Generation(number), cause: .exited(.code(1)), at: Instant(nanoseconds: 0),
                uptime: .zero, lastWords: words)
        }
        let app = History.App(
            name: AppName("web"), slots: [History.Slot(index: SlotIndex(0), deaths: deaths)])
        let kept = HistoryFile(History(apps: [app])).history.apps[0].slots[0].deaths
        #expect(kept.map(\.lastWords.isEmpty) == [true, false, false])
        #expect(HistoryFile.wordBytesLimit == 8 << 20)
    }

    @Test func `a call comes back from its request`() throws {
        for seed in RoundTripping.seeds {
            var dice = Dice(seed: seed)
            let request = dice.request()
            var environment: [String: String]?
            if request.bringsSpecs { environment = dice.maybe { [$0.word(): $0.text()] } }
            try expectRoundTrip(.operate(request, environment: environment), "seed \(seed)")
        }
        let questions: [APICall] = [
            .ping, .version, .jlist, .apps(.all), .apps(.named("a/b c%é")), .appsWithPorts(.all),
            .appsWithPorts(.named("x")),
        ]
        for call in questions {
            try expectRoundTrip(call, "")
        }
    }

    private func expectRoundTrip(_ call: APICall, _ comment: Comment) throws {
        var parser = RequestParser()
        parser.feed(call.bytes())
        guard case .request(let request)? = try parser.next() else {
            Issue.record("no request came out: \(comment)")
            return
        }
        #expect(try APICall(request) == call, comment)
        #expect(try parser.next() == nil)
    }
}
