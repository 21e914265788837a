import Linux
import Testing

@testable import Keeper

@Suite struct KeepingPackets {
    static let requests: [KeeperRequest] = [
        .deposit(key: "log/1/out"), .deposit(key: ""), .withdraw(key: String(repeating: "k", count: 200)),
        .withdrawAll(prefix: "log/"), .acknowledge(process: -1), .list, .quit, .update, .well,
        .borrow(Loan(ticket: .max, process: 1, descriptor: 2, address: 0xffff_ffff_ffff, length: 128)),
    ]
    static let reports: [KeeperReport] = [
        .exited(
            ReapedProcess(
                Reaped(
                    process: 7, end: .code(3), processorTime: .microseconds(1_234_567), peakMemory: 1 << 40),
                at: 99)),
        .exited(ReapedProcess(Reaped(process: 7, end: .signal(9)), at: .max)),
        .lent(ticket: 5, memory: [1, 2, 3]), .notLent(ticket: 5, code: 9), .held(key: "schlüssel"),
        .children([1, 2, 3]), .children([]), .listed, .refused(key: "k", code: 24), .quitting,
        .makeWay, .areYouWell, .daemonsDied(count: 3, last: .max), .updateEnded(reason: ""),
        .updateEnded(reason: "it hangs"),
    ]

    @Test(arguments: requests) func `a request is what it was when it arrives`(request: KeeperRequest) {
        #expect(KeeperRequest(decoding: request.encoded()) == request)
        #expect(request.encoded().count <= KeeperRequest.packetLimit)
    }

    @Test(arguments: reports) func `a report is what it was when it arrives`(report: KeeperReport) {
        #expect(KeeperReport(decoding: report.encoded()) == report)
    }

    @Test func `what a keeper leaves to the program it becomes arrives, also when more is said`() {
        let exit = ReapedProcess(Reaped(process: 7, end: .signal(9), peakMemory: 1 << 40), at: 99)
        let handover = Handover(
            lock: 4, openFiles: ResourceLimit(.openFiles, soft: 1024, hard: .max),
            deposits: [.init("log/1/out", 9), .init("", 10)], exits: [exit, exit])
        let bytes = handover.encoded()
        #expect(Handover(decoding: bytes) == handover)
        // A later version may add what this one ignores.
        #expect(Handover(decoding: bytes + [1, 2, 3]) == handover)
        for length in 0..<bytes.count { #expect(Handover(decoding: Array(bytes.prefix(length))) == nil) }
        #expect(Handover(decoding: [Handover.version + 1] + bytes.dropFirst()) == nil)
    }

    @Test func `a keeper knows what it was from its command line`() {
        for resumption in [
            Resumption(handover: 7, previous: 9), Resumption(handover: 7, reason: "its daemon hangs"),
            Resumption(handover: 7),
        ] {
            #expect(Resumption(Array(resumption.arguments.dropFirst())) == resumption)
        }
        for other in [[], ["--ready", "3"], ["--resume", "x", "none", ""], ["--resume", "3"]] {
            #expect(Resumption(other) == nil)
        }
    }

    @Test func `only a rehearsal that says so can take over`() {
        func objection(_ end: Reaped.End, _ said: String) -> String? {
            Rehearsed.objection(end, Array(said.utf8))
        }
        #expect(objection(.code(0), Rehearsed.sentence(version: "1.2.3") + "\n") == nil)
        #expect(objection(.code(0), "") == "it is not swpm")
        #expect(objection(.code(0), "hello\n") == "it is not swpm")
        #expect(
            objection(.code(Rehearsed.objects), "noise\n\(Rehearsed.prefix)no such state\n")
                == "no such state")
        #expect(
            objection(.code(65), "usage: ls") == "it is not swpm, or does not work: it exited with code 65")
        #expect(
            objection(.signal(11), "") == "it is not swpm, or does not work: it was ended by signal 11")
    }

    @Test func `what was cut or lengthened is nothing`() {
        for request in KeepingPackets.requests {
            let bytes = request.encoded()
            for length in 0..<bytes.count {
                #expect(KeeperRequest(decoding: Array(bytes.prefix(length))) == nil)
            }
            #expect(KeeperRequest(decoding: bytes + [0]) == nil)
        }
        for report in KeepingPackets.reports {
            guard report.encoded().first != 5 else { continue }
            for length in 0..<report.encoded().count {
                #expect(KeeperReport(decoding: Array(report.encoded().prefix(length))) == nil)
            }
        }
    }

    @Test func `hostile bytes are refused, never believed`() {
        var random = SplitMix(state: 42)
        for _ in 0..<20_000 {
            let bytes = (0..<Int(random.next() % 40)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if let request = KeeperRequest(decoding: bytes) { #expect(request.encoded() == bytes) }
            _ = KeeperReport(decoding: bytes)
        }
        #expect(KeeperRequest(decoding: [1, 201, 0] + [UInt8](repeating: 0x61, count: 201)) == nil)
        #expect(KeeperRequest(decoding: [1, 2, 0, 0xff, 0xff]) == nil)
        let greedy = Loan(ticket: 1, process: 1, descriptor: 1, address: 1, length: 128)
        var bytes = KeeperRequest.borrow(greedy).encoded()
        bytes[bytes.count - 2] = 129
        #expect(KeeperRequest(decoding: bytes) == nil)
    }

    @Test func `the first short life costs no pause, the next ones ever more`() {
        var daemon = DaemonProcess(at: 0)
        var now: Int64 = 0
        var pauses: [Int64] = []
        for _ in 0..<10 {
            daemon.started(1, at: now)
            daemon.ended(at: now + 1000)
            pauses.append((daemon.startsAt! - now - 1000) / 1_000_000)
            now = daemon.startsAt!
        }
        #expect(pauses == [0, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
        daemon.started(1, at: now)
        daemon.ended(at: now + 6_000_000_000)
        #expect(daemon.startsAt == now + 6_000_000_000)
    }

    @Test func `the daemon learns nothing of who called`() {
        let environment = [
            "PATH=/bin", "SWPM_ID=x", "NODE_CHANNEL_FD=3", "NODE_UNIQUE_ID=1", "SWPM_HOME=/other",
        ]
        #expect(KeeperConfiguration.scrubbed(environment, home: "/h") == ["PATH=/bin", "SWPM_HOME=/h"])
    }

    @Test func `the oldest ends give way when nobody ever acknowledges`() {
        var exits = UnacknowledgedExits()
        for number in 0...UnacknowledgedExits.limit {
            exits.add(ReapedProcess(Reaped(process: Int32(number), end: .code(0)), at: 0))
        }
        #expect(exits.all.count == UnacknowledgedExits.limit)
        #expect(exits.next?.reaped.process == 1)
    }

    /// Numbers that look random and are the same each time.
    private struct SplitMix {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }
}
