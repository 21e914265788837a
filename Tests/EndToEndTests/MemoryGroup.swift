import Glibc
import Support
import Testing

/// A control group with little memory (cgroups(7)), of either version.
struct MemoryGroup {
    let path: String

    private static let old = "/sys/fs/cgroup/memory"
    private static let unified = "/sys/fs/cgroup"

    /// Whether one can be made here: root, and a memory controller that is ours to use.
    static var isPossible: Bool {
        guard geteuid() == 0 else { return false }
        guard let group = try? MemoryGroup(bytes: 1 << 30) else { return false }
        group.remove()
        return true
    }

    init(bytes: Int) throws {
        let isOld = exists("\(Self.old)/memory.limit_in_bytes")
        path = "\(isOld ? Self.old : Self.unified)/swpm-test-\(getpid())-\(freePort())"
        try #require(mkdir(path, 0o755) == 0, "no control group can be made in \(path)")
        let limit = "\(path)/\(isOld ? "memory.limit_in_bytes" : "memory.max")"
        guard exists(limit), write("\(bytes)", to: limit) else {
            rmdir(path)
            throw NeverHappened(description: "memory cannot be limited in \(path)")
        }
        // Else the rest would go to the disk.
        _ = isOld || write("0", to: "\(path)/memory.swap.max")
    }

    func add(_ process: Int32) throws {
        try #require(write("\(process)", to: "\(path)/cgroup.procs"), "process \(process) cannot be moved")
    }

    /// Whoever is left goes back to the top.
    func remove() {
        for process in (readFile("\(path)/cgroup.procs") ?? "").split(separator: "\n") {
            _ = write(String(process), to: "\(parent(of: path))/cgroup.procs")
        }
        rmdir(path)
    }

    private func write(_ text: String, to path: String) -> Bool {
        let file = open(path, O_WRONLY | O_CLOEXEC)
        guard file >= 0 else { return false }
        defer { close(file) }
        return Glibc.write(file, text, text.utf8.count) == text.utf8.count
    }
}
