internal import Linux
internal import Supervision

/// Holds the programs' listeners and steers connections among them.
///
/// Programs bind and listen as they always do; those two calls wait until they are carried out here, on the
/// program's own socket. What the daemon keeps is a copy of each listening socket: hence the accept queue
/// survives the program, a program that listens is known to be ready, and one program attached to all the sockets
/// of an address says who gets the next connection.
///
/// A class, because the loop's watches lead back to it.
final class Ports {
    let watches: Watches
    let safe: PortsSafe
    var report: (Event) -> Void = { _ in }
    /// For the daemon's log.
    var tell: (String) -> Void
    let abilities: PortsAbilities
    let diagnostics: SocketDiagnostics
    let inFlight: InFlight
    let journal: PortsJournal
    /// Has a Node worker close what it was lent.
    var recall: (InstanceID) -> Void = { _ in }
    /// Every process of an instance.
    var family: (InstanceID) -> [Int32]
    /// The same for many, from one look.
    var families: () -> (InstanceID) -> [Int32]

    var tenants: [InstanceID: Tenant] = [:]
    var traps: [InstanceID: Trap] = [:]
    /// By serial number.
    var listeners: [UInt64: HeldListener] = [:]
    /// Serial numbers by the kernel's number for the socket.
    var serials: [UInt64: UInt64] = [:]
    var groups: [ListenerGroup.Key: ListenerGroup] = [:]
    /// Who gets new connections, and with what weight, as the supervisor said last.
    var rotations: [AppName: [InstanceID: Int]] = [:]
    /// Groups whose program was attached once.
    var steered: Set<ListenerGroup.Key> = []
    /// To whom the program of a group sends.
    var lastReceivers: [ListenerGroup.Key: [UInt64: Int]] = [:]
    /// Groups too large for a program that knows addresses.
    var unaddressed: Set<ListenerGroup.Key> = []
    /// Groups that somebody joined: told to the kernel together, at the next turn of the loop.
    var joined: Set<ListenerGroup.Key> = []
    var drains: [InstanceID: Drain] = [:]
    /// Drains that were ordered in this turn of the loop.
    var beginning: [InstanceID] = []
    /// Those of them that are not to wait for requests in work.
    var hurried: Set<InstanceID> = []
    /// Those that are to say themselves when connections by paths are done.
    var apart: [InstanceID: Apart] = [:]
    let lookCosts = LookCosts()
    /// The last count of connections, and when it was made.
    var counted: (standings: [InstanceID: PortsSnapshot], at: Instant)?
    /// What workers were lent and nobody steers, by serial number.
    var sockets: [UInt64: LentSocket] = [:]
    var nextSerial: UInt64 = 1
    /// What was said once is not said again.
    private var complaints: Set<String> = []
    static let complaintLimit = 1000

    /// One instance, as far as its ports are concerned.
    struct Tenant {
        let shared: SharedSpec
        var slot: SlotIndex
        var tier: PortsTier
        var generation: Generation
        var process: ProcessID?
        var hasEnded = false
        /// It took over the listeners of a dead one.
        var hasEstate = false
        /// What the machine did not let us do for it, in the kernel's words.
        var refusal: String?
        /// Why it could not have an address, and when that was.
        var obstacle: (sentence: String, at: Instant)?
        /// As the supervisor was told last.
        var isStuck = false

        var spec: AppSpec { shared.spec }
        var app: AppName { shared.spec.name }
    }

    /// `memory` is what the keeper has of a previous daemon's, under `InFlight.key` and `PortsJournal.key`.
    init(
        watches: Watches, safe: PortsSafe, abilities: PortsAbilities, memory: PortsMemory,
        tell: @escaping (String) -> Void
    ) throws(SystemError) {
        self.watches = watches
        self.safe = safe
        self.abilities = abilities
        self.tell = tell
        diagnostics = try SocketDiagnostics()
        inFlight = try InFlight(memory.calls.descriptor)
        journal = PortsJournal(memory.journal)
        family = { _ in [] }
        families = { { _ in [] } }
        families = { [unowned self] in family }
        family = { [unowned self] instance in
            guard let tenant = tenants[instance], !tenant.hasEnded, let main = tenant.process else {
                return []
            }
            return [main.number] + ProcFS.descendants(of: main.number)
        }
    }

    func complain(_ text: String) {
        if complaints.count >= Self.complaintLimit { complaints.removeAll() }
        if complaints.insert(text).inserted { tell(text) }
    }

    /// What an instance holds, in the order it began to listen.
    func holdings(of instance: InstanceID) -> [HeldListener] {
        listeners.values.filter { $0.isHeld(by: instance) }.sorted { $0.serial < $1.serial }
    }

    func listener(withInode inode: UInt64) -> HeldListener? {
        serials[inode].flatMap { listeners[$0] }
    }

    /// Notes the state for a next daemon.
    func note() {
        var lines: [UInt8] = []
        for group in groups.values {
            for serial in group.order {
                if let listener = listeners[serial] { lines += listener.line(user: group.user) }
            }
        }
        for socket in sockets.values { lines += socket.line }
        do throws(SystemError) {
            try journal.write(lines, nextSerial: nextSerial)
        } catch {
            complain(
                "\(error): after a crash of the daemon connections would be spread by the kernel's own choice"
            )
        }
    }
}

/// What all instances of one version run. A class, because a hundred of them would be a hundred times its size.
final class SharedSpec: Sendable {
    let spec: AppSpec

    init(_ spec: AppSpec) { self.spec = spec }
}

extension Ports {
    /// As another instance has it already, if one does.
    func shared(_ spec: AppSpec, _ generation: Generation) -> SharedSpec {
        let known = tenants.values.first { $0.generation == generation && $0.app == spec.name }?.shared
        return known.flatMap { $0.spec == spec ? $0 : nil } ?? SharedSpec(spec)
    }
}

/// Memory that the keeper holds too.
struct PortsMemory {
    var calls: SharedDescriptor
    var journal: SharedDescriptor

    /// Of a previous daemon, or new, and then deposited.
    init(found: [String: SharedDescriptor], safe: PortsSafe) throws(SystemError) {
        if let calls = found[InFlight.key] {
            self.calls = calls
        } else {
            calls = SharedDescriptor(try InFlight.create())
            safe.deposit(InFlight.key, calls)
        }
        if let journal = found[PortsJournal.key] {
            self.journal = journal
        } else {
            journal = SharedDescriptor(try PortsJournal.create())
            safe.deposit(PortsJournal.key, journal)
        }
    }
}
