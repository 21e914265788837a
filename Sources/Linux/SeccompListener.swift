internal import CLinux
internal import Glibc

/// The other end of a notifying filter (seccomp_unotify(2)): calls wait here for an answer.
///
/// Does not own its descriptor, of which several processes may hold copies.
public struct SeccompListener: Sendable {
    public let number: Int32

    public init(_ number: Int32) { self.number = number }

    /// A call that a thread waits in.
    public struct Notification: Equatable, Sendable {
        public var id: UInt64
        public var thread: Int32
        public var call: Call
        public var arguments: [UInt64]

        public enum Call: Equatable, Sendable {
            case bind, listen
            case other(Int32)
        }

        /// Reads what `receive(into:)` left; nil: zeroes.
        public init?(_ bytes: UnsafeRawBufferPointer) {
            var raw = clinux_notification()
            guard clinux_notification_read(bytes.baseAddress, &raw) != 0 else { return nil }
            let table = SyscallTable.all.first { $0.architecture == raw.architecture }
            let call: Call =
                switch UInt32(raw.number) {
                case table?.bind: .bind
                case table?.listen: .listen
                default: .other(raw.number)
                }
            let arguments = withUnsafeBytes(of: raw.arguments) { Array($0.bindMemory(to: UInt64.self)) }
            self.init(id: raw.id, thread: raw.thread, call: call, arguments: arguments)
        }

        public init(id: UInt64, thread: Int32, call: Call, arguments: [UInt64]) {
            self.id = id
            self.thread = thread
            self.call = call
            self.arguments = arguments
        }
    }

    /// What `receive(into:)` needs.
    public static let notificationSize = Int(clinux_notification_bytes)

    /// The next call; nil: there is none, or its thread is gone again (ENOENT).
    ///
    /// The kernel writes it into `bytes` before anything else happens. If those outlive this process, then whoever
    /// comes next knows what was taken and not answered: nobody else is ever told of it.
    public func receive(into bytes: UnsafeMutableRawBufferPointer) throws(SystemError) -> Notification? {
        precondition(bytes.count >= Self.notificationSize, "a notification needs its room")
        // The kernel would wait for one, and an event can be a stale one.
        var ready = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
        guard poll(&ready, 1, 0) == 1, Int32(ready.revents) & POLLIN != 0 else { return nil }
        memset(bytes.baseAddress!, 0, Self.notificationSize)
        let result = clinux_notification_receive(number, bytes.baseAddress)
        guard try isStillThere(result, "receive a system call") else { return nil }
        return Notification(UnsafeRawBufferPointer(bytes))
    }

    /// Whether the call still waits: anything learnt about its process before is true only if so.
    public func isValid(_ id: UInt64) -> Bool {
        clinux_notification_is_valid(number, id) > 0
    }

    /// Ends the call with a value, or with an error number; false: its thread is gone.
    @discardableResult
    public func respond(_ id: UInt64, value: Int64 = 0, error: Int32 = 0) throws(SystemError) -> Bool {
        try isStillThere(clinux_notification_send(number, id, value, error, 0), "answer a system call")
    }

    /// Lets the kernel carry out the call with what the process' memory says by then; false: its thread is gone.
    @discardableResult
    public func proceed(_ id: UInt64) throws(SystemError) -> Bool {
        try isStillThere(clinux_notification_send(number, id, 0, 0, 1), "continue a system call")
    }

    /// Puts a copy of `descriptor` into the process in place of its own; false: its thread is gone.
    public func inject(
        _ id: UInt64, _ descriptor: Int32, at target: Int32, closeOnExec: Bool
    ) throws(SystemError) -> Bool {
        let result = clinux_notification_inject(number, id, descriptor, target, closeOnExec ? 1 : 0)
        return try isStillThere(result, "replace a descriptor")
    }

    private func isStillThere(_ result: Int32, _ attempt: String) throws(SystemError) -> Bool {
        // EINPROGRESS: it was answered already, and its thread has not woken up yet.
        if result == -ENOENT || result == -EINPROGRESS { return false }
        try check(result, attempt)
        return true
    }
}
