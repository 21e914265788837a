internal import Glibc

/// What the kernel refused, in the words of the attempt.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The attempt as an infinitive: "open /var/log/x".
    public var attempt: String
    /// errno(3).
    public var code: Int32

    public init(_ attempt: String, code: Int32) {
        self.attempt = attempt
        self.code = code
    }

    /// "cannot open /var/log/x: Permission denied".
    public var description: String { "cannot \(attempt): \(reason)" }

    /// What the kernel said: strerror(3).
    public var reason: String { String(cString: strerror(code)) }
}

// MARK: - What callers tell apart

extension SystemError {
    public static let invalid = EINVAL
    public static let noSpace = ENOSPC
    public static let noSuchFile = ENOENT
    public static let addressInUse = EADDRINUSE
    public static let accessDenied = EACCES
    public static let noSuchFamily = EAFNOSUPPORT
    public static let noSuchAddress = EADDRNOTAVAIL
    public static let badDescriptor = EBADF
    public static let tooLong = E2BIG
    public static let messageTooLong = EMSGSIZE
    public static let tooManyFiles = EMFILE
    public static let timedOut = ETIMEDOUT

    /// There is no such file.
    public var isMissing: Bool { code == ENOENT || code == ENOTDIR }

    /// There is not enough of something now, for this process or for the whole machine; it is not the object's fault.
    public var isShortage: Bool { [EMFILE, ENFILE, ENOMEM, ENOBUFS, EAGAIN, EADDRNOTAVAIL].contains(code) }

    /// The kernel, or a container's rules, do not let us; it is not the object's fault.
    public var isRefusal: Bool { code == EPERM || code == EACCES || code == ENOSYS }
}

/// Turns the C target's "a value, or -errno" into a value or a thrown error.
///
/// A bad descriptor or address is a mistake of this program, never of the world: those trap.
@discardableResult
func check(_ result: Int32, _ attempt: @autoclosure () -> String) throws(SystemError) -> Int32 {
    guard result < 0 else { return result }
    precondition(result != -EBADF && result != -EFAULT, "cannot \(attempt()): errno \(-result)")
    throw SystemError(attempt(), code: -result)
}
