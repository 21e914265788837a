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
    /// Whose it is, or whose it will be: an heir takes over the listeners of the dead before it has them.
    var instance: InstanceID { didSet { noted = nil } }
    /// Whether the main process that listened still lives.
    var hasProgram: Bool { didSet { noted = nil } }
    /// What the journal says of it, made once: it is written with every change of any.
    private var noted: [UInt8]?
    var judge = StuckJudge()
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
            serial: serial, instance: instance, group: group, user: user, hasProgram: hasProgram
        ).line
        noted = line
        return line
    }

    init(
        serial: UInt64, descriptor: SharedDescriptor, group: ListenerGroup.Key, instance: InstanceID,
        hasProgram: Bool = true
    ) {
        self.serial = serial
        self.descriptor = descriptor
        self.group = group
        self.instance = instance
        self.hasProgram = hasProgram
        inode = TCPSocket(descriptor.number).identity.inode
    }
}
