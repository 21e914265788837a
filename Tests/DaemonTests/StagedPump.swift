import Linux
import Supervision
import Support
import Wire

@testable import Daemon

/// A pump on a thread of its own, and a test in the place of the loop.
final class StagedPump {
    let scratch = Scratch()
    private let orders: Mailbox<PumpOrder>
    private let letters: Mailbox<PumpReport>
    private let thread: Thread
    private var heard: [PumpReport] = []
    private var marks: UInt64 = 0

    /// `settings` may name sockets below this one's scratch directory.
    init(_ settings: (inout HomeSettings, Scratch) -> Void = { _, _ in }) throws {
        var home = HomeSettings()
        settings(&home, scratch)
        let place = LogPlace(directory: scratch.path("logs"), settings: home)
        let (orders, letters) = (try Mailbox<PumpOrder>(), try Mailbox<PumpReport>())
        self.orders = orders
        self.letters = letters
        let pump = try Pump(orders, letters, Archivist(place, complaints: letters), place.settings)
        thread = try Succession(pump).begin()
    }

    func end() {
        send(.end(isLast: false))
        join()
        scratch.end()
    }

    /// Waits for its end, once.
    func join() { thread.join() }

    /// Waits until everything that was ordered is done.
    func settle() throws {
        marks += 1
        orders.send(.mark(marks))
        try eventually("the orders to be carried out") {
            hear()
            return heard.contains(.marked(marks))
        }
    }

    var complaints: [String] {
        hear()
        return heard.compactMap { if case .complaint(let text) = $0 { text } else { nil } }
    }

    /// Two streams of an instance, and what a program of it would write to.
    func open(
        _ instance: UInt64, out: String, error: String, generation: UInt16 = 0,
        as change: (inout LogSettings) -> Void = { _ in }
    ) throws -> LogPump.Pipes {
        var spec = AppSpec(name: AppName("web"), script: "x", workingDirectory: "/")
        spec.logs.merges = true
        spec.logs.output = .file(out)
        spec.logs.error = .file(error)
        change(&spec.logs)
        return LogPump.Pipes(
            output: try open(InstanceID(instance), .out, spec, generation),
            error: try open(InstanceID(instance), .error, spec, generation))
    }

    /// What the loop would make of these settings for standard output.
    func plan(out: String, as change: (inout LogSettings) -> Void) -> StreamPlan {
        var spec = AppSpec(name: AppName("web"), script: "x", workingDirectory: "/")
        spec.logs.merges = true
        spec.logs.output = .file(out)
        change(&spec.logs)
        return plan(spec, .out)
    }

    private func plan(_ spec: AppSpec, _ stream: LogStream) -> StreamPlan {
        var settings = HomeSettings()
        // The machine of the tests may be fuller than logs like it.
        settings.free.bytes = 0
        return StreamPlan(
            spec, SlotIndex(0), SlotID(7), stream,
            LogPlace(directory: scratch.path("logs"), settings: settings))
    }

    private func open(
        _ instance: InstanceID, _ stream: LogStream, _ spec: AppSpec, _ generation: UInt16
    ) throws -> SharedDescriptor {
        let pipe = try Pipe.unbreakable()
        var plan = plan(spec, stream)
        plan.generation = generation
        orders.send(.open(StreamID(instance: instance, stream: stream), pipe.reader, plan, .new))
        return pipe.writer
    }

    func send(_ order: PumpOrder) { orders.send(order) }

    func finish(_ instance: UInt64) { orders.send(.finish(InstanceID(instance))) }

    func lastWords(_ instance: UInt64) throws -> [String] {
        try eventually("the last words") {
            hear()
            for case .lastWords(InstanceID(instance), let lines) in heard { return lines }
            return nil
        }
    }

    func waitForEnd(_ instance: UInt64, _ streams: [LogStream] = LogStream.allCases) throws {
        try eventually(within: .seconds(30), "the end of the streams") {
            hear()
            return streams.allSatisfy {
                heard.contains(.over(StreamID(instance: InstanceID(instance), stream: $0)))
            }
        }
    }

    func waitForDropping() throws {
        try eventually("output to be dropped") {
            hear()
            return heard.contains { if case .dropped = $0 { true } else { false } }
        }
    }

    var isHeardOver: Bool {
        hear()
        return heard.contains { if case .over = $0 { true } else { false } }
    }

    private func hear() { heard += letters.take() }
}

/// Starts a program with these descriptors as its output; they are closed here, as the daemon does.
func start(_ program: String, _ arguments: [String], _ pipes: consuming LogPump.Pipes) throws -> Int32 {
    var request = SpawnRequest(program: program, arguments: arguments, environment: ["PATH=/usr/bin:/bin"])
    request.descriptors = [.init(pipes.output.number, as: 1), .init(pipes.error.number, as: 2)]
    return try withExtendedLifetime(pipes) { try spawn(request).process }
}

/// Waits for a child of the test.
@discardableResult
func reap(_ process: Int32) throws -> Reaped {
    try eventually("the end of process \(process)") { try Processes.reap(process) }
}
