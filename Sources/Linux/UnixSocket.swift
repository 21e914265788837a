internal import CLinux
internal import Glibc

/// Sockets between processes of one machine (unix(7)); all are close-on-exec and never wait, except while connecting.
public enum UnixSocket {
    public enum Kind: Int32, Sendable {
        case stream = 1
        /// Packets arrive in order, whole or not at all.
        case packets = 2
    }

    /// Both ends of a connection that has no name.
    @frozen public struct Pair: ~Copyable {
        public let first: Descriptor
        public let second: Descriptor
    }

    /// Listens at a path, from its first moment with this mode.
    ///
    /// A socket that somebody left behind is replaced; one that answers is not (EADDRINUSE).
    public static func listen(
        _ path: String, mode: UInt32 = 0o600, backlog: Int32 = 128
    ) throws(SystemError) -> Descriptor {
        let socket = Descriptor(owning: try check(clinux_unix_socket(1, 1), "create a socket"))
        let short = try ShortPath(path)
        var result = clinux_unix_bind(socket.number, short.path, mode)
        if result == -EADDRINUSE, isSocket(short.path), isStale(short.path) {
            unlink(path)
            result = clinux_unix_bind(socket.number, short.path, mode)
        }
        try check(result, "listen on \(path)")
        try check(clinux_listen(socket.number, backlog), "listen on \(path)")
        return socket
    }

    public static func connect(_ path: String, nonBlocking: Bool = false) throws(SystemError) -> Descriptor {
        let socket = Descriptor(owning: try check(clinux_unix_socket(1, 0), "create a socket"))
        let short = try ShortPath(path)
        try check(clinux_unix_connect(socket.number, short.path), "connect to \(path)")
        if nonBlocking { socket.setNonBlocking() }
        return socket
    }

    /// A way to send single messages to who listens at a path; it never waits.
    public static func connectDatagrams(_ path: String) throws(SystemError) -> Descriptor {
        let socket = Descriptor(owning: try check(clinux_unix_socket(3, 1), "create a socket"))
        let short = try ShortPath(path)
        try check(clinux_unix_connect(socket.number, short.path), "connect to \(path)")
        return socket
    }

    public static func pair(_ kind: Kind, nonBlocking: Bool = true) throws(SystemError) -> Pair {
        var ends: [Int32] = [-1, -1]
        try check(clinux_unix_pair(kind.rawValue, &ends, nonBlocking ? 1 : 0), "create a pair of sockets")
        return Pair(first: Descriptor(owning: ends[0]), second: Descriptor(owning: ends[1]))
    }

    /// Removes a socket of this user's on which nobody answers any more.
    ///
    /// Through its directory, so that what is looked at is what is removed, whatever the path leads to by now.
    public static func removeStale(_ path: String, of user: UInt32) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let name = String(path[path.index(after: slash)...])
        let number = open(File.parent(of: path), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { return }
        let directory = Descriptor(owning: number)
        var status = stat()
        guard fstatat(directory.number, name, &status, AT_SYMLINK_NOFOLLOW) == 0,
            status.st_mode & S_IFMT == S_IFSOCK, status.st_uid == user,
            isStale("/proc/self/fd/\(directory.number)/\(name)")
        else { return }
        unlinkat(directory.number, name, 0)
    }

    /// Connecting to any other file is refused just as it is to a socket that nobody answers on.
    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    private static func isStale(_ path: String) -> Bool {
        let socket = clinux_unix_socket(1, 1)
        guard socket >= 0 else { return false }
        defer { close(socket) }
        return clinux_unix_connect(socket, path) == -ECONNREFUSED
    }
}

/// A way to name a socket in fewer than 108 bytes, which is all the address has room for: through its directory.
private struct ShortPath: ~Copyable {
    let path: String
    private let directory: Descriptor?

    init(_ path: String) throws(SystemError) {
        guard path.utf8.count > 107, let slash = path.lastIndex(of: "/") else {
            self.path = path
            directory = nil
            return
        }
        let parent = try File.open(File.parent(of: path), .directory)
        self.path = "/proc/self/fd/\(parent.number)\(path[slash...])"
        directory = consume parent
    }
}

/// Who is at the other end of a connection, as of when it was made (SO_PEERCRED).
public struct PeerCredentials: Equatable, Sendable {
    public var process: Int32
    public var user: UInt32
    public var group: UInt32
}

extension Descriptor {
    /// The next connection, or nil when nobody waits (accept4(2)); it never waits either.
    public borrowing func accept() throws(SystemError) -> Descriptor? {
        let number = clinux_accept(number)
        if number == -EAGAIN { return nil }
        return Descriptor(owning: try check(number, "accept a connection"))
    }

    public borrowing func peerCredentials() throws(SystemError) -> PeerCredentials {
        var peer = clinux_peer()
        try check(clinux_peer(number, &peer), "ask who is connected")
        return PeerCredentials(process: peer.process, user: peer.user, group: peer.group)
    }

    /// Whether whoever is at the other end was in this group when the connection was made (SO_PEERGROUPS).
    public borrowing func peerIsIn(group: UInt32) -> Bool {
        guard let peer = try? peerCredentials() else { return false }
        // NGROUPS_MAX of limits.h.
        let groups = [UInt32](unsafeUninitializedCapacity: 65536) { buffer, count in
            count = Int(max(0, clinux_peer_groups(number, buffer.baseAddress, 65536)))
        }
        return peer.group == group || groups.contains(group)
    }
}
