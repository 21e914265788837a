internal import CLinux
internal import Glibc
internal import Synchronization

/// A bell that another thread's poller hears (eventfd(2)).
public struct Wakeup: ~Copyable, Sendable {
    public let descriptor: Descriptor

    public init() throws(SystemError) {
        descriptor = Descriptor(owning: try check(clinux_eventfd(), "create an event descriptor"))
    }

    public borrowing func ring() {
        var one: UInt64 = 1
        _ = write(descriptor.number, &one, 8)
    }

    /// Silences it until the next ring.
    public borrowing func clear() {
        var count: UInt64 = 0
        _ = read(descriptor.number, &count, 8)
    }
}

/// A queue from one thread to another whose descriptor is readable while something is in it.
///
/// A class, because both threads hold the same one.
public final class Mailbox<Letter: Sendable>: Sendable {
    private let letters = Mutex<[Letter]>([])
    private let wakeup: Wakeup

    public init() throws(SystemError) { wakeup = try Wakeup() }

    /// For the receiver's poller.
    public var number: Int32 { wakeup.descriptor.number }

    public func send(_ letter: Letter) {
        let wasEmpty = letters.withLock { queue in
            queue.append(letter)
            return queue.count == 1
        }
        if wasEmpty { wakeup.ring() }
    }

    /// Everything that was sent, oldest first.
    public func take() -> [Letter] {
        wakeup.clear()
        return letters.withLock { queue in
            let taken = queue
            queue = []
            return taken
        }
    }
}
