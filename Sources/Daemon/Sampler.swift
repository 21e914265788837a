internal import Linux
internal import Supervision

/// What instances consume, looked up only when somebody asks.
///
/// A processor share needs two looks: it is what was used since the previous one, or since the start for the first.
final class Sampler {
    /// A look younger than this answers again.
    static let freshness = Duration.milliseconds(500)

    private struct Look {
        var at: Instant
        var processorTime: Int64
        var usage: Usage
    }

    private var looks: [InstanceID: Look] = [:]

    /// Fills in what every serving instance of the snapshot consumes, with everything below it.
    func fill(_ snapshot: inout Snapshot, at now: Instant) {
        var seen = 0
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
        if looks.count > 2 * seen { looks = looks.filter { now - $0.value.at < .seconds(60) } }
    }

    private func look(at instance: InstanceSnapshot, _ process: ProcessID, _ now: Instant) -> Usage {
        let previous = looks[instance.id]
        if let previous, now - previous.at < Sampler.freshness { return previous.usage }
        var memory: UInt64 = 0
        var processorTime: Int64 = 0
        for member in [process.number] + ProcFS.descendants(of: process.number) {
            guard let status = ProcFS.status(of: member) else { continue }
            memory += status.memory
            processorTime += status.processorTime
        }
        let (since, before) = previous.map { ($0.at, $0.processorTime) } ?? (instance.since, 0)
        let usage = Usage(
            memory: memory,
            processorTenths: Sampler.tenths(processorTime - before, of: (now - since).nanoseconds))
        looks[instance.id] = Look(at: now, processorTime: processorTime, usage: usage)
        return usage
    }

    /// A child that ended takes its time with it, so the difference may be negative.
    private static func tenths(_ used: Int64, of span: Int64) -> Int {
        Int(max(0, used) * 1000 / max(1, span))
    }
}
