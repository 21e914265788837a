internal import Glibc

/// What the kernel tells about processes that it ended because memory ran out.
public enum MemoryKills {
    /// How many of this process' control group, by whatever shortage (cgroups(7)); nil: not told.
    public static func inOwnGroup() -> UInt64? {
        // Nil or empty where there are no control groups.
        for line in ((try? File.read("/proc/self/cgroup")) ?? []).split(separator: UInt8(ascii: "\n")) {
            let parts = line.split(
                separator: UInt8(ascii: ":"), maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            let path = parts[2].elementsEqual("/".utf8) ? "" : String(decoding: parts[2], as: UTF8.self)
            let controllers = parts[1].split(separator: UInt8(ascii: ","))
            if controllers.contains(where: { $0.elementsEqual("memory".utf8) }) {
                return count("/sys/fs/cgroup/memory\(path)/memory.oom_control")
            }
            if parts[0].elementsEqual("0".utf8), let count = count("/sys/fs/cgroup\(path)/memory.events") {
                return count
            }
        }
        return nil
    }

    /// How many of the whole machine (proc_vmstat(5)).
    public static func onMachine() -> UInt64? { count("/proc/vmstat") }

    /// Whether the kernel's log names the process as killed; nil: the log is not for us to read (syslog(2)).
    public static func logNames(_ process: Int32) -> Bool? {
        let log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard log >= 0 else { return nil }
        defer { _ = close(log) }
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            // One record each time; EPIPE: one was overwritten meanwhile.
            let count = read(log, &buffer, buffer.count)
            if count < 0, errno == EPIPE || errno == EINTR { continue }
            guard count > 0 else { return count < 0 && errno == EPERM ? nil : false }
            if says(String(decoding: buffer.prefix(count), as: UTF8.self), process) { return true }
        }
    }

    /// "Out of memory: Killed process 4711 (name) ..."
    static func says(_ record: String, _ process: Int32) -> Bool {
        let words = record.split(separator: " ")
        guard let verb = words.firstIndex(where: { $0.hasSuffix("Killed") }) else { return false }
        return words[verb...].dropFirst().starts(with: ["process", "\(process)"])
    }

    /// The number after the word `oom_kill`. Looked for among bytes: a crashed program waits for it.
    static func count(_ path: String) -> UInt64? {
        // A file that cannot be read tells nothing.
        let lines = ((try? File.read(path)) ?? []).split(separator: UInt8(ascii: "\n"))
        let line = lines.first { $0.starts(with: "oom_kill ".utf8) }
        return line.flatMap { UInt64(String(decoding: $0.dropFirst(9), as: UTF8.self)) }
    }
}
