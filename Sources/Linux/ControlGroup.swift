internal import Glibc

/// Where this process stands in the tree of control groups (cgroups(7)).
public enum ControlGroup {
    /// The top of the unified tree; nil: we are there, there is none, or it is not ours to enter.
    public static func top() -> SharedDescriptor? {
        guard let own = lines.first(where: { $0.hasPrefix("0::") }), own != "0::/" else { return nil }
        let places = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        guard let top = places.first(where: { access("\($0)/cgroup.procs", W_OK) == 0 }) else { return nil }
        let number = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return number < 0 ? nil : SharedDescriptor(Descriptor(owning: number))
    }

    /// Where this process stands in the unified tree; nil: there is none.
    public static func own() -> String? {
        guard let line = lines.first(where: { $0.hasPrefix("0::") }) else { return nil }
        return place.map { "\($0)\(line.dropFirst(line == "0::/" ? 4 : 3))" }
    }

    /// Whether this process may make groups below its own, and move processes into them.
    public static func isWritable(_ path: String) -> Bool {
        access(path, W_OK) == 0 && access("\(path)/cgroup.procs", W_OK) == 0
    }

    /// What can be limited in a group below this one.
    public static func controllers(_ path: String) -> String {
        String((contents(of: "\(path)/cgroup.controllers") ?? "").prefix { $0 != "\n" })
    }

    /// How many more processes the groups leave room for, this process' own and those above it; nil: any number.
    public static func roomForProcesses() -> Int? {
        var path = own()
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, parts[1] == "pids" else { continue }
            path = "/sys/fs/cgroup/pids\(parts[2] == "/" ? "" : parts[2])"
        }
        var room: Int?
        while let group = path, group.utf8.count > "/sys/fs/cgroup".utf8.count {
            if let limit = number("\(group)/pids.max"), let used = number("\(group)/pids.current") {
                room = min(room ?? .max, limit - used)
            }
            path = File.parent(of: group)
        }
        return room
    }

    private static func number(_ path: String) -> Int? {
        contents(of: path).flatMap { Int($0.prefix { $0 != "\n" }) }
    }

    private static var lines: [Substring] {
        (contents(of: "/proc/self/cgroup") ?? "").split(separator: "\n")
    }

    private static var place: String? {
        ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"].first { access("\($0)/cgroup.procs", F_OK) == 0 }
    }
}
