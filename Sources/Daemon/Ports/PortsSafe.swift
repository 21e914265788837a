internal import Keeper
internal import Linux

/// What the ports ask of the keeper, which outlives the daemon and may look into every instance.
struct PortsSafe {
    /// Keeps a copy under a key until it is withdrawn.
    var deposit: (_ key: String, _ descriptor: SharedDescriptor) -> Void
    var withdraw: (_ key: String) -> Void
    /// Fetches what a waiting system call names; answers later, from the loop.
    var borrow: (_ order: BorrowOrder, _ then: @escaping (Borrowed) -> Void) -> Void
}

/// What to fetch: a descriptor of a thread's process, and some of its memory.
struct BorrowOrder: Equatable, Sendable {
    var thread: Int32
    var descriptor: Int32
    var address: UInt64 = 0
    var count: Int = 0
}

/// What a system call named by number and address.
///
/// Everything may be stale by the time it is read, because the thread can be killed and its number given away:
/// the filter's listener knows whether the call still waits.
struct Borrowed: Sendable {
    /// The process of the thread; nil: it is gone.
    var process: Int32?
    /// A copy of the descriptor, or why there is none.
    var descriptor: Result<SharedDescriptor, SystemError>
    var bytes: [UInt8]
}

extension PortsSafe {
    init(_ keeper: KeeperLink) {
        deposit = { keeper.deposit(key: $0, $1) }
        withdraw = { keeper.withdraw(key: $0) }
        borrow = { order, then in
            let memory = order.count > 0 ? (order.address, order.count) : nil
            keeper.borrow(process: order.thread, descriptor: order.descriptor, memory: memory) { outcome in
                then(Borrowed(outcome, order))
            }
        }
    }
}

extension Borrowed {
    fileprivate init(_ outcome: KeeperLink.BorrowOutcome, _ order: BorrowOrder) {
        process = Processes.owner(ofThread: order.thread)
        switch outcome {
        case .success(let borrowed):
            descriptor = .success(borrowed.descriptor)
            bytes = borrowed.memory
        case .failure(let error):
            descriptor = .failure(error)
            // Where descriptors may not be borrowed, memory may be read all the same; if not, there is no address.
            let memory = try? Processes.memory(of: order.thread, at: order.address, count: order.count)
            bytes = error.isRefusal && order.count > 0 ? memory ?? [] : []
        }
    }
}
