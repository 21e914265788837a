internal import Glibc

/// Where this process stands in the tree of control groups (cgroups(7)).
public enum ControlGroup {
    /// The top of the unified tree; nil: we are there, there is none, or it is not ours to enter.
    public static func top() -> SharedDescriptor? {
        let lines = (contents(of: "/proc/self/cgroup") ?? "").split(separator: "\n")
        guard let own = lines.first(where: { $0.hasPrefix("0::") }), own != "0::/" else { return nil }
        let places = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
        guard let top = places.first(where: { access("\($0)/cgroup.procs", W_OK) == 0 }) else { return nil }
        let number = open(top, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return number < 0 ? nil : SharedDescriptor(Descriptor(owning: number))
    }
}
