import Glibc
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

/// A daemon that dies, and the next one.
@Suite(.serialized) struct RestoringPorts {
    let stage: PortsStage

    init() throws { stage = try PortsStage() }

    @Test func `listeners, their order and their owners survive`() throws {
        let spec = stage.spec()
        let first = try stage.serve()
        let second = try stage.serve()
        let third = try stage.serve()
        try stage.crash(first)
        stage.ports.release(first)
        // The order is third, second by now.
        try stage.restart([second: spec, third: spec])
        try stage.steer(to: [second])
        #expect(try stage.census(20) == ["2": 20])
        try stage.steer(to: [third])
        #expect(try stage.census(20) == ["3": 20])
        let fourth = try stage.serve()
        try stage.steer(to: [fourth])
        #expect(try stage.census(20) == ["4": 20])
    }

    @Test func `a call that was taken and not answered is answered by the next daemon`() throws {
        let first = try stage.start(stage.server())
        try stage.until("bind is taken") { stage.ports.traps[first]?.isBusy == true }
        try stage.restart([first: stage.spec()])
        try stage.until("it listens") { self.stage.heard(.listened(first, self.stage.address())) }
        #expect(try stage.census(3) == ["1": 3])
    }

    @Test func `a filter that was sent and not received is found in its channel`() throws {
        let launch = Launch(spec: stage.spec(), slot: SlotIndex(0), id: SlotID(0), generation: Generation(1))
        _ = launch
        let first = try stage.start(stage.server())
        // Before anything was read from the channel.
        #expect(stage.ports.traps[first]?.channel != nil)
        try stage.restart([first: stage.spec()])
        try stage.until("it listens") { self.stage.heard(.listened(first, self.stage.address())) }
        #expect(try stage.census(3) == ["1": 3])
    }

    @Test func `a socket bound under one daemon is held under the next`() throws {
        let pipe = try DrainingPorts.PipeEnds()
        let script = stage.server().replacing("s.listen(5)", with: "os.read(9, 1); s.listen(5)")
        let first = try stage.start(script) { $0.descriptors.append(.init(pipe.reading.number, as: 9)) }
        try stage.until("it is bound") { stage.ports.traps[first]?.bound.isEmpty == false }
        try stage.until("the call is answered") { stage.ports.traps[first]?.isBusy == false }
        try stage.restart([first: stage.spec()])
        write(pipe.writing.number, "x", 1)
        try stage.until("it listens") { self.stage.heard(.listened(first, self.stage.address())) }
    }

    @Test func `an orphaned queue waits for its heir across daemons`() throws {
        let first = try stage.serve()
        try stage.crash(first)
        let client = try stage.connect()
        try stage.restart([:], dead: [first: stage.spec()])
        _ = try stage.serve(heirOf: first)
        #expect(try stage.answer(client) == "2")
    }

    @Test func `what nobody knows any more is let go`() throws {
        let first = try stage.serve()
        try stage.crash(first)
        try stage.restart([:])
        stage.ports.release(first)
        #expect(stage.safe.keys.sorted() == [InFlight.key, PortsJournal.key])
        #expect(stage.ports.inFlight.remains().isEmpty)
    }
}
