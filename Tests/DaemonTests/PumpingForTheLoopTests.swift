import Keeper
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

/// The loop's side of the pump, with a keeper that the test plays.
@Suite struct PumpingForTheLoop {
    private let scratch = Scratch()
    private let keeper: SharedDescriptor
    private let watches: Watches
    private let logs: LogPump

    init() throws {
        let pair = try UnixSocket.pair(.packets)
        keeper = SharedDescriptor(try pair.first.duplicate())
        watches = try Watches()
        let link = try KeeperLink(try pair.second.duplicate())
        try link.attach(to: watches)
        logs = try LogPump(
            keeper: link, watches: watches, place: LogPlace(directory: scratch.path("logs")))
    }

    @Test func `pipes are kept while they can say something, and no longer`() throws {
        defer { logs.end(isLast: false) }
        let paths = (scratch.path("out.log"), scratch.path("error.log"))
        let keys = ["log/7/out\(paths.0)", "log/7/error\(paths.1)"]
        do {
            let pipes = try logs.open(InstanceID(7), plans(paths.0, paths.1))
            #expect(try requests(2) == keys.map { .deposit(key: $0) })
            _ = try pipes.error.descriptor.write(Array("the end\n".utf8))
        }
        var words: [String]?
        logs.onLastWords = { if $0 == InstanceID(7) { words = $1 } }
        logs.finish(InstanceID(7))
        try turn("last words") { words == ["the end"] }
        var withdrawn: [KeeperRequest] = []
        try turn("both withdrawn") {
            withdrawn += try received()
            return withdrawn.count == 2
        }
        #expect(Set(withdrawn.map { "\($0)" }) == Set(keys.map { "\(KeeperRequest.withdraw(key: $0))" }))
    }

    @Test func `what never became a program is let go of`() throws {
        defer { logs.end(isLast: false) }
        let pipes = try logs.open(
            InstanceID(1), plans(scratch.path("out.log"), scratch.path("error.log")))
        try withExtendedLifetime(pipes) {
            _ = try requests(2)
            logs.close(InstanceID(1))
            #expect(try requests(2).allSatisfy { if case .withdraw = $0 { true } else { false } })
        }
    }

    @Test func `after a daemon's death every stream goes on, known or not`() throws {
        defer { logs.end(isLast: false) }
        let known = try Pipe.unbreakable()
        let unknown = try Pipe.unbreakable()
        let file = scratch.path("unknown.log")
        let held = [
            "log/1/out/somewhere/else.log": known.reader,
            "log/2/error\(file)": unknown.reader,
            "environment/1": SharedDescriptor(try MemoryFile.create("x")),
        ]
        logs.restore(
            InstanceID(1), held, plans(scratch.path("known.log"), scratch.path("error.log")))
        logs.restoreRest(held)
        _ = try known.writer.descriptor.write(Array("one\n".utf8))
        _ = try unknown.writer.descriptor.write(Array("two\n".utf8))
        try eventually("both lines") {
            readFile(scratch.path("known.log")) == "one\n" && readFile(file) == "two\n"
        }
    }

    private func plans(_ output: String, _ error: String) -> LogPump.Plans {
        var spec = AppSpec(name: AppName("web"), script: "x", workingDirectory: "/")
        spec.logs.merges = true
        spec.logs.output = .file(output)
        spec.logs.error = .file(error)
        return logs.plans(spec, SlotIndex(0), SlotID(0))
    }

    private func turn(_ what: String, until condition: () throws -> Bool) throws {
        try eventually(what) {
            try watches.wait(atMost: .milliseconds(10))
            return try condition()
        }
    }

    private func requests(_ count: Int) throws -> [KeeperRequest] {
        var all: [KeeperRequest] = []
        try turn("\(count) requests") {
            all += try received()
            return all.count == count
        }
        return all
    }

    private func received() throws -> [KeeperRequest] {
        var all: [KeeperRequest] = []
        while case .message(let message) = try keeper.descriptor.receiveMessage(
            atMost: KeeperRequest.packetLimit)
        {
            if let request = KeeperRequest(decoding: message.bytes) { all.append(request) }
        }
        return all
    }
}
