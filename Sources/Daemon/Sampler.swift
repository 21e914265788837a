internal import Linux
internal import Supervision

/// What instances consume, looked up only when somebody asks.
///
/// A processor share needs two looks: it is what was used since the previous one, or since the start for the first.
/// Which processes an instance consists of is looked up less often, because finding children costs several times
/// what reading a known process does: for many instances only once the answer is out.
final class Sampler {
    /// A look younger than this answers again.
    static let freshness = Duration.milliseconds(500)
    /// A family older than this is looked up anew.
    static let familyFreshness = Duration.seconds(2)
    /// So many families at most are looked up before the answer.
    static let familiesAtOnce = 16

    private struct Record {
        var family: [Member]
        var metAt: Instant
        var at: Instant
        var processorTime: Int64 = 0
        /// Nil before the first look.
        var usage: Usage?
    }

    /// A class, because an array cannot hold what may not be copied.
    private final class Member {
        let process: Int32
        let sampler: ProcessSampler

        init?(_ process: Int32) {
            guard let sampler = ProcessSampler(process: process) else { return nil }
            self.process = process
            self.sampler = sampler
        }
    }

    private var records: [InstanceID: Record] = [:]
    private var unmet: [(InstanceID, ProcessID)] = []
    private var metNow = 0

    /// Fills in what every serving instance of the snapshot consumes, with everything below it.
    func fill(_ snapshot: inout Snapshot, at now: Instant) {
        var seen = 0
        metNow = 0
        for app in snapshot.apps.indices {
            for slot in snapshot.apps[app].slots.indices {
                guard let instance = snapshot.apps[app].slots[slot].current, let process = instance.process
                else {
                    continue
                }
                seen += 1
                snapshot.apps[app].slots[slot].current?.usage = look(at: instance, process, now)
            }
        }
        if records.count > 2 * seen { records = records.filter { now - $0.value.at < .seconds(60) } }
    }

    /// Looks up the families that the last answer did without; call it when that answer is out.
    func catchUp(at now: Instant) {
        for (instance, process) in unmet { renew(instance, process, at: now) }
        unmet.removeAll()
    }

    private func look(at instance: InstanceSnapshot, _ process: ProcessID, _ now: Instant) -> Usage {
        meet(instance, process, at: now)
        guard var record = records[instance.id] else { return Usage(memory: 0, processorTenths: 0) }
        if let usage = record.usage, now - record.at < Sampler.freshness { return usage }
        var memory: UInt64 = 0
        var processorTime: Int64 = 0
        for member in record.family {
            guard let status = member.sampler.sample() else { continue }
            memory += status.memory
            processorTime += status.processorTime
        }
        let tenths = Sampler.tenths(processorTime - record.processorTime, of: (now - record.at).nanoseconds)
        let usage = Usage(memory: memory, processorTenths: tenths)
        record.usage = usage
        record.at = now
        record.processorTime = processorTime
        records[instance.id] = record
        return usage
    }

    /// Sees that the family is known, at once or soon.
    private func meet(_ instance: InstanceSnapshot, _ process: ProcessID, at now: Instant) {
        if let record = records[instance.id], now - record.metAt < Sampler.familyFreshness { return }
        if records[instance.id] == nil {
            records[instance.id] = Record(
                family: [Member(process.number)].compactMap { $0 }, metAt: now, at: instance.since)
        }
        metNow += 1
        if metNow > Sampler.familiesAtOnce { return unmet.append((instance.id, process)) }
        renew(instance.id, process, at: now)
    }

    private func renew(_ instance: InstanceID, _ process: ProcessID, at now: Instant) {
        guard let record = records[instance] else { return }
        let known = Dictionary(record.family.map { ($0.process, $0) }) { first, _ in first }
        let members = [process.number] + ProcFS.descendants(of: process.number)
        records[instance]?.family = members.compactMap { known[$0] ?? Member($0) }
        records[instance]?.metAt = now
    }

    /// A child that ended takes its time with it, so the difference may be negative.
    private static func tenths(_ used: Int64, of span: Int64) -> Int {
        Int(max(0, used) * 1000 / max(1, span))
    }
}
