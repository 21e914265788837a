internal import Glibc

/// An open file descriptor, closed exactly once, when its owner goes (close(2)).
public struct Descriptor: ~Copyable, Sendable {
    /// The number, for calls and tables. It must not be closed by anybody else.
    public let number: Int32

    /// Takes ownership.
    public init(owning number: Int32) {
        precondition(number >= 0, "a descriptor is never negative")
        self.number = number
    }

    deinit { _ = close(number) }

    /// Gives ownership away.
    public consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// A second descriptor for the same open file description, close-on-exec (fcntl(2), F_DUPFD_CLOEXEC).
    public borrowing func duplicate() throws(SystemError) -> Descriptor { try Descriptor.copy(of: number) }

    /// The same, of one that somebody else owns.
    public static func copy(of number: Int32) throws(SystemError) -> Descriptor {
        let copy = fcntl(number, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw SystemError("duplicate a descriptor", code: errno) }
        return Descriptor(owning: copy)
    }
}

/// A descriptor that a table holds: dictionaries cannot hold values that may not be copied.
public final class SharedDescriptor: Sendable {
    public let descriptor: Descriptor
    public var number: Int32 { descriptor.number }

    public init(_ descriptor: consuming Descriptor) {
        self.descriptor = descriptor
    }
}
