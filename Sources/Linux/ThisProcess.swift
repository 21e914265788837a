internal import CLinux
internal import Glibc

/// What a process knows about itself (getpid(2), environ(7), getcwd(3)).
public enum ThisProcess {
    public static var identifier: Int32 { getpid() }
    public static var parent: Int32 { getppid() }
    /// The number of the calling thread (gettid(2)).
    public static var thread: Int32 { clinux_thread_number() }
    /// The effective user: whose files it may touch.
    public static var user: UInt32 { geteuid() }
    public static var group: UInt32 { getegid() }

    /// The file mode creation mask (umask(2)), which the program's children inherit.
    public static var fileMask: UInt32 {
        ProcFS.status(of: identifier, "Umask")?.first.flatMap { UInt32($0, radix: 8) } ?? 0o022
    }

    public static func exit(_ code: Int32) -> Never { Glibc.exit(code) }

    /// What it was started with, without the program's own name.
    public static func arguments() -> [String] {
        guard let first = clinux_arguments(), first.pointee != nil else { return [] }
        var words: [String] = []
        var next = first + 1
        while let word = next.pointee {
            words.append(String(cString: word))
            next += 1
        }
        return words
    }

    /// "NAME=value" each, as the caller gave them, in the caller's order.
    public static func environment() -> [String] {
        guard var next = clinux_environment() else { return [] }
        var entries: [String] = []
        while let entry = next.pointee {
            entries.append(String(cString: entry))
            next += 1
        }
        return entries
    }

    /// By name; of a name that occurs twice the first counts, as in getenv(3).
    public static func environmentByName() -> [String: String] {
        var variables: [String: String] = [:]
        for entry in environment() {
            guard let equals = entry.firstIndex(of: "=") else { continue }
            let name = String(entry[..<equals])
            if variables[name] == nil { variables[name] = String(entry[entry.index(after: equals)...]) }
        }
        return variables
    }

    public static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// The directory as the user typed it ($PWD), if that is where the process is; else as the kernel knows it.
    public static func workingDirectory() throws(SystemError) -> String {
        if let written = variable("PWD"), written.hasPrefix("/"), let there = try? File.status(written),
            let here = try? File.status("."), there.isSameFile(as: here)
        {
            return written
        }
        guard let path = getcwd(nil, 0) else { throw SystemError("find the current directory", code: errno) }
        defer { free(path) }
        return String(cString: path)
    }

    public static func changeDirectory(_ path: String) throws(SystemError) {
        guard chdir(path) == 0 else { throw SystemError("change directory to \(path)", code: errno) }
    }

    /// The file that this program was started from; a path ending in " (deleted)" when it was replaced since.
    public static func executable() throws(SystemError) -> String {
        try File.destination(ofLink: "/proc/self/exe")
    }

    /// Has all threads that are started from now on share one heap (mallopt(3), M_ARENA_MAX).
    public static func keepOneHeap() { clinux_keep_one_heap() }

    /// What top(1) and pgrep(1) call it: at most 15 bytes (proc_pid_comm(5)).
    public static func setName(_ name: String) {
        // A name is for people; nothing depends on it.
        try? File.open("/proc/self/comm", .write).writeAll(Array(name.utf8))
    }

    /// How soon the kernel ends it when memory runs out, -1000 (never) to 1000; false: that needs a privilege
    /// (proc_pid_oom_score_adj(5)).
    @discardableResult
    public static func setMemoryScore(_ score: Int) -> Bool {
        (try? File.open("/proc/self/oom_score_adj", .write).writeAll(Array("\(score)".utf8))) != nil
    }

    public static func hostname() -> String {
        var name = [UInt8](repeating: 0, count: 256)
        let result = name.withUnsafeMutableBytes { buffer in
            gethostname(buffer.baseAddress!.assumingMemoryBound(to: CChar.self), 255)
        }
        return result == 0 ? String(decoding: name.prefix { $0 != 0 }, as: UTF8.self) : "localhost"
    }
}

/// The streams that every program is born with (stdin(3)).
public enum StandardStream: Int32, Sendable {
    case input = 0
    case output = 1
    case error = 2

    /// Opens those that the caller had closed, so that no other file gets their numbers.
    public static func openAll() {
        var number: Int32 = 0
        while (0...2).contains(number) { number = Glibc.open("/dev/null", O_RDWR) }
        if number > 2 { close(number) }
    }

    /// Has the stream lead to this file from now on, for programs that are started later, too (dup2(2)).
    public func lead(to file: borrowing Descriptor) { dup2(file.number, rawValue) }

    /// Another way to where the stream leads, so that no option of it is set for others; nil: it leads nowhere. It
    /// does not wait where that can be; what cannot be opened again (a socket, another user's pipe) is a copy, to be
    /// asked before each write.
    public func apart() throws(SystemError) -> Descriptor? {
        let copy = try Descriptor.copy(of: rawValue)
        let found = try copy.status()
        if let nowhere = try File.status("/dev/null"), nowhere.isSameFile(as: found) { return nil }
        do throws(SystemError) {
            return try File.open("/proc/self/fd/\(rawValue)", [.write, .append, .nonBlocking])
        } catch {
            guard found.kind != .device else { throw error }
            return copy
        }
    }

    /// Writes all of it; false when nobody reads any more.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool { Descriptor.writeAll(rawValue, bytes) == 0 }

    @discardableResult
    public func write(_ text: String) -> Bool { write(Array(text.utf8)) }

    /// What is there, after waiting for something (read(2)); empty at the end.
    public func read(atMost count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            var got = Glibc.read(rawValue, buffer.baseAddress, count)
            while got < 0, errno == EINTR { got = Glibc.read(rawValue, buffer.baseAddress, count) }
            filled = max(0, got)
        }
    }
}
