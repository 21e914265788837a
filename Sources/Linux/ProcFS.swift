internal import CLinux
internal import Glibc
internal import Synchronization

/// What the kernel tells about processes (proc(5)). Nil or empty always means: there is no such process any more, or
/// it is not ours to ask about. Where that would be fatal to believe, see `shortages`.
public enum ProcFS {
    private static let failures = Atomic(0)

    /// How often there was something to see, and no descriptor or memory to see it with. What was seen while this
    /// number grew proves nothing.
    public static var shortages: Int { failures.load(ordering: .relaxed) }

    public static func status(of process: Int32) -> ProcessStatus? {
        read("/proc/\(process)/stat").flatMap { $0.withUnsafeBytes { ProcessStatus(parsing: $0) } }
    }

    /// Every process that there is.
    public static func processes() -> [Int32] {
        let names = list("/proc")
        return names.compactMap { Int32($0) }.sorted()
    }

    /// The children of all its threads.
    public static func children(of process: Int32) -> [Int32] {
        let threads = list("/proc/\(process)/task")
        return threads.flatMap { thread in
            numbers(in: read("/proc/\(process)/task/\(thread)/children") ?? [])
        }
    }

    /// Between blanks. By hand, because a keeper's children are looked through after every end.
    private static func numbers(in line: [UInt8]) -> [Int32] {
        var found: [Int32] = []
        var number: Int32 = 0
        for byte in line {
            if case let digit = byte &- 0x30, digit < 10 {
                number = number &* 10 &+ Int32(digit)
            } else {
                if number > 0 { found.append(number) }
                number = 0
            }
        }
        if number > 0 { found.append(number) }
        return found
    }

    /// Its children, their children, and so on; parents before children.
    public static func descendants(of process: Int32) -> [Int32] {
        var found: [Int32] = []
        var open = [process]
        while let next = open.popLast() {
            let children = children(of: next)
            found += children
            open += children
        }
        return found
    }

    /// "NAME=value" each, as they were when it was executed; empty for another user's process.
    public static func environment(of process: Int32) -> [String] {
        words("/proc/\(process)/environ")
    }

    /// What a variable was when it was executed.
    public static func variable(_ name: String, of process: Int32) -> String? {
        environment(of: process).first { $0.hasPrefix("\(name)=") }.map {
            String($0.dropFirst(name.utf8.count + 1))
        }
    }

    /// Whether it was executed with exactly this "NAME=value" in its environment.
    public static func environment(of process: Int32, contains entry: String) -> Bool {
        guard let bytes = read("/proc/\(process)/environ", atMost: 1 << 21) else { return false }
        return bytes.withUnsafeBytes { clinux_contains_entry($0.baseAddress, $0.count, entry) == 1 }
    }

    public static func arguments(of process: Int32) -> [String] { words("/proc/\(process)/cmdline") }

    /// The user whose process it is, as far as access to it is concerned.
    public static func user(of process: Int32) -> UInt32? {
        guard let status = try? File.status("/proc/\(process)") else { return nil }
        return status.owner
    }

    /// Which of its descriptors are sockets, with the number that sock_diag knows them by.
    public static func sockets(of process: Int32) -> [(descriptor: Int32, inode: UInt64)] {
        var found: UnsafeMutablePointer<clinux_socket>?
        let count = clinux_sockets_of(process, &found)
        defer { free(found) }
        if count < 0 { note(SystemError("look at descriptors", code: Int32(-count))) }
        guard count > 0 else { return [] }
        return UnsafeBufferPointer(start: found, count: Int(count)).map { ($0.descriptor, $0.inode) }
    }

    /// Whether its descriptors can be seen at all: not those of a process that gave its rights away, or forbids it.
    public static func showsDescriptors(of process: Int32) -> Bool {
        (try? Directory.names(in: "/proc/\(process)/fd")) != nil
    }

    /// What stands behind a word at the beginning of a line of proc_pid_status(5).
    static func status(of process: Int32, _ word: String) -> [Substring]? {
        let lines = String(decoding: read("/proc/\(process)/status") ?? [], as: UTF8.self).split(
            separator: "\n")
        let line = lines.first { $0.hasPrefix("\(word):") }
        return line.map { $0.dropFirst(word.utf8.count + 1).split { $0 == " " || $0 == "\t" } }
    }

    /// What it was started with, its name first; empty for one that is the kernel's.
    public static func command(of process: Int32) -> [String] { words("/proc/\(process)/cmdline") }

    private static func read(_ path: String, atMost limit: Int = 1 << 18) -> [UInt8]? {
        look { () throws(SystemError) in try File.read(path, atMost: limit) }
    }

    private static func list(_ path: String) -> [String] {
        look { () throws(SystemError) in try Directory.names(in: path) } ?? []
    }

    /// Any failure but a shortage means that the process is gone or not ours.
    private static func look<Sight>(_ see: () throws(SystemError) -> Sight) -> Sight? {
        do throws(SystemError) {
            return try see()
        } catch {
            note(error)
            return nil
        }
    }

    private static func note(_ error: SystemError) {
        if error.isShortage { failures.add(1, ordering: .relaxed) }
    }

    private static func words(_ path: String) -> [String] {
        guard let bytes = read(path, atMost: 1 << 21) else { return [] }
        return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }
}
