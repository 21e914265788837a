internal import CLinux

/// Whose rights count when files are touched: a user, a group and more groups (setfsuid(2), credentials(7)).
public struct FileIdentity: Equatable, Sendable {
    public var user: UInt32
    public var group: UInt32
    public var groups: [UInt32]

    /// Of a process (proc_pid_status(5)); nil: it is gone.
    public init?(of process: Int32) {
        // The fourth of each is for files.
        guard let user = ProcFS.status(of: process, "Uid")?.last.flatMap({ UInt32($0) }),
            let group = ProcFS.status(of: process, "Gid")?.last.flatMap({ UInt32($0) }),
            let groups = ProcFS.status(of: process, "Groups")
        else { return nil }
        self.user = user
        self.group = group
        self.groups = groups.compactMap { UInt32($0) }
    }

    /// Does something with the rights of another process's user; other threads keep their own.
    ///
    /// Root's own processes, and those of the caller's user, are the caller itself.
    public static func act<Result>(
        as process: Int32, _ body: () throws(SystemError) -> Result
    ) throws(SystemError) -> Result {
        guard let own = FileIdentity(of: ThisProcess.thread), let theirs = FileIdentity(of: process) else {
            throw SystemError("act for process \(process)", code: SystemError.invalid)
        }
        guard theirs != own, ThisProcess.user == 0 else { return try body() }
        try theirs.assume()
        defer { own.resume() }
        return try body()
    }

    private func resume() {
        // Nothing can take from root the right to become itself again; going on as somebody else would be worse.
        do { try assume() } catch { preconditionFailure("\(error)") }
    }

    private func assume() throws(SystemError) {
        try check(
            clinux_set_file_identity(user, group, groups, groups.count), "act for user \(user)")
    }
}
