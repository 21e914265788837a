internal import CLinux
internal import Glibc

/// Waits for many descriptors at once (epoll(7)).
///
/// A token belongs to one registration and is never used again, so that an event for a descriptor that was closed
/// and whose number now means another file is recognised. Every descriptor must be removed before it is closed:
/// a child between clone and exec holds copies, and a closed file would stay in the set.
public struct Poller: ~Copyable, Sendable {
    public struct Interest: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        public static let readable = Interest(rawValue: 0x1)
        public static let writable = Interest(rawValue: 0x4)
        public static let failed = Interest(rawValue: 0x8)
        public static let hungUp = Interest(rawValue: 0x10)
        public static let readHungUp = Interest(rawValue: 0x2000)
        public static let edgeTriggered = Interest(rawValue: 1 << 31)
        public static let oneShot = Interest(rawValue: 1 << 30)
    }

    public struct Event: Sendable {
        public var token: UInt64
        public var what: Interest
    }

    private let descriptor: Descriptor

    /// Readable when something here is ready: one set may wait for another.
    public var number: Int32 { descriptor.number }

    public init() throws(SystemError) {
        descriptor = Descriptor(owning: try check(clinux_epoll_create(), "create an epoll set"))
    }

    public func add(_ number: Int32, token: UInt64, for interest: Interest) throws(SystemError) {
        try control(1, number, token, interest)
    }

    /// Also re-arms a one-shot registration.
    public func change(_ number: Int32, token: UInt64, for interest: Interest) throws(SystemError) {
        try control(3, number, token, interest)
    }

    public func remove(_ number: Int32) {
        _ = clinux_epoll_control(descriptor.number, 2, number, 0, 0)
    }

    /// Waits until something is ready or the time has passed (nil: for ever). May return nothing.
    ///
    /// At rest this first lets go of the memory that holds the program's code (madvise(2), MADV_DONTNEED), of what was freed
    /// (malloc_trim(3)), and of the stack that is not used. Code that is needed again comes back by itself, 64 KiB at a
    /// time; so nothing may run between the one and the other.
    public func wait(atMost limit: Duration?, atRest: Bool = false) throws(SystemError) -> [Event] {
        var batch = [clinux_event](repeating: clinux_event(), count: clinux_event_batch)
        let nanoseconds = limit.map { max(0, $0.wholeNanoseconds) } ?? -1
        let count = try check(
            clinux_epoll_wait(descriptor.number, &batch, nanoseconds, atRest ? 1 : 0),
            "wait for events")
        return batch.prefix(Int(count)).map { Event(token: $0.token, what: Interest(rawValue: $0.events)) }
    }

    private func control(
        _ operation: Int32, _ number: Int32, _ token: UInt64, _ interest: Interest
    ) throws(SystemError) {
        try check(
            clinux_epoll_control(descriptor.number, operation, number, interest.rawValue, token),
            "watch a descriptor")
    }
}

extension Duration {
    var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
