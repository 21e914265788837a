import Keeper
import Linux
import Supervision
import Support
import Testing

@testable import Daemon

@Suite struct Keeping {
    @Test func `what was deposited outlives the daemon, also when it was deposited at the last moment`()
        throws
    {
        try withKeeper { keeper in
            let first = try keeper.next()
            for number in 0..<50 {
                let file = SharedDescriptor(try MemoryFile.sealed("x", [UInt8(number)]))
                first.link.deposit(key: "file/\(number)", file)
            }
            let other = SharedDescriptor(try MemoryFile.sealed("x", [77]))
            first.link.deposit(key: "file/7", other)
            first.link.withdraw(key: "file/3")
            first.link.withdraw(prefix: "file/4")
            let manifest = try keeper.replace(first).link.manifest()
            #expect(manifest.held.count == 50 - 1 - 11)
            #expect(try manifest.held["file/7"]?.descriptor.contents() == [77])
            #expect(try manifest.held["file/30"]?.descriptor.contents() == [30])
            #expect(manifest.held["file/3"] == nil)
        }
    }

    @Test func `an end is told to every daemon until one acknowledges it`() throws {
        try withKeeper(daemon: ["--fork", "2"]) { keeper in
            let first = try keeper.next()
            try eventually("two children") { ProcFS.children(of: first.process).count == 2 }
            let orphans = ProcFS.children(of: first.process).sorted()
            let second = try keeper.replace(first)
            #expect(try second.link.manifest().children.sorted() == orphans)
            var told: [ReapedProcess] = []
            second.link.onExit = { told.append($0) }
            for orphan in orphans { try Signals.send(Signals.kill, to: orphan) }
            try hear(second.link, "two ends") { told.count == 2 }
            #expect(told.map(\.reaped.process).sorted() == orphans)
            #expect(told.allSatisfy { $0.reaped.end == .signal(Signals.kill) })
            #expect(
                told.allSatisfy {
                    abs($0.at - Clock.monotonic()) < 60_000_000_000 && $0.reaped.peakMemory > 0
                })
            second.link.acknowledge(orphans[0])
            let third = try keeper.replace(second)
            #expect(try third.link.manifest().exits.map(\.reaped.process) == [orphans[1]])
            third.link.acknowledge(orphans[1])
            #expect(try keeper.replace(third).link.manifest().exits.isEmpty)
        }
    }

    @Test func `an end is acknowledged when it is told with its last words, and not before`() throws {
        try withKeeper(daemon: ["--fork", "1"]) { keeper in
            let first = try keeper.next()
            try eventually("a child") { ProcFS.children(of: first.process).count == 1 }
            let orphan = ProcFS.children(of: first.process)[0]
            let second = try keeper.replace(first)
            _ = try second.link.manifest()
            var told: [ReapedProcess] = []
            second.link.onExit = { told.append($0) }
            try Signals.send(Signals.kill, to: orphan)
            try hear(second.link, "its end") { told.count == 1 }
            var exits = Exits()
            exits.begin(InstanceID(1), told[0].exit, told[0], at: .now)
            exits.acknowledge(to: second.link)
            let third = try keeper.replace(second)
            #expect(try third.link.manifest().exits.map(\.reaped.process) == [orphan])
            #expect(exits.end(InstanceID(1), lastWords: ["farewell"])?.lastWords == ["farewell"])
            exits.acknowledge(to: third.link)
            #expect(try keeper.replace(third).link.manifest().exits.isEmpty)
        }
    }

    @Test func `it lends descriptors and memory of other processes, and says what stands in the way`() throws
    {
        try withKeeper { keeper in
            let stage = try keeper.next()
            let file = SharedDescriptor(try MemoryFile.sealed("lent", [1, 2, 3]))
            let words: [UInt8] = Array("to be read from afar".utf8)
            var outcomes: [KeeperLink.BorrowOutcome] = []
            words.withUnsafeBytes { bytes in
                let address = UInt64(UInt(bitPattern: bytes.baseAddress))
                let own = ThisProcess.identifier
                stage.link.borrow(process: own, descriptor: file.number, memory: (address, bytes.count)) {
                    outcomes.append($0)
                }
                stage.link.borrow(process: own, descriptor: 9999) { outcomes.append($0) }
                stage.link.borrow(process: 0x3fff_ffff, descriptor: 0) { outcomes.append($0) }
                stage.link.borrow(process: own, descriptor: file.number, memory: (16, 8)) {
                    outcomes.append($0)
                }
            }
            try hear(stage.link, "four answers") { outcomes.count == 4 }
            _ = words
            let borrowed = try outcomes[0].get()
            #expect(try borrowed.descriptor.descriptor.contents() == [1, 2, 3])
            #expect(borrowed.memory == words)
            for (outcome, reason) in zip(
                outcomes.dropFirst(), ["Bad file descriptor", "No such process", ""])
            {
                #expect { _ = try outcome.get() } throws: { "\($0)".contains(reason) }
            }
        }
    }

    @Test func `a thread is as good as its process`() throws {
        try withKeeper { keeper in
            let stage = try keeper.next()
            let numbers = try Mailbox<Int32>()
            let release = try Wakeup()
            let bell = SharedDescriptor(try release.descriptor.duplicate())
            let thread = try Thread.start(name: "lender") {
                numbers.send(ThisProcess.thread)
                while (try? bell.descriptor.read(atMost: 8)) == .some(.none) { pause() }
            }
            let number = try eventually("the thread's number") { numbers.take().first }
            #expect(number != ThisProcess.identifier)
            var outcome: KeeperLink.BorrowOutcome?
            stage.link.borrow(process: number, descriptor: bell.number) { outcome = $0 }
            try hear(stage.link, "an answer") { outcome != nil }
            release.ring()
            thread.join()
            #expect(throws: Never.self) { try outcome?.get() }
        }
    }

    @Test func `it ends with its daemon when the daemon says so, and all is well`() throws {
        try withKeeper { keeper in
            let stage = try keeper.next()
            stage.link.quit()
            try hear(stage.link, "the acknowledgement") { stage.link.isQuitting }
            // However it ends after that: a service manager must not bring back what was to end.
            try Signals.send(Signals.terminate, to: stage.process)
            #expect(try keeper.running.wait().code == 0)
        }
    }

    @Test func `told to terminate it passes that on, and starts no further daemon`() throws {
        try withKeeper { keeper in
            let stage = try keeper.next()
            keeper.running.send(Signals.terminate)
            #expect(try keeper.running.wait().code == 128 + Signals.terminate)
            #expect(ProcFS.status(of: stage.process) == nil)
        }
    }

    @Test func `one home has one keeper`() throws {
        try withKeeper { keeper in
            let stage = try keeper.next()
            let other = Command(Programs.puppet, ["--keep", keeper.scratch.path, "--", Programs.puppet])
            #expect(try other.run().code == KeeperConfiguration.alreadyRunning)
            // The daemon's copy of the lock keeps others away when the keeper is gone.
            keeper.running.send(Signals.kill)
            _ = try keeper.running.wait()
            #expect(try !File.open(keeper.scratch.path("lock"), .readAndWrite).lock())
            try Signals.send(Signals.kill, to: stage.process)
        }
    }

    @Test func `a daemon that will not start is given up, one with something to keep is not`() throws {
        let scratch = Scratch()
        let hopeless = Command(
            Programs.puppet,
            ["--keep", scratch.path, "--", Programs.puppet, "--exit-after", "0", "--code", "3"])
        #expect(try hopeless.run().code == 3)
        try withKeeper(daemon: ["--exit-after", "300ms", "--code", "3"]) { keeper in
            let first = try keeper.next()
            let file = SharedDescriptor(try MemoryFile.create("x"))
            first.link.deposit(key: "something", file)
            #expect(try keeper.next().process != first.process)
            let log = try eventually("a word about it") { readFile(keeper.scratch.path("daemon.log")) }
            #expect(log.contains("keeper: the daemon exited with code 3; starting it again"))
        }
    }

    @Test func `a lost keeper is noticed, and everything asked of it fails`() throws {
        try withKeeper { keeper in
            let stage = try keeper.next()
            var (isLost, outcome): (Bool, KeeperLink.BorrowOutcome?) = (false, nil)
            stage.link.onLost = { isLost = true }
            keeper.running.send(Signals.stop)
            stage.link.borrow(process: ThisProcess.identifier, descriptor: 0) { outcome = $0 }
            keeper.running.send(Signals.kill)
            try hear(stage.link, "the loss") { isLost }
            #expect { _ = try outcome?.get() } throws: { $0 is SystemError }
            try Signals.send(Signals.kill, to: stage.process)
        }
    }

    @Test func `a full link makes nothing wait and loses nothing`() throws {
        try withKeeper { keeper in
            let stage = try keeper.next()
            _ = try stage.link.manifest()
            keeper.running.send(Signals.stop)
            let file = SharedDescriptor(try MemoryFile.create("x"))
            for number in 0..<2000 { stage.link.withdraw(key: "none/\(number)") }
            stage.link.deposit(key: "last", file)
            keeper.running.send(Signals.continue)
            #expect(try stage.link.manifest().held.keys.sorted() == ["last"])
        }
    }

    @Test func `what it has no room for is refused by name`() throws {
        try withKeeper(limits: "ulimit -n 32") { keeper in
            let stage = try keeper.next()
            var refused: [String] = []
            stage.link.onRefusal = { key, _ in refused.append(key) }
            let file = SharedDescriptor(try MemoryFile.create("x"))
            for number in 0..<40 { stage.link.deposit(key: "\(number)", file) }
            try hear(stage.link, "a refusal") { refused.contains("39") }
            #expect(try stage.link.manifest().held.count == 40 - refused.count)
        }
    }

    @Test func `under a watchdog answers are passed on, and a silent daemon is ended and replaced`() throws {
        let manager = try WatchdogManager()
        // Swift's own backtraces take their time, and are another program's affair.
        let environment = [
            "NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "4000000", "SWIFT_BACKTRACE": "enable=no",
        ]
        try withKeeper(environment: environment) { keeper in
            let first = try keeper.next()
            var signs = 0
            try hear(first.link, "two signs of life") {
                signs += try manager.signs()
                return signs >= 2
            }
            // From now on nobody reads what it is asked.
            let second = try keeper.next()
            #expect(second.process != first.process)
            let log = try #require(readFile(keeper.scratch.path("daemon.log")))
            #expect(log.contains("the daemon (process \(first.process)) does not answer; it is ended"))
            #expect(log.contains("the daemon was ended by signal 6; starting it again"))
            try hear(second.link, "a sign of life of another") { try manager.signs() > 0 }
        }
    }

    /// Long enough for others to have a turn.
    private func pause() { _ = try? Poller().wait(atMost: .milliseconds(5)) }

    private func withKeeper(
        daemon orders: [String] = [], limits: String? = nil, environment: [String: String] = [:],
        _ body: (StagedKeeper) throws -> Void
    ) throws {
        let keeper = try StagedKeeper(daemon: orders, limits: limits, environment: environment)
        defer { #expect(throws: Never.self) { try keeper.end() } }
        try body(keeper)
    }
}
