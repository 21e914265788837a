internal import Glibc

/// What the kernel keeps about a file (inode(7)).
public struct FileStatus: Equatable, Sendable {
    public enum Kind: Sendable { case file, directory, link, socket, pipe, device, other }

    public var kind: Kind
    public var owner: UInt32
    public var group: UInt32
    /// The permission bits, with the set-id and sticky bits.
    public var mode: UInt32
    public var size: Int64
    public var device: UInt64
    public var inode: UInt64
    /// When its content last changed, in nanoseconds since 1970.
    public var modified: Int64

    init(_ status: stat) {
        kind = FileStatus.kind(status.st_mode & S_IFMT)
        owner = status.st_uid
        group = status.st_gid
        mode = status.st_mode & 0o7777
        size = Int64(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// Whether both are one file, whatever their paths.
    public func isSameFile(as other: FileStatus) -> Bool { device == other.device && inode == other.inode }

    private static func kind(_ bits: mode_t) -> Kind {
        switch bits {
        case S_IFREG: .file
        case S_IFDIR: .directory
        case S_IFLNK: .link
        case S_IFSOCK: .socket
        case S_IFIFO: .pipe
        case S_IFCHR, S_IFBLK: .device
        default: .other
        }
    }
}

extension File {
    /// Nil when there is no such file.
    public static func status(
        _ path: String, followingLinks: Bool = true
    ) throws(SystemError) -> FileStatus? {
        var status = stat()
        let result = followingLinks ? stat(path, &status) : lstat(path, &status)
        if result == 0 { return FileStatus(status) }
        guard errno == ENOENT || errno == ENOTDIR else { throw SystemError("look at \(path)", code: errno) }
        return nil
    }
}

extension Descriptor {
    public borrowing func status() throws(SystemError) -> FileStatus {
        var status = stat()
        guard fstat(number, &status) == 0 else { throw SystemError("look at a descriptor", code: errno) }
        return FileStatus(status)
    }
}
