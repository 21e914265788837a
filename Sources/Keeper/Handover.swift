public import Linux

/// What a keeper leaves to the program it becomes: which descriptor is what, and what was not told yet.
///
/// The next program may be an older or a newer swpm, and may have to leave everything to this one again. So the layout
/// grows at its end only, and a reader ignores what follows what it knows.
public struct Handover: Equatable, Sendable {
    /// Changed only when an older reader would misunderstand; it then refuses, and nothing has happened.
    static let version: UInt8 = 1

    public struct Deposit: Equatable, Sendable {
        public var key: String
        public var number: Int32

        public init(_ key: String, _ number: Int32) {
            self.key = key
            self.number = number
        }
    }

    /// The lock of the home.
    public var lock: Int32
    /// What RLIMIT_NOFILE was before the keeper raised its own.
    public var openFiles: ResourceLimit
    public var deposits: [Deposit]
    /// Ends that no daemon has acknowledged.
    public var exits: [ReapedProcess]

    public init(lock: Int32, openFiles: ResourceLimit, deposits: [Deposit], exits: [ReapedProcess]) {
        self.lock = lock
        self.openFiles = openFiles
        self.deposits = deposits
        self.exits = exits
    }
}

// MARK: - As bytes

extension Handover {
    public func encoded() -> [UInt8] {
        var writer = PacketWriter(Handover.version)
        writer.put(lock)
        writer.put(openFiles.soft)
        writer.put(openFiles.hard)
        writer.put(UInt32(deposits.count))
        for deposit in deposits {
            writer.put(deposit.key)
            writer.put(deposit.number)
        }
        writer.put(UInt32(exits.count))
        for exit in exits { exit.encode(to: &writer) }
        return writer.bytes
    }

    /// Nil: these bytes are no handover, or one of a layout that this program does not know.
    public init?(decoding bytes: [UInt8]) {
        var reader = PacketReader(bytes)
        guard reader.number(UInt8.self) == Handover.version, let lock = reader.number(Int32.self),
            let soft = reader.number(UInt64.self), let hard = reader.number(UInt64.self),
            let deposits = Handover.deposits(&reader), let exits = Handover.exits(&reader)
        else { return nil }
        self.init(
            lock: lock, openFiles: ResourceLimit(.openFiles, soft: soft, hard: hard), deposits: deposits,
            exits: exits)
    }

    private static func deposits(_ reader: inout PacketReader) -> [Deposit]? {
        guard let count = reader.number(UInt32.self), count <= Deposits.limit else { return nil }
        var deposits: [Deposit] = []
        for _ in 0..<count {
            guard let key = reader.text(atMost: KeeperRequest.keyLimit),
                let number = reader.number(Int32.self)
            else { return nil }
            deposits.append(Deposit(key, number))
        }
        return deposits
    }

    private static func exits(_ reader: inout PacketReader) -> [ReapedProcess]? {
        guard let count = reader.number(UInt32.self), count <= UnacknowledgedExits.limit else { return nil }
        var exits: [ReapedProcess] = []
        for _ in 0..<count {
            guard let exit = ReapedProcess(from: &reader) else { return nil }
            exits.append(exit)
        }
        return exits
    }
}

/// How a keeper that was another program a moment ago is told so, on its command line.
public struct Resumption: Equatable, Sendable {
    /// The memory file with the handover.
    public var handover: Int32
    /// The program it was before, to go back to; nil: it is back.
    public var previous: Int32?
    /// Why it is back.
    public var reason: String

    public init(handover: Int32, previous: Int32? = nil, reason: String = "") {
        self.handover = handover
        self.previous = previous
        self.reason = reason
    }

    static let word = "--resume"

    var arguments: [String] {
        ["keeper", Resumption.word, "\(handover)", previous.map { "\($0)" } ?? "none", reason]
    }

    /// Nil: these arguments of `keeper` say nothing of it.
    public init?(_ arguments: [String]) {
        guard arguments.count == 4, arguments[0] == Resumption.word, let handover = Int32(arguments[1]) else {
            return nil
        }
        self.init(handover: handover, previous: Int32(arguments[2]), reason: arguments[3])
    }
}
