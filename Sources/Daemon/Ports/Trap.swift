internal import Linux
internal import Supervision

/// One instance's filter, from the order to spawn until the last of its processes is gone.
///
/// A class, because calls that wait for the keeper come back to it.
final class Trap {
    let instance: InstanceID
    /// Where the child sends its notify descriptor; nil once that has come.
    var channel: SharedDescriptor?
    var listener: SharedDescriptor?
    var watch: Watch?
    /// Before the supervisor knows of the process, nothing may be said about it.
    var isOpen = false
    /// The call in work; the next one is received only after it is answered.
    var isBusy = false
    /// Its place in the memory of calls taken and not answered.
    let slot: Int
    /// Sockets that were bound for the program, and do not listen yet.
    var bound: [UInt64: BoundAddress] = [:]
    /// Sockets made for the program, where its own may not be borrowed.
    var created: [UInt64: SharedDescriptor] = [:]
    /// A previous daemon knew more: whatever shares a port was bound by it.
    var wasRestored = false

    init(_ instance: InstanceID, slot: Int) {
        self.instance = instance
        self.slot = slot
    }

    var seccomp: SeccompListener? { listener.map { SeccompListener($0.number) } }

    static let boundLimit = 256

    static func channelKey(_ instance: InstanceID) -> String { "filter/\(instance.number)" }
    static func listenerKey(_ instance: InstanceID) -> String { "notify/\(instance.number)" }
}
