import Linux
import Supervision
import Testing

@testable import Daemon

/// The pure parts: addresses, positions, queues, tiers, the journal.
struct DecidingAboutPorts {
    private func bound(_ host: String, _ port: UInt16 = 80, onlyV6: Bool = false) throws -> BoundAddress {
        BoundAddress(try #require(SocketAddress(text: host, port: port)), onlyV6: onlyV6)
    }

    @Test(arguments: [
        ("0.0.0.0", "127.0.0.1", true), ("127.0.0.1", "127.0.0.1", true), ("127.0.0.1", "127.0.0.2", false),
        ("::", "127.0.0.1", true), ("::", "0.0.0.0", true), ("::", "::1", true), ("::1", "::2", false),
        ("::1", "0.0.0.0", false), ("::ffff:127.0.0.1", "127.0.0.1", true),
        ("::ffff:127.0.0.1", "127.0.0.2", false), ("::ffff:1.2.3.4", "0.0.0.0", true),
    ])
    func `addresses overlap as the kernel sees it, either way round`(
        _ left: String, _ right: String, _ expected: Bool
    ) throws {
        #expect(try bound(left).overlaps(bound(right)) == expected)
        #expect(try bound(right).overlaps(bound(left)) == expected)
        #expect(try !bound(left).overlaps(bound(right, 81)))
    }

    @Test func `IPv6 alone leaves IPv4 to others`() throws {
        let alone = try bound("::", onlyV6: true)
        #expect(try !alone.overlaps(bound("0.0.0.0")) && alone.overlaps(bound("::1")))
        #expect(try !bound("1.2.3.4").overlaps(alone))
        #expect(try bound("1.2.3.4", onlyV6: true) == bound("1.2.3.4"))
    }

    @Test func `positions follow the kernel when members go`() throws {
        var group = ListenerGroup(ListenerGroup.Key(app: AppName("a"), address: try bound("::")), user: 0)
        for serial in 1...4 as ClosedRange<UInt64> { group.append(serial) }
        #expect(group.unsettled(by: 2) == [2, 4])
        group.remove(2)
        #expect(group.order == [1, 4, 3])
        group.remove(3)
        #expect(group.order == [1, 4])
        #expect(group.unsettled(by: 4) == [4])
        group.remove(9)
        #expect(group.order == [1, 4])
        let program = group.program(weights: [4: 1], sources: [:], by: .random)
        #expect(program?.instructions == [FilterInstruction(0x06, 1)])
        #expect(group.program(weights: [:], sources: [:], by: .ip) == nil)
    }

    /// Lets it look as often as it likes at a queue whose length changes at these times.
    private func judged(_ changes: [(Int64, UInt32)], until end: Int64, patience: Duration = .seconds(1))
        -> StuckJudge
    {
        var judge = StuckJudge()
        func length(at now: Int64) -> UInt32 { changes.last { $0.0 <= now }?.1 ?? 0 }
        judge.stir(length(at: 0), at: Instant(nanoseconds: 0))
        var next: Instant? = Instant(nanoseconds: 0) + .milliseconds(250)
        while let now = next, now.nanoseconds <= end * 1_000_000 {
            next = judge.sample(length(at: now.nanoseconds / 1_000_000), at: now, patience: patience)
        }
        return judge
    }

    @Test func `a queue that does not shrink for a second is stuck, to the millisecond`() {
        #expect(!judged([(0, 1)], until: 999).isStuck)
        #expect(judged([(0, 1)], until: 1000).isStuck)
        #expect(judged([(0, 1), (400, 3), (900, 9)], until: 1000).isStuck)
    }

    @Test func `whoever moves is not stuck, and not any more`() {
        #expect(!judged([(0, 3), (940, 2)], until: 1900).isStuck)
        #expect(!judged([(0, 5), (1100, 4)], until: 1600).isStuck)
        #expect(!judged([(0, 1), (1100, 0)], until: 1600).isStuck)
        #expect(judged([(0, 5), (1100, 4)], until: 2600).isStuck)
        // It took one every 100 ms, and more came.
        let busy = (0..<40).map { (Int64($0) * 50, UInt32($0 % 2 == 0 ? 10 : 9)) }
        #expect(!judged(busy, until: 2000).isStuck)
    }

    @Test func `it is looked at more closely the nearer a judgement is`() {
        var judge = StuckJudge()
        judge.stir(1, at: Instant(nanoseconds: 0))
        var looks: [Int64] = []
        var next: Instant? = Instant(nanoseconds: 250_000_000)
        while let now = next, !judge.isStuck {
            looks.append(now.nanoseconds / 1_000_000)
            next = judge.sample(1, at: now, patience: .seconds(1))
        }
        #expect(looks.first == 250 && looks.last == 1000 && looks.count > StuckJudge.looks, "\(looks)")
    }

    @Test func `patience can be another, or endless`() {
        #expect(judged([(0, 1)], until: 5000, patience: .seconds(5)).isStuck)
        #expect(!judged([(0, 1)], until: 4999, patience: .seconds(5)).isStuck)
        #expect(judged([(0, 1)], until: 300, patience: .milliseconds(100)).isStuck)
        #expect(!judged([(0, 1)], until: 100_000, patience: .zero).isStuck)
    }

    @Test func `an empty queue is not looked at again`() {
        var judge = StuckJudge()
        judge.stir(1, at: Instant(nanoseconds: 0))
        #expect(judge.sample(0, at: Instant(nanoseconds: 1), patience: .seconds(1)) == nil)
    }

    private func abilities(_ refusal: String? = nil, privileged: Bool) -> PortsAbilities {
        PortsAbilities(
            filterRefusal: refusal, isPrivileged: privileged, bindsLowPorts: privileged,
            changesOwners: privileged, firstUnprivilegedPort: 1024)
    }

    private func tier(
        _ abilities: PortsAbilities, besideAnother: Bool = false, _ change: (inout AppSpec) -> Void = { _ in }
    ) -> PortsTier {
        var spec = AppSpec(name: AppName("a"), script: "x", workingDirectory: "/")
        change(&spec)
        return abilities.tier(for: spec, besideAnother: besideAnother).tier
    }

    @Test func `root always filters, others where it is worth it or asked for`() {
        #expect(tier(abilities(privileged: true)) == .hold)
        #expect(tier(abilities(privileged: true)) { $0.zeroDowntime = false } == .plain)
        #expect(tier(abilities(privileged: false)) == .plain)
        #expect(tier(abilities(privileged: false)) { $0.instances = 2 } == .hold)
        #expect(tier(abilities(privileged: false)) { $0.zeroDowntime = true } == .hold)
        #expect(tier(abilities(privileged: false), besideAnother: true) == .hold)
    }

    @Test func `a refusal is named, and declared sockets are the way out`() {
        var spec = AppSpec(name: AppName("a"), script: "x", workingDirectory: "/")
        let poor = abilities("cannot install it: No", privileged: true)
        let (tier, complaint) = poor.tier(for: spec, besideAnother: false)
        #expect(tier == .plain && complaint?.contains("cannot install it: No") == true)
        spec.sockets = [ListenAddress(host: "::", port: 80)]
        #expect(poor.tier(for: spec, besideAnother: false).tier == .sockets)
    }

    @Test func `the journal gives back what was written, the page before if need be`() throws {
        let file = SharedDescriptor(try PortsJournal.create())
        #expect(try PortsJournal(file).read() == nil)
        let key = ListenerGroup.Key(app: AppName("web site", in: "prod"), address: try bound("fe80::1", 8080))
        let entries = (1...3).map { number in
            PortsJournal.Entry(
                serial: number, holders: [InstanceID(number * 7): number != 2], group: key, user: 1001,
                origin: number == 3
                    ? HeldListener.Origin(key: "null:0:4:-1:2", generation: Generation(2)) : nil)
        }
        let journal = PortsJournal(file)
        try journal.write(entries[0].line, nextSerial: 2)
        try journal.write(entries.flatMap(\.line), nextSerial: 4)
        let found = try #require(try PortsJournal(file).read())
        #expect(found.entries == entries && found.nextSerial == 4)
        try journal.write([], nextSerial: 9)
        #expect(try PortsJournal(file).read()?.entries == [])
    }

    @Test func `calls in flight are found with their instances`() throws {
        let file = try InFlight.create()
        let first = try InFlight(file)
        let slot = try #require(first.claim(for: InstanceID(5)))
        let again = try InFlight(file)
        #expect(again.remains()[InstanceID(5)]?.slot == slot)
        #expect(again.remains()[InstanceID(5)]?.call == nil)
        #expect(again.claim(for: InstanceID(6)) != slot)
        again.giveBack(slot)
        #expect(again.remains().keys.sorted() == [InstanceID(6)])
    }
}
