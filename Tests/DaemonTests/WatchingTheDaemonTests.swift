import Linux
import Testing

@testable import Keeper

/// What the keeper of a service does about a daemon that is silent. Times are seconds; the manager waits for eight.
@Suite struct WatchingTheDaemon {
    private let manager: WatchdogManager

    init() throws { manager = try WatchdogManager() }

    private func service(watchdog: String?) throws -> Service {
        var environment = ["NOTIFY_SOCKET": manager.address]
        environment["WATCHDOG_USEC"] = watchdog
        return try #require(Service(ServiceManager(environment: environment, process: 1), at: 0))
    }

    private func at(_ seconds: Int64) -> Int64 { seconds * 1_000_000_000 }

    @Test func `answers are passed on, and silence is ended in time for another daemon to answer`() throws {
        var service = try service(watchdog: "8000000")
        #expect(service.deadlinePassed(at: at(1)) == nil)
        #expect(service.deadlinePassed(at: at(2)) == .ask)
        #expect(try manager.signs() == 0)
        service.daemonAnswered(at: at(2))
        #expect(try manager.signs() == 1)
        #expect(service.deadline == at(4))
        let orders: [(Int64, Service.Order)] = [(4, .ask), (5, .ask), (6, .ask), (7, .abort), (8, .kill)]
        for (time, order) in orders {
            #expect(service.deadline == at(time))
            #expect(service.deadlinePassed(at: at(time)) == order)
        }
        // Who cannot be killed at once is killed again.
        #expect(service.deadlinePassed(at: at(9)) == .kill)
        #expect(try manager.signs() == 0)
        service.daemonStarted()
        #expect(service.deadlinePassed(at: at(10)) == .ask)
        service.daemonAnswered(at: at(10))
        #expect(try manager.signs() == 1)
    }

    @Test func `a daemon that nobody could ask is not ended`() throws {
        var service = try service(watchdog: "8000000")
        for night in 1...5 as ClosedRange<Int64> {
            #expect(service.deadlinePassed(at: at(night * 1000)) == .ask)
            service.daemonAnswered(at: at(night * 1000))
        }
    }

    @Test func `without a watchdog nobody is asked and nothing wakes`() throws {
        var service = try service(watchdog: nil)
        #expect(service.deadline == nil)
        #expect(service.deadlinePassed(at: .max) == nil)
        service.stopping(at: 0)
        #expect(service.deadline == at(10))
        #expect(service.deadlinePassed(at: at(10)) == nil)
        #expect(try manager.signs() == 0)
    }
}

/// Plays a service manager that counts signs of life.
final class WatchdogManager {
    private let socket: SharedDescriptor
    /// For `NOTIFY_SOCKET`.
    let address: String

    init() throws {
        let name = "swpm-test/watching/\(ThisProcess.identifier)/\(Int64.random(in: 0...Int64.max))"
        socket = SharedDescriptor(try DatagramSocket.bind(abstract: name))
        address = "@\(name)"
    }

    /// How many have come since this was asked last.
    func signs() throws -> Int {
        var count = 0
        while let datagram = try socket.descriptor.receiveDatagram(atMost: 4096) {
            if datagram.bytes == Array("WATCHDOG=1".utf8) { count += 1 }
        }
        return count
    }
}
