/// The process that has a socket open.
public struct SocketOwner: Equatable, Sendable {
    public var process: Int32
    public var user: UInt32
    /// The command line, its parts separated by spaces.
    public var command: String
    /// The number of its descriptor.
    public var descriptor: Int32

    /// Searches /proc for a holder of the socket (proc(5)); nil: none that we may look into.
    public static func find(inode: UInt64) -> SocketOwner? {
        for process in ProcFS.processes() {
            guard let socket = ProcFS.sockets(of: process).first(where: { $0.inode == inode }),
                let user = ProcFS.user(of: process)
            else { continue }
            let command = ProcFS.arguments(of: process).joined(separator: " ")
            return SocketOwner(process: process, user: user, command: command, descriptor: socket.descriptor)
        }
        return nil
    }
}
