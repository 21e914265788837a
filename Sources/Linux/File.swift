internal import CLinux
internal import Glibc

/// Files by their path (open(2), stat(2), rename(2)).
public enum File {
    /// How a file is opened; close-on-exec always.
    public struct Access: OptionSet, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        public static let read = Access([])
        public static let write = Access(rawValue: O_WRONLY)
        public static let readAndWrite = Access(rawValue: O_RDWR)
        public static let create = Access(rawValue: O_CREAT)
        /// Fails when it is there already.
        public static let exclusive = Access(rawValue: O_EXCL)
        public static let truncate = Access(rawValue: O_TRUNC)
        public static let append = Access(rawValue: O_APPEND)
        public static let nonBlocking = Access(rawValue: O_NONBLOCK)
        /// Fails when it is no directory.
        public static let directory = Access(rawValue: O_DIRECTORY)
        /// Fails when the last part of the path is a symbolic link.
        public static let noFollow = Access(rawValue: O_NOFOLLOW)
    }

    public static func open(
        _ path: String, _ access: Access = .read, mode: UInt32 = 0o600
    ) throws(SystemError) -> Descriptor {
        while true {
            let number = Glibc.open(path, access.rawValue | O_CLOEXEC, mode)
            if number >= 0 { return Descriptor(owning: number) }
            guard errno == EINTR else { throw SystemError("open \(path)", code: errno) }
        }
    }

    public static func read(_ path: String, atMost limit: Int = .max) throws(SystemError) -> [UInt8] {
        let file = try open(path)
        do throws(SystemError) {
            return try file.readAll(atMost: limit)
        } catch {
            throw SystemError("read \(path)", code: error.code)
        }
    }

    /// Replaces a file as one step: a reader sees all of the old or all of the new, also after a power failure.
    public static func replace(
        _ path: String, with bytes: [UInt8], mode: UInt32 = 0o600
    ) throws(SystemError) {
        let draft = path + ".new"
        do throws(SystemError) {
            let file = try open(draft, [.write, .create, .truncate], mode: mode)
            try file.writeAll(bytes)
            try file.synchronize()
        } catch {
            unlink(draft)
            throw SystemError("write \(path)", code: error.code)
        }
        try rename(draft, to: path)
        try open(parent(of: path), .directory).synchronize()
    }

    public static func append(_ bytes: [UInt8], to path: String, mode: UInt32 = 0o600) throws(SystemError) {
        try open(path, [.write, .create, .append], mode: mode).writeAll(bytes)
    }

    public static func rename(_ path: String, to other: String) throws(SystemError) {
        guard Glibc.rename(path, other) == 0 else { throw SystemError("rename \(path)", code: errno) }
    }

    /// Removes a file; that it was not there is as good.
    public static func remove(_ path: String) throws(SystemError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw SystemError("remove \(path)", code: errno) }
    }

    public static func setMode(_ path: String, _ mode: UInt32) throws(SystemError) {
        guard chmod(path, mode) == 0 else { throw SystemError("change the mode of \(path)", code: errno) }
    }

    /// Lets a group have it, too (lchown(2), chmod(2)); whose it is stays.
    public static func share(_ path: String, with group: UInt32, mode: UInt32) throws(SystemError) {
        guard lchown(path, .max, group) == 0 else {
            throw SystemError("give \(path) to group \(group)", code: errno)
        }
        try setMode(path, mode)
    }

    /// Where a symbolic link leads (readlink(2)).
    public static func destination(ofLink path: String) throws(SystemError) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        guard count >= 0 else { throw SystemError("read the link \(path)", code: errno) }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }

    /// The absolute path without links, "." and ".." (realpath(3)).
    public static func resolve(_ path: String) throws(SystemError) -> String {
        guard let resolved = realpath(path, nil) else { throw SystemError("find \(path)", code: errno) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Whether this process may execute it (access(2)).
    public static func isExecutable(_ path: String) -> Bool { access(path, X_OK) == 0 }

    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
