internal import CLinux

/// A thread of this process (pthreads(7)), with all signals blocked and a small stack.
public struct Thread: Sendable {
    private let identifier: UInt64

    /// The name has at most 15 bytes; it is what `ps -L` shows.
    public static func start(
        name: String, stackSize: Int = 256 * 1024, body: @escaping @Sendable () -> Void
    ) throws(SystemError) -> Thread {
        var identifier: UInt64 = 0
        let work = Unmanaged.passRetained(Work(body))
        let result = clinux_thread_start(
            name, stackSize, { Unmanaged<Work>.fromOpaque($0!).takeRetainedValue().body() }, work.toOpaque(),
            &identifier)
        if result < 0 { work.release() }
        try check(result, "start the thread \(name)")
        return Thread(identifier: identifier)
    }

    /// Waits for its end. Exactly one of `join` and `detach` belongs to every thread.
    public func join() { _ = clinux_thread_join(identifier) }

    public func detach() { clinux_thread_detach(identifier) }

    /// A class, because a C pointer must lead to it.
    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
}
