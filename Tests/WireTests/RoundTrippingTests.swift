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

    @Test func `a call comes back from its request`() throws {
        for seed in RoundTripping.seeds {
            var dice = Dice(seed: seed)
            let request = dice.request()
            var environment: [String: String]?
            if case .apply = request { environment = dice.maybe { [$0.word(): $0.text()] } }
            try expectRoundTrip(.operate(request, environment: environment), "seed \(seed)")
        }
        for call: APICall in [.ping, .version, .jlist, .apps(.all), .apps(.named("a/b c%é"))] {
            try expectRoundTrip(call, "")
        }
    }

    private func expectRoundTrip(_ call: APICall, _ comment: Comment) throws {
        var parser = RequestParser()
        parser.feed(call.bytes)
        guard case .request(let request)? = try parser.next() else {
            Issue.record("no request came out: \(comment)")
            return
        }
        #expect(try APICall(request) == call, comment)
        #expect(try parser.next() == nil)
    }
}
