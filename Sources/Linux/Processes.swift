internal import CLinux
internal import Glibc

/// Other processes, as the kernel lets us know and touch them.
public enum Processes {
    /// A descriptor that means this process and no later one of the same number (pidfd_open(2)).
    public static func open(_ process: Int32) throws(SystemError) -> Descriptor {
        Descriptor(owning: try check(clinux_pidfd_open(process), "open process \(process)"))
    }

    /// Nil: it is gone.
    public static func openIfThere(_ process: Int32) throws(SystemError) -> Descriptor? {
        do throws(SystemError) {
            return try open(process)
        } catch {
            if error.isShortage { throw error }
            return nil
        }
    }

    /// pidfd_send_signal(2); false: it is gone.
    @discardableResult
    public static func signal(_ signal: Int32, through descriptor: Int32) throws(SystemError) -> Bool {
        let result = clinux_pidfd_send_signal(descriptor, signal)
        if result == -ESRCH { return false }
        try check(result, "send signal \(signal)")
        return true
    }

    /// kill(2) of a whole process group; false: nobody is in it.
    @discardableResult
    public static func signal(_ signal: Int32, group: Int32) throws(SystemError) -> Bool {
        precondition(group > 1, "group 0 is our own, and -1 means everybody")
        guard kill(-group, signal) < 0 else { return true }
        if errno == ESRCH { return false }
        throw SystemError("send signal \(signal) to group \(group)", code: errno)
    }

    /// A copy of the descriptor that another process has under `number` (pidfd_getfd(2)).
    public static func borrow(_ number: Int32, through descriptor: Int32) throws(SystemError) -> Descriptor {
        let copy = clinux_pidfd_getfd(descriptor, number)
        // EBADF says that the other process has no such descriptor, which is the world's doing.
        guard copy >= 0 else { throw SystemError("borrow descriptor \(number)", code: -copy) }
        return Descriptor(owning: copy)
    }

    /// Reads another process' memory: by /proc/PID/mem (proc(5)), else by process_vm_readv(2).
    public static func memory(
        of thread: Int32, at address: UInt64, count: Int
    ) throws(SystemError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var length = -Int(EACCES)
        let file = Glibc.open("/proc/\(thread)/mem", O_RDONLY | O_CLOEXEC)
        if file >= 0 {
            length = pread(file, &bytes, count, Int(bitPattern: UInt(address)))
            if length < 0 { length = -Int(errno) }
            _ = close(file)
        }
        if length < 0 { length = Int(clinux_read_memory(thread, address, &bytes, count)) }
        // EFAULT says that the address is not the other process', which is its doing.
        guard length >= 0 else {
            throw SystemError("read memory of process \(thread)", code: Int32(-length))
        }
        return Array(bytes.prefix(length))
    }

    /// The process that a thread belongs to (`Tgid` of proc(5)); nil: it is gone.
    public static func owner(ofThread thread: Int32) -> Int32? {
        guard let status = contents(of: "/proc/\(thread)/status") else { return nil }
        let field = status.split(separator: "\n").first { $0.hasPrefix("Tgid:") }
        return field.flatMap { Int32($0.dropFirst(5).drop { $0 == "\t" || $0 == " " }) }
    }

    /// Makes orphaned descendants children of this process (prctl(2), PR_SET_CHILD_SUBREAPER).
    public static func adoptOrphans() throws(SystemError) {
        try check(clinux_set_child_subreaper(), "adopt orphans")
    }
}

/// The end of a child, with what it consumed (wait4(2)).
public struct Reaped: Equatable, Sendable {
    public var process: Int32
    public var end: End
    public var processorTime: Duration
    /// ru_maxrss in bytes (getrusage(2)).
    public var peakMemory: UInt64

    public enum End: Equatable, Sendable {
        case code(Int32)
        case signal(Int32)
    }

    public init(process: Int32, end: End, processorTime: Duration = .zero, peakMemory: UInt64 = 0) {
        self.process = process
        self.end = end
        self.processorTime = processorTime
        self.peakMemory = peakMemory
    }
}

extension Processes {
    /// How a process ended that is somebody else's child (ioctl_pidfd(2), since Linux 6.15); nil: nobody has reaped it yet,
    /// or the kernel is older.
    public static func end(through descriptor: Int32) -> Reaped.End? {
        var raw = clinux_exit()
        guard clinux_pidfd_exit(descriptor, &raw) == 1 else { return nil }
        return raw.signal != 0 ? .signal(raw.signal) : .code(raw.code)
    }

    /// The next child that has ended, of all or of one; nil: none has. Never waits.
    public static func reap(_ process: Int32 = -1) throws(SystemError) -> Reaped? {
        var raw = clinux_exit()
        let result = clinux_reap(process, &raw)
        if result == 0 || result == -ECHILD { return nil }
        try check(result, "reap a child")
        return Reaped(
            process: raw.process, end: raw.signal != 0 ? .signal(raw.signal) : .code(raw.code),
            processorTime: .microseconds(raw.user_microseconds + raw.system_microseconds),
            peakMemory: raw.peak_bytes)
    }
}
