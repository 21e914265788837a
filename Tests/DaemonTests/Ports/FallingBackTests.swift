import Glibc
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

/// What happens where the machine does not let us.
@Suite(.serialized) struct FallingBack {
    /// Runs the body on a thread that may not make some calls, as a container's profile would have it.
    private func confined(
        denying calls: [SeccompFilter.DeniedCall], _ body: @escaping @Sendable () throws -> Void
    ) throws {
        let outcome = Outcome()
        let thread = try Linux.Thread.start(name: "confined", stackSize: 8 << 20) {
            outcome.result = Result {
                try SeccompFilter.denying(calls).confineThisThread(forbidsNewPrivileges: geteuid() != 0)
                try body()
            }
        }
        thread.join()
        try outcome.result.get()
    }

    private final class Outcome: @unchecked Sendable {
        var result: Result<Void, any Error> = .success(())
    }

    @Test func `without borrowing, sockets are replaced, and everything else is the same`() throws {
        try confined(denying: [.borrowDescriptor]) { () throws in
            let stage = try PortsStage()
            let first = try stage.serve()
            #expect(stage.ports.standing(of: first)?.tier == .substituted)
            guard case .refused(let reason) = stage.ports.standing(of: first)?.obstacle else {
                Issue.record("no reason")
                return
            }
            #expect(reason.contains("borrow"))
            #expect(stage.sentences.first?.contains("cannot borrow descriptor") == true)
            let second = try stage.serve()
            try stage.steer(to: [second])
            #expect(try stage.census(10) == ["2": 10])
            try stage.steer(to: [first])
            try stage.freeze(first)
            let waiting = try stage.connect()
            try stage.crash(first)
            let heir = try stage.serve(heirOf: first)
            #expect(try stage.answer(waiting) == "3")
            try stage.steer(to: [second, heir])
            #expect(try stage.census(40).keys.sorted() == ["2", "3"])
        }
    }

    @Test func `without borrowing, a polled socket is left alone`() throws {
        try confined(denying: [.borrowDescriptor]) { () throws in
            let stage = try PortsStage()
            let script = """
                import socket, os, select
                s = socket.socket(); e = select.epoll(); e.register(s); s.bind(('127.0.0.1', \(stage.port))); s.listen(5)
                while True:
                    e.poll(); c, _ = s.accept(); c.sendall(b'alone'); c.close()
                """
            let first = try stage.serve(script)
            #expect(stage.heard(.listened(first, nil)))
            #expect(stage.sentences.contains { $0.contains("polls it already") })
            #expect(try stage.census(3) == ["alone": 3])
        }
    }

    @Test func `without filters, declared sockets are passed`() throws {
        try confined(denying: [.newListener]) { () throws in
            let stage = try PortsStage()
            let spec = stage.spec { $0.sockets = [stage.address()] }
            let script = """
                import socket, os
                assert os.environ['LISTEN_PID'] == str(os.getpid()) and os.environ['LISTEN_FDS'] == '1'
                s = socket.socket(fileno=3)
                while True:
                    c, _ = s.accept(); c.sendall(os.environ['NAME'].encode()); c.close()
                """
            let first = try stage.serve(script, spec)
            let standing = try #require(stage.ports.standing(of: first))
            let reason = "cannot install the system call filter: Operation not permitted"
            #expect(standing.tier == .declared && standing.obstacle == .refused(reason))
            #expect(
                stage.sentences == [
                    "listeners of web are passed as LISTEN_FDS instead of being held: "
                        + "cannot install the system call filter: Operation not permitted"
                ])
            let second = try stage.serve(script, spec)
            try stage.steer(to: [second])
            #expect(try stage.census(10) == ["2": 10])
            try stage.steer(to: [first, second])
            try stage.crash(second)
            #expect(try stage.census(10) == ["1": 10])
        }
    }

    @Test func `without anything, programs run as they are, and it is said why`() throws {
        try confined(denying: [.newListener]) { () throws in
            let stage = try PortsStage()
            let first = try stage.start(stage.server())
            try stage.until("it listens") { stage.isListening }
            #expect(try stage.census(3) == ["1": 3])
            let standing = try #require(stage.ports.standing(of: first))
            let reason = "cannot install the system call filter: Operation not permitted"
            #expect(standing.tier == .plain && standing.obstacle == .refused(reason))
            #expect(stage.sentences.first?.contains("listeners of web are not held") == true)
            stage.ports.drain(first)
            #expect(stage.heard(.drained(first)))
        }
    }

    @Test func `a program that was started without a filter is held from its first reload on`() throws {
        let stage = try PortsStage { $0.isPrivileged = false }
        let alone = stage.spec { $0.instances = 1 }
        // As nearly every server does.
        let script = stage.server("127.0.0.1", "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)")
        let first = try stage.start(script, alone)
        #expect(stage.ports.standing(of: first) == PortsSnapshot(tier: .plain, obstacle: .single))
        try stage.until("it listens") { stage.isListening }
        #expect(try stage.census(3) == ["1": 3])
        let second = try stage.start(script, alone)
        try stage.until("the second listens") { stage.heard(.listened(second, stage.address())) }
        #expect(stage.ports.standing(of: second)?.tier == .steered)
        #expect(stage.heard(.listened(first, stage.address())))
        #expect(stage.ports.standing(of: first)?.tier == .steered, "the reload has made us hold it")
        try stage.steer(to: [first])
        #expect(try stage.census(20) == ["1": 20])
        try stage.steer(to: [second])
        #expect(try stage.census(20) == ["2": 20])
    }

    @Test func `what two ask for at the same moment is held once`() throws {
        let stage = try PortsStage { $0.isPrivileged = false }
        let alone = stage.spec { $0.instances = 1 }
        let first = try stage.start(stage.server(), alone)
        try stage.until("it listens") { stage.isListening }
        let listener = try #require(try SocketDiagnostics().listeners(onPort: stage.port).first)
        let owner = try #require(SocketOwner.find(inode: listener.inode))
        let address = BoundAddress(listener.local)
        var answers: [Bool] = []
        for _ in 0..<2 {
            stage.ports.retrofit(first, owner, listener.inode, address) { answers.append($0) }
        }
        try stage.until("both are answered") { answers.count == 2 }
        #expect(answers == [true, true])
        #expect(stage.ports.holdings(of: first).count == 1)
        #expect(stage.facts.count { $0 == .listened(first, stage.address()) } == 1)
    }
}
