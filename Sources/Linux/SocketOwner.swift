internal import Glibc

/// The process that has a socket open.
public struct SocketOwner: Equatable, Sendable {
    public var process: Int32
    public var user: UInt32
    /// The command line, its parts separated by spaces.
    public var command: String

    /// Searches /proc for a holder of the socket (proc(5)); nil: none that we may look into.
    public static func find(inode: UInt64) -> SocketOwner? {
        for process in processes() where inodes(ofProcess: process).contains(inode) {
            var status = stat()
            guard stat("/proc/\(process)", &status) == 0 else { continue }
            return SocketOwner(process: process, user: status.st_uid, command: command(of: process))
        }
        return nil
    }

    /// The sockets that a process has open; nothing if it is gone, or not ours to see.
    public static func inodes(ofProcess process: Int32) -> Set<UInt64> {
        Set(sockets(ofProcess: process).values)
    }

    /// The same, by descriptor number.
    public static func sockets(ofProcess process: Int32) -> [Int32: UInt64] {
        let directory = "/proc/\(process)/fd"
        var sockets: [Int32: UInt64] = [:]
        for name in names(in: directory) {
            guard let number = Int32(name), let target = link("\(directory)/\(name)"),
                target.hasPrefix("socket:["), let inode = UInt64(target.dropFirst(8).dropLast())
            else { continue }
            sockets[number] = inode
        }
        return sockets
    }

    private static func processes() -> [Int32] { names(in: "/proc").compactMap { Int32($0) } }

    private static func command(of process: Int32) -> String {
        let line = contents(of: "/proc/\(process)/cmdline") ?? ""
        let words = line.split(separator: "\0")
        return words.joined(separator: " ")
    }
}

/// The entries of a directory; none if it cannot be read.
func names(in directory: String) -> [String] {
    guard let stream = opendir(directory) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        if name != "." && name != ".." { names.append(name) }
    }
    return names
}

/// What a symbolic link says; nil: there is none.
func link(_ path: String) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    let length = bytes.withUnsafeMutableBytes { readlink(path, $0.baseAddress!, $0.count) }
    return length < 0 ? nil : String(decoding: bytes.prefix(length), as: UTF8.self)
}
