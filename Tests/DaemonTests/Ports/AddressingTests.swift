import Linux
import Supervision
import Support
import Testing

@testable import Daemon

/// One particular instance is reached although all share a port.
@Suite(.serialized) struct Addressing {
    let stage: PortsStage

    init() throws { stage = try PortsStage() }

    private let slot = Ports.source(of: SlotIndex(0)).host

    private func answer(_ source: [UInt8], _ times: Int = 5) throws -> Set<String> {
        Set(try (0..<times).map { _ in try stage.answer(stage.connect("127.0.0.1", from: source)) })
    }

    /// Where the instance is asked, and who answers there.
    private func asked(_ instance: InstanceID) throws -> Set<String> {
        guard case .open(let target, let source?) = stage.ports.route(to: instance, port: nil) else {
            return []
        }
        #expect(target.hostText == "127.0.0.1")
        return try answer(source.host)
    }

    @Test(arguments: ["127.0.0.1", "0.0.0.0", "::"])
    func `a check reaches its instance, before anybody is in rotation and out of it`(_ host: String) throws {
        let all = try (0..<3).map { _ in try stage.serve(stage.server(host)) }
        for instance in all { #expect(try asked(instance) == ["\(instance.number)"]) }
        try stage.steer(to: [all[1]])
        for instance in all { #expect(try asked(instance) == ["\(instance.number)"]) }
        try stage.steer(to: [])
        for instance in all { #expect(try asked(instance) == ["\(instance.number)"]) }
    }

    @Test func `the address of a slot reaches whoever serves there`() throws {
        let old = try stage.serve()
        try stage.steer(to: [old])
        let candidate = try stage.serve()
        #expect(try answer(slot) == ["1"])
        try stage.steer(to: [candidate])
        #expect(try answer(slot) == ["2"])
    }

    @Test func `where nobody serves the address of a slot reaches the youngest`() throws {
        let first = try stage.serve()
        let second = try stage.serve()
        try stage.steer(to: [])
        #expect(try answer(slot) == ["2"])
        try stage.crash(second)
        #expect(try answer(slot) == ["1"])
        #expect(try asked(first) == ["1"])
    }

    @Test func `of several with one IPv6 address none can be asked by itself, and that is said`() throws {
        let first = try stage.serve(stage.server("::1"))
        guard case .open(let target, nil) = stage.ports.route(to: first, port: nil) else {
            Issue.record("one alone cannot be asked")
            return
        }
        #expect(target.hostText == "::1")
        let second = try stage.serve(stage.server("::1"))
        for instance in [first, second] {
            let route = stage.ports.route(to: instance, port: nil)
            #expect(route == .ambiguous("shares an IPv6 address: [::1]:\(stage.port)"))
        }
    }

    @Test func `a port that it does not listen on is waited for`() throws {
        let instance = try stage.serve()
        #expect(stage.ports.route(to: instance, port: 1) == .none)
        let mute = try stage.start("import time; time.sleep(60)")
        #expect(stage.ports.route(to: mute, port: nil) == .none)
    }

    @Test func `a listener that is not held is found by its owner`() throws {
        var spec = stage.spec()
        spec.zeroDowntime = false
        let instance = try stage.start(stage.server("0.0.0.0"), spec)
        let expected = CheckRoute.open(
            to: try #require(SocketAddress(text: "127.0.0.1", port: stage.port)), from: nil)
        stage.ports.family = { [unowned stage] in [stage.process($0)] }
        try stage.until("it listens") { stage.ports.route(to: instance, port: nil) == expected }
    }

    @Test func `an address that is none of the loopback's is asked all the same`() throws {
        let own = try #require(
            try Command("hostname", ["-I"]).run().output.split(separator: " ").map(String.init).first {
                !$0.contains(":") && SocketAddress(text: $0.filter { !$0.isNewline }, port: 0) != nil
            }, "this machine has no address of its own")
        let host = own.filter { !$0.isNewline }
        let all = try (0..<2).map { _ in try stage.serve(stage.server(host)) }
        for instance in all {
            guard case .open(let target, let source?) = stage.ports.route(to: instance, port: nil) else {
                Issue.record("it has no route")
                return
            }
            #expect(target.hostText == host)
            let client = try stage.connect(host, from: source.host)
            #expect(try stage.answer(client) == "\(instance.number)")
        }
    }
}
