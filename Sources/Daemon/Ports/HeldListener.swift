internal import Linux
internal import Supervision

/// A program's listening socket of which the daemon keeps a copy, so that its queue outlives the program.
///
/// A class, because it is one thing that watches, groups and instances refer to.
final class HeldListener {
    /// Never used again, not by a later daemon either.
    let serial: UInt64
    let descriptor: SharedDescriptor
    let inode: UInt64
    let group: ListenerGroup.Key
    /// What a Node worker asked for; nil: a program made it for itself.
    let origin: Origin?
    /// Whose it is, or whose it will be: an heir takes over the listeners of the dead before it has them. True: the
    /// main process that listens still lives.
    private(set) var holders: [InstanceID: Bool] { didSet { noted = nil } }
    /// What the journal says of it, made once: it is written with every change of any.
    private var noted: [UInt8]?
    var judge = StuckJudge() {
        didSet {
            if judge.isStuck != oldValue.isStuck { stuckSince = judge.isStuck ? .now : nil }
        }
    }
    /// Since when its queue is judged not to shrink.
    private(set) var stuckSince: Instant?
    var watch: Watch?
    /// When the queue is looked at next.
    var sampleAt: Instant?
    /// When it was last seen that its program still has it.
    var lookedAt = Instant(nanoseconds: 0)

    var socket: TCPSocket { TCPSocket(descriptor.number) }
    var key: String { HeldListener.key(serial) }

    static func key(_ serial: UInt64) -> String { "listener/\(serial)" }

    func line(user: UInt32) -> [UInt8] {
        if let noted { return noted }
        let line = PortsJournal.Entry(
            serial: serial, holders: holders, group: group, user: user, origin: origin
        ).line
        noted = line
        return line
    }

    init(
        serial: UInt64, descriptor: SharedDescriptor, group: ListenerGroup.Key, holders: [InstanceID: Bool],
        origin: Origin? = nil
    ) {
        precondition(!holders.isEmpty, "a listener is somebody's")
        self.serial = serial
        self.descriptor = descriptor
        self.group = group
        self.holders = holders
        self.origin = origin
        inode = TCPSocket(descriptor.number).identity.inode
    }
}

extension HeldListener {
    /// The daemon made it for Node workers.
    struct Origin: Hashable {
        /// What they call it.
        var key: String
        /// All workers of this generation share it; nil: one worker's own.
        var generation: Generation?
    }

    /// Its holder, or the first of those who share it.
    var instance: InstanceID { holders.keys.min()! }
    var isShared: Bool { origin?.generation != nil }
    var hasProgram: Bool { holders.values.contains(true) }

    func isHeld(by instance: InstanceID) -> Bool { holders[instance] != nil }
    /// Whether this one accepts from it.
    func isServed(by instance: InstanceID) -> Bool { holders[instance] == true }

    func serve(by instance: InstanceID) { holders[instance] = true }

    /// It accepts no more, but what waits here may still be its heir's.
    func rest(of instance: InstanceID) {
        if holders[instance] != nil { holders[instance] = false }
    }

    /// It will serve, once it says so.
    func expect(_ instance: InstanceID) {
        if holders[instance] == nil { holders[instance] = false }
    }

    func pass(from old: InstanceID, to new: InstanceID) {
        holders[old] = nil
        holders[new] = false
    }

    /// False: nobody else has it, so it must end.
    func leave(_ instance: InstanceID) -> Bool {
        guard holders.keys.contains(where: { $0 != instance }) else { return false }
        holders[instance] = nil
        return true
    }
}
