internal import CLinux
internal import Glibc

/// Starts a program with one clone(2) and execve(2), and returns when it runs, or with the step that failed.
///
/// The calling thread waits until the exec (CLONE_VFORK), which a slow file system can make long: call it on a
/// thread that has nothing else to do. The child borrows this memory meanwhile, so nothing is copied. The failed
/// child of a sibling spawn is reaped by the common parent.
public func spawn(_ request: SpawnRequest) throws(SpawnError) -> SpawnedProcess {
    guard request.descriptors.count <= SpawnRequest.descriptorLimit else {
        throw SpawnError(.descriptors, "\(SpawnRequest.descriptorLimit)", code: EMFILE)
    }
    let prepared = PreparedSpawn(request)
    let outcome = prepared.run()
    guard outcome.stage == 0 else { throw SpawnError(outcome, of: request) }
    return SpawnedProcess(
        process: outcome.process, descriptor: Descriptor(owning: outcome.process_descriptor))
}

/// What the kernel says to this filter when a child without further rights installs it, as spawn would; nil: it
/// can be. Nothing is executed.
public func refusal(
    of filters: [SeccompFilter], forbidsNewPrivileges: Bool
) -> SpawnError? {
    var request = SpawnRequest(program: "")
    request.filters = filters
    request.forbidsNewPrivileges = forbidsNewPrivileges
    let prepared = PreparedSpawn(request)
    let outcome = prepared.run(executes: false)
    guard outcome.stage == 0 else { return SpawnError(outcome, of: request) }
    _ = waitpid(outcome.process, nil, 0)
    _ = close(outcome.process_descriptor)
    return nil
}

/// A request in the form that a child which may not allocate can read. It owns the memory, and so must outlive
/// the call.
private struct PreparedSpawn: ~Copyable {
    private let request: SpawnRequest
    private let candidates: CStrings
    private let arguments: CStrings
    private let environment: CStrings
    private let directory: CStrings
    private let limits: CArray<clinux_limit>
    private let inherited: CArray<clinux_inheritance>
    private let groups: CArray<UInt32>
    private let instructions: CArray<clinux_instruction>
    private let filters: CArray<clinux_filter>

    init(_ request: SpawnRequest) {
        self.request = request
        candidates = CStrings(request.candidates)
        arguments = CStrings([request.name ?? request.program] + request.arguments, spare: 1)
        let listener = request.namesListener ? ["LISTEN_PID=" + String(repeating: "0", count: 10)] : []
        environment = CStrings(listener + request.environment)
        // The digits are written by the child, which alone knows them in time.
        if request.namesListener { environment[0]?[11] = 0 }
        directory = CStrings(request.directory.map { [$0] } ?? [])
        limits = CArray(request.limits.map(\.raw))
        inherited = CArray(
            request.descriptors.map { clinux_inheritance(source: $0.source, target: $0.target) })
        groups = CArray(request.identity?.groups ?? [])
        instructions = CArray(request.filters.flatMap { $0.instructions.map(\.raw) })
        var start = UnsafePointer(instructions.base)
        var programs: [clinux_filter] = []
        for filter in request.filters {
            let length = UInt16(filter.instructions.count)
            programs.append(
                clinux_filter(instructions: start, length: length, notifies: filter.notifies ? 1 : 0))
            start += filter.instructions.count
        }
        filters = CArray(programs)
    }

    borrowing func run(executes: Bool = true) -> clinux_spawn {
        var raw = clinux_spawn()
        raw.candidates = executes ? candidates.constant : nil
        raw.arguments = arguments.writable
        raw.environment = environment.constant
        raw.listen_pid = request.namesListener ? environment[0] : nil
        raw.directory = UnsafePointer(directory[0])
        raw.inherited = UnsafePointer(inherited.base)
        raw.limits = UnsafePointer(limits.base)
        raw.filters = UnsafePointer(filters.base)
        raw.groups = UnsafePointer(groups.base)
        setScalars(&raw)
        _ = clinux_start(&raw)
        return raw
    }

    private borrowing func setScalars(_ raw: inout clinux_spawn) {
        raw.inherited_count = Int32(request.descriptors.count)
        raw.limit_count = Int32(request.limits.count)
        raw.filter_count = Int32(request.filters.count)
        raw.filter_channel = request.filterChannel ?? -1
        raw.cgroup = request.cgroup ?? -1
        if let tray = request.tray { (raw.tray_first, raw.tray_count) = (tray.first, tray.count) }
        raw.no_new_privileges = request.forbidsNewPrivileges ? 1 : 0
        raw.is_sibling = request.isSibling ? 1 : 0
        if let identity = request.identity {
            raw.changes_identity = 1
            raw.user = identity.user
            raw.group = identity.group
            raw.group_count = Int32(identity.groups.count)
        }
        if let priority = request.priority { (raw.has_priority, raw.priority) = (1, priority) }
        if let score = request.memoryScore { (raw.has_memory_score, raw.memory_score) = (1, score) }
        if let mask = request.mask { (raw.has_mask, raw.mask) = (1, mask) }
    }
}
