internal import CLinux
internal import Glibc

/// The processors this process may really use.
public enum Processors {
    /// The affinity (sched_getaffinity(2)), cut down to the control group's quota; at least 1.
    public static func available() -> Int {
        available(
            affinity: Int(clinux_affinity_count()), memberships: contents(of: "/proc/self/cgroup") ?? ""
        ) {
            contents(of: "/sys/fs/cgroup\($0)")
        }
    }

    static func available(affinity: Int, memberships: String, read: (String) -> String?) -> Int {
        let limits = memberships.split(separator: "\n").flatMap { line in
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            return parts.count == 3
                ? quotas(controllers: String(parts[1]), group: String(parts[2]), read) : []
        }
        let affinity = max(1, affinity)
        return max(1, min(affinity, Int((limits.min() ?? Double(affinity)).rounded(.up))))
    }

    /// Of a group and all above it: each may be narrower.
    private static func quotas(
        controllers: String, group: String, _ read: (String) -> String?
    ) -> [Double] {
        let names = controllers.split(separator: ",")
        guard controllers.isEmpty || names.contains("cpu") else { return [] }
        var path = group
        var found: [Double] = []
        while true {
            let directory = path == "/" ? "" : path
            if let quota = controllers.isEmpty ? unified(directory, read) : legacy(directory, read) {
                found.append(quota)
            }
            guard !directory.isEmpty, let slash = path.lastIndex(of: "/") else { return found }
            path = slash == path.startIndex ? "/" : String(path[..<slash])
        }
    }

    /// "max 100000" or "150000 100000".
    private static func unified(_ directory: String, _ read: (String) -> String?) -> Double? {
        let text = read("\(directory)/cpu.max") ?? read("/unified\(directory)/cpu.max")
        let words = (text ?? "").split { $0 == " " || $0 == "\n" }
        guard words.count == 2, let quota = Double(words[0]), let period = Double(words[1]), period > 0 else {
            return nil
        }
        return quota / period
    }

    private static func legacy(_ directory: String, _ read: (String) -> String?) -> Double? {
        func number(_ file: String) -> Double? {
            let text = read("/cpu\(directory)/\(file)") ?? read("/cpu,cpuacct\(directory)/\(file)")
            return text.flatMap { Double($0.prefix { $0 != "\n" }) }
        }
        guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us"),
            quota > 0, period > 0
        else { return nil }
        return quota / period
    }
}

/// What this kernel lets whom do.
public enum KernelSettings {
    /// The first port that anybody may bind (ip(7), ip_unprivileged_port_start).
    public static var firstUnprivilegedPort: UInt16 {
        number("net/ipv4/ip_unprivileged_port_start").flatMap(UInt16.init(exactly:)) ?? 1024
    }

    /// Who may look into processes (Yama's ptrace_scope): 0 everybody's own, 1 descendants, 2 with a capability,
    /// 3 nobody.
    public static var traceScope: Int {
        number("kernel/yama/ptrace_scope") ?? 0
    }

    /// A setting by its path below /proc/sys (proc_sys(5)); nil: this kernel has none of that name.
    public static func number(_ path: String) -> Int? {
        contents(of: "/proc/sys/\(path)").flatMap { Int($0.prefix { $0 != "\n" }) }
    }
}
