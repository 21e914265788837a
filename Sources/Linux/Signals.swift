internal import CLinux
internal import Glibc

/// What this process does about signals (signal(7)).
public enum Signals {
    public static let hangup = SIGHUP
    public static let interrupt = SIGINT
    public static let quit = SIGQUIT
    public static let abort = SIGABRT
    public static let kill = SIGKILL
    public static let user1 = SIGUSR1
    public static let user2 = SIGUSR2
    public static let brokenPipe = SIGPIPE
    public static let fileTooLarge = SIGXFSZ
    public static let terminate = SIGTERM
    public static let child = SIGCHLD
    public static let `continue` = SIGCONT
    public static let stop = SIGSTOP
    public static let terminalStop = SIGTSTP
    public static let windowChange = SIGWINCH

    /// Holds signals back in the calling thread, and in threads that it starts later.
    public static func block(_ numbers: [Int32]) { _ = clinux_signal_mask(0, mask(numbers)) }

    public static func unblock(_ numbers: [Int32]) { _ = clinux_signal_mask(1, mask(numbers)) }

    /// Throws a signal away, for the whole process and for programs that it becomes.
    public static func ignore(_ number: Int32) { _ = clinux_signal_ignore(number) }

    /// Everything as a new program expects it: nothing blocked, nothing ignored, nothing handled.
    public static func reset() {
        for number in 1...64 where number != SIGKILL && number != SIGSTOP {
            _ = clinux_signal_default(Int32(number))
        }
        _ = clinux_signal_mask(2, 0)
    }

    /// Sends a signal (kill(2)); a negative target is a process group. False when there is no such process.
    @discardableResult
    public static func send(_ number: Int32, to target: Int32) throws(SystemError) -> Bool {
        if Glibc.kill(target, number) == 0 { return true }
        guard errno == ESRCH else { throw SystemError("send a signal to \(target)", code: errno) }
        return false
    }

    /// Sends a signal to the calling thread (raise(3)).
    public static func raise(_ number: Int32) { Glibc.raise(number) }

    static func mask(_ numbers: [Int32]) -> UInt64 {
        numbers.reduce(0) { $0 | 1 << UInt64($1 - 1) }
    }
}

/// Signals as something to read (signalfd(2)).
///
/// It blocks them for the calling thread, because what is not blocked is delivered the old way.
public struct SignalQueue: ~Copyable {
    public let descriptor: Descriptor

    public init(for numbers: [Int32]) throws(SystemError) {
        Signals.block(numbers)
        let number = clinux_signal_descriptor(Signals.mask(numbers))
        descriptor = Descriptor(owning: try check(number, "listen for signals"))
    }

    /// The next signal that came, or nil. Several of one kind may arrive as one.
    public borrowing func next() throws(SystemError) -> Int32? {
        let number = try check(clinux_signal_next(descriptor.number), "read a signal")
        return number == 0 ? nil : number
    }
}
