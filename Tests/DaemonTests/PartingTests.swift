import Linux
import Supervision
import Support
import Testing
import Wire

@testable import Daemon

/// What a pump that ends in order does with what only it has.
@Suite struct Parting {
    private let scratch = Scratch()
    private let reader: SharedDescriptor
    private let writer: SharedDescriptor
    private var log: String { scratch.path("out.log") }
    private var lines: [String] { (readFile(log) ?? "").split(separator: "\n").map(String.init) }

    init() throws { (reader, writer) = try Pipe.unbreakable() }

    @Test func `a line without an end is written in its form, and its rest is the next one's`() throws {
        defer { scratch.end() }
        for words in ["one\nhalf", "way\n"] {
            try hear(words) { $0.dateFormat = "[at] YYYY" }
        }
        #expect(lines.map { $0.dropFirst(9) } == ["one", "half", "way"])
    }

    @Test func `of a line that is written as it was said the rest stands behind its beginning`() throws {
        defer { scratch.end() }
        let all = scratch.path("all.log")
        for words in ["one\nhello wo", "rld\nlast"] {
            try hear(words) { $0.combined = .file(all) }
        }
        #expect(readFile(log) == "one\nhello world\nlast")
        #expect(readFile(all) == "one\nhello world\nlast")
    }

    @Test func `a part of a line is said to be one in JSON`() throws {
        defer { scratch.end() }
        try hear("half") { $0.isJSON = true }
        let line = try JSON(parsing: Array(try #require(lines.first).utf8))
        #expect(line["message"] == .string("half") && line["partial"] == .bool(true))
    }

    @Test(arguments: [true, false])
    func `nobody comes after the last one, which takes what is in the pipe`(_ isLast: Bool) throws {
        defer { scratch.end() }
        let (orders, reports) = (try Mailbox<PumpOrder>(), try Mailbox<PumpReport>())
        let place = LogPlace(directory: scratch.path("logs"), settings: HomeSettings())
        let pump = try Pump(orders, reports, Archivist(place, complaints: reports), place.settings)
        try say("said\n")
        orders.send(.open(id, reader, plan { _ in }, .restored))
        orders.send(.end(isLast: isLast))
        try pump.run()
        #expect(lines == (isLast ? ["said"] : []))
        #expect(reports.take() == [.ended])
    }

    @Test func `a logger gets what waits for it, if it takes it soon`() throws {
        defer { scratch.end() }
        let receiver = Receiver(scratch.path("syslog"))
        defer { receiver.end() }
        let pump = try pumpWithLogger()
        defer { pump.scratch.end() }
        // More messages than the socket holds.
        try say((1...200).map { "\(1000 + $0)\n" }.joined() + "half", to: pump)
        pump.send(.end(isLast: false))
        var told: [String] = []
        try eventually("all of them: \(told.count)") {
            told += receiver.take().map { String(decoding: $0.suffix(4), as: UTF8.self) }
            return told.count == 201
        }
        pump.join()
        #expect(told == (1...200).map { "\(1000 + $0)" } + ["half"])
        #expect(pump.complaints == [])
    }

    @Test func `what a logger does not take is counted`() throws {
        defer { scratch.end() }
        let receiver = Receiver(scratch.path("syslog"))
        defer { receiver.end() }
        let pump = try pumpWithLogger()
        defer { pump.scratch.end() }
        try say((1...200).map { "\(1000 + $0)\n" }.joined(), to: pump)
        pump.send(.end(isLast: false))
        pump.join()
        let left = 5 * (200 - receiver.take().count)
        #expect(left > 0)
        #expect(
            pump.complaints == [
                "syslog (\(receiver.path)): \(left) bytes were not taken before the daemon ended"
            ])
    }

    @Test func `a logger that is given up gets the line without an end, and the stream is spliced again`()
        throws
    {
        defer { scratch.end() }
        let receiver = Receiver(scratch.path("syslog"))
        defer { receiver.end() }
        let reports = try Mailbox<PumpReport>()
        let outlets = try Outlets(settings, reports)
        let plan = plan { $0.outlets = [.file, .syslog] }
        let file = LogFile(log, plan.rules)
        let relay = LineRelay(plan, file, nil, outlets.flows(of: id, plan))
        let stream = PumpedStream(id, reader, file, .new, plan, relay: relay)
        try say("one\nhalf")
        _ = stream.turn(at: Clock.monotonic())
        #expect(readFile(log) == "one\n")
        let changed = try #require(stream.redirect(to: []))
        relay.flows = outlets.flows(of: id, changed, former: relay.flows)
        try say("way\n")
        _ = stream.turn(at: Clock.monotonic())
        #expect(stream.relay == nil)
        #expect(readFile(log) == "one\nhalfway\n")
        let told = receiver.take().map { String(decoding: $0.suffix(4), as: UTF8.self) }
        #expect(told == ["one", "half"].map { String("] \($0)".suffix(4)) })
    }
}

// MARK: - The stream

extension Parting {
    private var id: StreamID { StreamID(instance: .init(1), stream: .out) }
    private var settings: HomeSettings {
        var settings = HomeSettings()
        settings.syslog = scratch.path("syslog")
        return settings
    }

    private func plan(_ change: (inout LogSettings) -> Void) -> StreamPlan {
        var spec = AppSpec(name: AppName("web"), script: "x", workingDirectory: "/")
        spec.logs.merges = true
        spec.logs.output = .file(log)
        change(&spec.logs)
        var settings = settings
        // The machine of the tests may be fuller than logs like it.
        settings.free.bytes = 0
        return StreamPlan(
            spec, SlotIndex(0), SlotID(7), .out, LogPlace(directory: scratch.path("logs"), settings: settings)
        )
    }

    private func say(_ words: String, to pump: StagedPump? = nil) throws {
        _ = try writer.descriptor.write(Array(words.utf8))
        guard pump != nil else { return }
        try eventually("the pump has it") { try reader.descriptor.readableBytes() == 0 }
    }

    /// A pump that takes these words, and ends.
    private func hear(_ words: String, _ change: (inout LogSettings) -> Void) throws {
        let pump = try StagedPump()
        defer { pump.end() }
        pump.send(.open(id, reader, plan(change), .restored))
        try say(words, to: pump)
    }

    private func pumpWithLogger() throws -> StagedPump {
        let pump = try StagedPump { [settings] home, _ in home = settings }
        pump.send(.open(id, reader, plan { $0.outlets = [.syslog] }, .restored))
        return pump
    }
}
