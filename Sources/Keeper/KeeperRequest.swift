/// What the daemon asks of the keeper, one packet each.
public enum KeeperRequest: Equatable, Sendable {
    /// Hold the descriptor that comes along under this key, in place of the one that was there.
    case deposit(key: String)
    /// Let go of it.
    case withdraw(key: String)
    /// Let go of everything whose key begins so.
    case withdrawAll(prefix: String)
    case borrow(Loan)
    /// The oldest exit of this process need not be kept any longer.
    case acknowledge(process: Int32)
    /// Say everything that is held and known.
    case list
    /// End when the daemon ends, instead of starting it again.
    case quit
    /// Become the program that comes along, if that proves itself.
    case update
    /// The daemon's loop goes round.
    case well

    public static let keyLimit = 200
    /// More than the longest packet in either direction.
    public static let packetLimit = 4096
}

/// A look into a process: one of its descriptors, and a piece of its memory.
public struct Loan: Equatable, Sendable {
    public static let memoryLimit = 128

    /// Comes back with the answer.
    public var ticket: UInt64
    /// A process or one of its threads.
    public var process: Int32
    public var descriptor: Int32
    public var address: UInt64
    /// 0: no memory is wanted.
    public var length: Int

    public init(ticket: UInt64, process: Int32, descriptor: Int32, address: UInt64 = 0, length: Int = 0) {
        precondition((0...Loan.memoryLimit).contains(length), "a loan of memory is small")
        self.ticket = ticket
        self.process = process
        self.descriptor = descriptor
        self.address = address
        self.length = length
    }
}

// MARK: - As bytes

extension KeeperRequest {
    public func encoded() -> [UInt8] {
        switch self {
        case .deposit(let key): KeeperRequest.packet(1, key)
        case .withdraw(let key): KeeperRequest.packet(2, key)
        case .withdrawAll(let prefix): KeeperRequest.packet(3, prefix)
        case .borrow(let loan): loan.encoded(as: 4)
        case .acknowledge(let process): KeeperRequest.packet(5, process)
        case .list: [6]
        case .quit: [7]
        case .update: [8]
        case .well: [9]
        }
    }

    /// Nil: these bytes are no request.
    public init?(decoding bytes: [UInt8]) {
        var reader = PacketReader(bytes)
        guard let kind = reader.number(UInt8.self),
            let request = KeeperRequest.decode(kind, &reader), reader.isAtEnd
        else { return nil }
        self = request
    }

    private static func decode(_ kind: UInt8, _ reader: inout PacketReader) -> KeeperRequest? {
        switch kind {
        case 1: reader.text(atMost: keyLimit).map { .deposit(key: $0) }
        case 2: reader.text(atMost: keyLimit).map { .withdraw(key: $0) }
        case 3: reader.text(atMost: keyLimit).map { .withdrawAll(prefix: $0) }
        case 4: Loan(from: &reader).map { .borrow($0) }
        case 5: reader.number().map { .acknowledge(process: $0) }
        case 6: .list
        case 7: .quit
        case 8: .update
        case 9: .well
        default: nil
        }
    }

    private static func packet(_ kind: UInt8, _ key: String) -> [UInt8] {
        precondition(key.utf8.count <= keyLimit, "a key is short")
        var writer = PacketWriter(kind)
        writer.put(key)
        return writer.bytes
    }

    private static func packet(_ kind: UInt8, _ process: Int32) -> [UInt8] {
        var writer = PacketWriter(kind)
        writer.put(process)
        return writer.bytes
    }
}

extension Loan {
    fileprivate func encoded(as kind: UInt8) -> [UInt8] {
        var writer = PacketWriter(kind)
        writer.put(ticket)
        writer.put(process)
        writer.put(descriptor)
        writer.put(address)
        writer.put(UInt16(length))
        return writer.bytes
    }

    fileprivate init?(from reader: inout PacketReader) {
        guard let ticket = reader.number(UInt64.self), let process = reader.number(Int32.self),
            let descriptor = reader.number(Int32.self), let address = reader.number(UInt64.self),
            let length = reader.number(UInt16.self), length <= Loan.memoryLimit
        else { return nil }
        self.init(
            ticket: ticket, process: process, descriptor: descriptor, address: address, length: Int(length))
    }
}
