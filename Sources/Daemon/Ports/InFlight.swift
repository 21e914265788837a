internal import Linux
internal import Supervision

/// The calls that were taken from the kernel and not answered, in memory that outlives the daemon.
///
/// The kernel tells of each call once. If the daemon dies between hearing of it and answering it, the program
/// would wait for ever; its successor finds the call here.
final class InFlight {
    static let key = "ports/calls"
    static let capacity = 2 * Limits.instances
    private static let stride = 96

    private let mapping: SharedMapping
    /// Slots that were used and are not, below `used`.
    private var free: [Int] = []

    init(_ file: borrowing Descriptor) throws(SystemError) {
        mapping = try SharedMapping(file, length: (Self.capacity + 1) * Self.stride)
        free = (0..<used).filter { owner(of: $0) == 0 }
    }

    /// How many slots were ever used. It stands before them, so that a page that was not needed is never touched.
    private var used: Int {
        get { withSlot(-1) { Int($0.load(as: UInt64.self)) } }
        set { withSlot(-1) { $0.storeBytes(of: UInt64(newValue), as: UInt64.self) } }
    }

    static func create() throws(SystemError) -> Descriptor { try MemoryFile.create("swpm-calls") }

    /// Nil: there are more than there can be.
    func claim(for instance: InstanceID) -> Int? {
        guard let slot = free.popLast() ?? (used < Self.capacity ? used : nil) else { return nil }
        used = max(used, slot + 1)
        withSlot(slot) { bytes in
            bytes.initializeMemory(as: UInt8.self, repeating: 0)
            bytes.storeBytes(of: instance.number, as: UInt64.self)
        }
        return slot
    }

    func giveBack(_ slot: Int) {
        withSlot(slot) { _ = $0.initializeMemory(as: UInt8.self, repeating: 0) }
        free.append(slot)
    }

    /// Takes the next call; what is in the slot stays there until `clear`.
    func receive(
        _ listener: SeccompListener, slot: Int
    ) throws(SystemError) -> SeccompListener.Notification? {
        let result = withSlot(slot) { bytes -> Result<SeccompListener.Notification?, SystemError> in
            let room = UnsafeMutableRawBufferPointer(
                rebasing: bytes[8..<(8 + SeccompListener.notificationSize)])
            return Result { () throws(SystemError) in try listener.receive(into: room) }
        }
        return try result.get()
    }

    /// After the answer.
    func clear(_ slot: Int) {
        withSlot(slot) { bytes in
            let room = UnsafeMutableRawBufferPointer(rebasing: bytes[8...])
            room.initializeMemory(as: UInt8.self, repeating: 0)
        }
    }

    /// What a previous daemon left, by instance.
    func remains() -> [InstanceID: (slot: Int, call: SeccompListener.Notification?)] {
        var found: [InstanceID: (slot: Int, call: SeccompListener.Notification?)] = [:]
        for slot in 0..<used where owner(of: slot) != 0 {
            let call = withSlot(slot) { bytes in
                SeccompListener.Notification(UnsafeRawBufferPointer(rebasing: bytes[8...]))
            }
            found[InstanceID(owner(of: slot))] = (slot, call)
        }
        return found
    }

    private func owner(of slot: Int) -> UInt64 {
        withSlot(slot) { $0.load(as: UInt64.self) }
    }

    @discardableResult
    private func withSlot<Value>(_ slot: Int, _ body: (UnsafeMutableRawBufferPointer) -> Value) -> Value {
        mapping.withBytes { all in
            let start = (slot + 1) * Self.stride
            return body(UnsafeMutableRawBufferPointer(rebasing: all[start..<(start + Self.stride)]))
        }
    }
}
