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
    private var free: [Int]

    init(_ file: borrowing Descriptor) throws(SystemError) {
        mapping = try SharedMapping(file, length: Self.capacity * Self.stride)
        free = []
        free = (0..<Self.capacity).reversed().filter { owner(of: $0) == 0 }
    }

    static func create() throws(SystemError) -> Descriptor { try MemoryFile.create("swpm-calls") }

    /// Nil: there are more than there can be.
    func claim(for instance: InstanceID) -> Int? {
        guard let slot = free.popLast() else { return nil }
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
        for slot in 0..<Self.capacity where owner(of: slot) != 0 {
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
            let start = slot * Self.stride
            return body(UnsafeMutableRawBufferPointer(rebasing: all[start..<(start + Self.stride)]))
        }
    }
}
