internal import Linux
internal import Supervision

/// What instances have left behind, from one look at the keeper's children.
///
/// Whatever loses its parent becomes a child of the keeper, which is everybody's reaper; so nobody else's children
/// need to be looked at, and normally they are the main processes we know. A process belongs to an instance by its
/// session or group, whose number outlives their leader; else by the marker, which survives setsid(2); else, for a
/// program that has overwritten that as well, by a listener that is nobody else's. When a keeper was killed its
/// children became somebody else's, and everybody has to be looked at.
struct Orphans {
    /// A process, and what tells it from a later one of the same number.
    struct Member: Hashable {
        let process: Int32
        let startTime: UInt64

        init?(_ process: Int32) {
            guard let status = ProcFS.status(of: process), !status.isZombie else { return nil }
            self.init(process, status)
        }

        fileprivate init(_ process: Int32, _ status: ProcessStatus) {
            self.process = process
            startTime = status.startTime
        }
    }

    private var heads: [InstanceID: [Member]] = [:]

    /// One list is not to be believed while processes end: who is found dead has handed its children on after they
    /// were listed, and the list itself may skip somebody. So it is read until it says the same twice.
    init(of keeper: Int32, everywhere: Bool, _ processes: ProcessTable, _ home: Home, _ ports: Ports) {
        var seen: Set<Int32> = []
        var last: Set<Int32>?
        for _ in 0..<Orphans.lists {
            let all = everywhere ? ProcFS.processes() : ProcFS.children(of: keeper)
            let listed = Set(all.filter { !processes.isMain($0) && $0 != ThisProcess.identifier })
            for child in listed.subtracting(seen).sorted() {
                // Only below our keeper: a stranger may have been given a listener.
                add(child, processes, home, everywhere ? nil : ports)
            }
            seen.formUnion(listed)
            if listed == last { return }
            last = listed
        }
    }

    /// Whoever forks and ends faster than this many lists is found at the next look: there is one after each end.
    private static let lists = 10

    private mutating func add(_ child: Int32, _ processes: ProcessTable, _ home: Home, _ ports: Ports?) {
        // Children of a thread that ended first belong to the other threads until the last has ended.
        guard let status = ProcFS.status(of: child), !status.isZombie || status.threads > 1 else { return }
        let former = processes.formerMain(status.session) ?? processes.formerMain(status.group)
        guard
            let instance = former ?? Orphans.marked(child, home, processes)
                ?? ports?.holder(child).flatMap({ processes[$0] == nil ? nil : $0 })
        else { return }
        heads[instance, default: []].append(Member(child, status))
    }

    func isEmpty(for instance: InstanceID) -> Bool { heads[instance] == nil }

    /// With everything below them.
    func all(of instance: InstanceID) -> [Member] {
        (heads[instance] ?? []).flatMap { [$0] + ProcFS.descendants(of: $0.process).compactMap(Member.init) }
    }

    private static func marked(_ process: Int32, _ home: Home, _ processes: ProcessTable) -> InstanceID? {
        guard let number = home.number(inEnvironmentOf: process) else { return nil }
        return processes[InstanceID(number)] == nil ? nil : InstanceID(number)
    }
}

extension Home {
    /// Which instance of this home a process says it is of.
    func number(inEnvironmentOf process: Int32) -> UInt64? {
        let prefix = "\(ProgramEnvironment.marker)=\(path):"
        let entry = ProcFS.environment(of: process).first { $0.hasPrefix(prefix) }
        return entry.flatMap { UInt64($0.dropFirst(prefix.count)) }
    }
}
