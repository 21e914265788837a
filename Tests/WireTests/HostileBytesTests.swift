import Supervision
import Testing

@testable import Wire

/// Nothing that can be sent does more than be refused, and how it is cut into reads changes nothing.
@Suite struct HostileBytes {
    @Test func `every cut of valid requests gives the same requests`() {
        let bytes = [UInt8](validRequests.joined())
        let whole = outcomes(of: [bytes])
        #expect(whole.count == validRequests.count)
        for seed: UInt64 in 0..<100 {
            var dice = Dice(seed: seed)
            let cut = outcomes(of: dice.cut(bytes)).filter { $0 != .awaitsContinue }
            #expect(cut == whole, "seed \(seed)")
        }
        let byteByByte = outcomes(of: bytes.map { [$0] }).filter { $0 != .awaitsContinue }
        #expect(byteByByte == whole)
    }

    @Test func `every beginning of a valid request is waited for`() {
        for text in validRequests {
            let bytes = [UInt8](text)
            for count in 0..<bytes.count {
                let early = outcomes(of: [Array(bytes.prefix(count))]).filter { $0 != .awaitsContinue }
                #expect(early.isEmpty, "\(text.prefix(count).debugDescription)")
            }
        }
    }

    @Test func `mutated requests are refused or taken, the same however they are cut`() {
        for seed: UInt64 in 0..<2000 {
            var dice = Dice(seed: seed)
            var bytes = [UInt8](dice.pick(validRequests) + dice.pick(validRequests))
            for _ in 0..<dice.roll(1...4) { mutate(&bytes, &dice) }
            let whole = outcomes(of: [bytes]).filter { $0 != .awaitsContinue }
            let cut = outcomes(of: dice.cut(bytes)).filter { $0 != .awaitsContinue }
            #expect(cut == whole, "seed \(seed)")
        }
    }

    @Test func `mutated answers are refused or taken, the same however they are cut`() {
        let clock = WallClock()
        for seed: UInt64 in 0..<1000 {
            var dice = Dice(seed: seed)
            var bytes = HTTPWriter.stream()
            for _ in 0..<3 {
                bytes += HTTPWriter.chunk(Answer.bytes(.progress(dice.progress()), clock: clock))
            }
            bytes += HTTPWriter.lastChunk
            if dice.flip() { mutate(&bytes, &dice) }
            let whole = Received(of: [bytes])
            #expect(Received(of: dice.cut(bytes)) == whole, "seed \(seed)")
        }
    }

    @Test func `mutated JSON is refused or taken, never more`() {
        let clock = WallClock()
        for seed: UInt64 in 0..<2000 {
            var dice = Dice(seed: seed)
            var bytes = Answer.bytes(dice.snapshot(), clock: clock)
            for _ in 0..<dice.roll(1...4) { mutate(&bytes, &dice) }
            _ = try? Answer.snapshot(bytes, clock: clock)
            _ = try? Answer.line(bytes, clock: clock)
            _ = try? StateFile(parsing: bytes)
            _ = Answer.refusal(bytes, status: 400)
            _ = try? EcosystemFile.decode(bytes, path: "a.json", callerDirectory: "/", processors: 2)
        }
    }

    @Test func `every beginning of an answer is refused`() {
        var dice = Dice(seed: 11)
        let bytes = Array(Answer.bytes(dice.snapshot(), clock: WallClock()).dropLast())
        for count in 0..<bytes.count {
            #expect(throws: JSONError.self) {
                try Answer.snapshot(Array(bytes.prefix(count)), clock: WallClock())
            }
        }
    }

    private func mutate(_ bytes: inout [UInt8], _ dice: inout Dice) {
        guard !bytes.isEmpty else { return }
        let place = dice.roll(0...bytes.count - 1)
        let interesting: [UInt8] = [
            0, 9, 10, 13, 32, 0x22, 0x25, 0x2C, 0x2F, 0x3A, 0x5C, 0x7B, 0x7D, 0x7F, 0x80, 0xFF,
        ]
        switch dice.roll(0...3) {
        case 0: bytes[place] = dice.pick(interesting)
        case 1: bytes.insert(dice.pick(interesting), at: place)
        case 2: bytes.remove(at: place)
        default: bytes[place] = UInt8(dice.roll(0...255))
        }
    }
}

/// What a client makes of an answer that arrives in pieces.
struct Received: Equatable {
    var heads: [Int] = []
    var lines: [[UInt8]] = []
    var ends = 0
    var refused = false

    init(of pieces: [[UInt8]]) {
        var parser = ResponseParser()
        var splitter = LineSplitter()
        do {
            for piece in pieces {
                parser.feed(piece)
                while let arrival = try parser.next() { try take(arrival, &splitter) }
            }
            while let arrival = try parser.finish() { try take(arrival, &splitter) }
        } catch {
            refused = true
        }
    }

    private mutating func take(_ arrival: ResponseParser.Arrival, _ splitter: inout LineSplitter) throws {
        switch arrival {
        case .head(let head): heads.append(head.status)
        case .data(let data): lines += try splitter.feed(data)
        case .end: ends += 1
        }
    }
}
