internal import Glibc

/// What a process that waits in a system call named by number and address: its open file, and its memory.
///
/// Everything may be stale by the time it is read, because the thread can be killed and its number given away:
/// ask the listener whether the call still waits (`SeccompListener.isValid`) before acting upon it.
public struct Loan: Sendable {
    /// The process of the thread; nil: it is gone.
    public var process: Int32?
    /// A copy of the descriptor, or why there is none (errno(3)).
    public var descriptor: Result<SharedDescriptor, SystemError>
    public var bytes: [UInt8]

    public init(process: Int32?, descriptor: Result<SharedDescriptor, SystemError>, bytes: [UInt8]) {
        self.process = process
        self.descriptor = descriptor
        self.bytes = bytes
    }

    /// Takes it: the caller must be an ancestor of the process where Yama is (ptrace(2)). `count` 0: no memory.
    public static func take(from thread: Int32, descriptor number: Int32, at address: UInt64, count: Int)
        -> Loan
    {
        // Memory that cannot be read is no address: the caller sees too few bytes.
        let bytes = count > 0 ? (try? Processes.memory(of: thread, at: address, count: count)) ?? [] : []
        guard let process = Processes.owner(ofThread: thread) else {
            return Loan(
                process: nil, descriptor: .failure(SystemError("open a process", code: ESRCH)), bytes: [])
        }
        let descriptor = Result { () throws(SystemError) in
            let handle = try Processes.open(process)
            return SharedDescriptor(try Processes.borrow(number, through: handle.number))
        }
        return Loan(process: process, descriptor: descriptor, bytes: bytes)
    }
}
