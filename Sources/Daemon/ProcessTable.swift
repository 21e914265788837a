internal import Linux
internal import Supervision

/// Every process the daemon answers for.
///
/// An entry is there from the order to spawn until nothing of the instance runs; a pid leads to an entry only while
/// its main process has not been reaped, so that a number the kernel uses again means nobody.
struct ProcessTable {
    struct Entry {
        /// What `SWPM_ID` says in the environment of all its processes.
        let marker: String
        /// The main process, once it was spawned.
        fileprivate(set) var process: ProcessID?
        /// A name for the main process that the kernel cannot give to another (pidfd_open(2)).
        fileprivate(set) var handle: SharedDescriptor?
        /// When the kernel began it, in clock ticks since boot.
        fileprivate(set) var startTime: UInt64?
        /// The main process was reaped.
        fileprivate(set) var ended = false
        /// We sent SIGKILL.
        fileprivate(set) var isKilled = false
    }

    private(set) var entries: [InstanceID: Entry] = [:]
    private var instances: [ProcessID: InstanceID] = [:]
    /// Main processes that were reaped, while something of their instances may still run. Their numbers are not
    /// given out again as long as a session or group of that number has members.
    private var former: [Int32: InstanceID] = [:]
    /// Spawns whose outcome is not known yet.
    private(set) var launching = 0

    subscript(_ instance: InstanceID) -> Entry? { entries[instance] }

    func instance(of process: ProcessID) -> InstanceID? { instances[process] }

    mutating func launch(_ instance: InstanceID, marker: String) {
        entries[instance] = Entry(marker: marker)
        launching += 1
    }

    mutating func spawned(_ instance: InstanceID, _ process: ProcessID, _ handle: SharedDescriptor) {
        launching -= 1
        enter(instance, process, handle)
    }

    mutating func failed(_ instance: InstanceID) {
        launching -= 1
        entries[instance] = nil
    }

    /// One that a previous daemon spawned.
    mutating func restore(
        _ instance: InstanceID, _ process: ProcessID, _ handle: SharedDescriptor?, marker: String
    ) {
        entries[instance] = Entry(marker: marker)
        enter(instance, process, handle)
    }

    private mutating func enter(_ instance: InstanceID, _ process: ProcessID, _ handle: SharedDescriptor?) {
        entries[instance]?.process = process
        entries[instance]?.handle = handle
        entries[instance]?.startTime = ProcFS.status(of: process.number)?.startTime
        instances[process] = instance
    }

    /// What names each main process, with its number, until the next boot.
    var startTimes: [InstanceID: UInt64] {
        var times = [InstanceID: UInt64](minimumCapacity: entries.count)
        for (instance, entry) in entries where !entry.ended { times[instance] = entry.startTime }
        return times
    }

    /// Another process of the instance is the one that counts. The former one is nobody's any more.
    mutating func changeMain(of instance: InstanceID, to process: ProcessID, _ handle: SharedDescriptor) {
        if let before = entries[instance]?.process, instances[before] == instance {
            instances[before] = nil
            former[before.number] = instance
        }
        enter(instance, process, handle)
    }

    /// The main process was reaped; its number means nothing any more.
    mutating func ended(_ instance: InstanceID) {
        guard let process = entries[instance]?.process else { return }
        entries[instance]?.ended = true
        entries[instance]?.handle = nil
        if instances[process] == instance { instances[process] = nil }
        former[process.number] = instance
    }

    mutating func killed(_ instance: InstanceID) {
        entries[instance]?.isKilled = true
    }

    mutating func remove(_ instance: InstanceID) {
        ended(instance)
        guard let process = entries.removeValue(forKey: instance)?.process else { return }
        if former[process.number] == instance { former[process.number] = nil }
    }

    /// Whether this is the main process of an instance.
    func isMain(_ process: Int32) -> Bool { instances[ProcessID(process)] != nil }

    /// The instance whose main process had this number, if that was reaped.
    func formerMain(_ process: Int32) -> InstanceID? { former[process] }

    /// Main processes that live.
    var handles: [(InstanceID, SharedDescriptor)] {
        entries.compactMap { instance, entry in entry.handle.map { (instance, $0) } }
    }

    /// Instances whose main process was reaped while something of them may still run.
    var remains: [InstanceID] { entries.filter(\.value.ended).keys.sorted() }
}
