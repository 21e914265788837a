/// A classic BPF program that says which of the sockets on one address gets a new connection.
///
/// The kernel runs it on the first packet of each connection; the answer is the position in the order in which
/// the sockets began to listen. A position beyond the last makes the kernel choose by a hash: a stale program
/// does no harm.
public struct SteeringProgram: Equatable, Sendable {
    public var instructions: [FilterInstruction]

    /// One socket of the group.
    public struct Member: Equatable, Sendable {
        public var position: Int
        /// Its share of new connections; 0: none.
        public var weight: Int
        /// Connections from these loopback addresses go to this member, whatever its weight.
        public var sources: [Source]
        /// Its number among the places of `Choice.place`, kept by whoever follows it; nil: it has none.
        public var place: Int?

        public init(position: Int, weight: Int, sources: [Source] = [], place: Int? = nil) {
            self.position = position
            self.weight = weight
            self.sources = sources
            self.place = place
        }
    }

    public enum Choice: Sendable {
        case random
        /// Always the same member for a client, as long as the members stay.
        case byClientAddress
        /// A client's address has one of so many places, and meets whoever stands there. Only where nobody does it
        /// meets another, always the same, until the place is taken again. Weights count only as none or some.
        case place(of: Int)
    }

    /// The most instructions the kernel takes (BPF_MAXINSNS).
    public static let lengthLimit = 4096

    /// Nil: nobody has a share, or there are too many members to name.
    public init?(_ members: [Member], by choice: Choice) {
        let receivers = members.filter { $0.weight > 0 }
        guard !receivers.isEmpty else { return nil }
        let end: [FilterInstruction]
        switch choice {
        case .random, .byClientAddress: end = Self.choosing(receivers, by: choice)
        case .place(let count): end = Self.placing(receivers, among: count)
        }
        let probed = Self.probing(members)
        instructions = probed + end
        if instructions.count > Self.lengthLimit { return nil }
    }

    /// An address of the loopback network that is kept for reaching one particular member.
    public struct Source: Hashable, Sendable {
        fileprivate var number: UInt32

        /// 127.77.x.y
        public static func first(_ number: UInt16) -> Source { Source(number: firstNetwork | UInt32(number)) }
        /// 127.78.x.y
        public static func second(_ number: UInt16) -> Source {
            Source(number: secondNetwork | UInt32(number))
        }

        /// In network order.
        public var host: [UInt8] {
            stride(from: 24, through: 0, by: -8).map { UInt8(number >> UInt32($0) & 0xff) }
        }
    }

    private static let firstNetwork: UInt32 = 0x7f4d_0000
    private static let secondNetwork: UInt32 = 0x7f4e_0000
}

// MARK: - Parts

extension SteeringProgram {
    /// Offsets from here on count from the network header (SKF_NET_OFF).
    private static let network: UInt32 = 0xfff0_0000
    private static let random: UInt32 = 0xffff_f038
    private static let sourceV4 = network + 12
    private static let sourceV6 = network + 8

    private static let loadWord: UInt16 = 0x20
    private static let loadByte: UInt16 = 0x30
    private static let copyToIndex: UInt16 = 0x07
    private static let and: UInt16 = 0x54
    private static let exclusiveOrIndex: UInt16 = 0xac
    private static let multiply: UInt16 = 0x24
    private static let shiftRight: UInt16 = 0x74
    private static let modulo: UInt16 = 0x94
    private static let divide: UInt16 = 0x34
    private static let copyFromIndex: UInt16 = 0x87
    private static let jumpIfEqual: UInt16 = 0x15
    private static let jumpIfAtLeast: UInt16 = 0x35
    private static let jump: UInt16 = 0x05
    private static let answer: UInt16 = 0x06

    /// Falls through for connections from elsewhere, and for those that are not IPv4.
    private static func probing(_ members: [Member]) -> [FilterInstruction] {
        let answers = members.flatMap { member in
            member.sources.flatMap { source in
                [
                    FilterInstruction(jumpIfEqual, source.number, whenFalse: 1),
                    FilterInstruction(answer, UInt32(member.position)),
                ]
            }
        }
        guard !answers.isEmpty else { return [] }
        // A far jump, because a conditional one reaches 255 instructions only.
        let skip = FilterInstruction(jump, UInt32(answers.count + 1))
        return [
            FilterInstruction(loadByte, network),
            FilterInstruction(and, 0xf0),
            FilterInstruction(jumpIfEqual, 0x40, whenFalse: 5),
            FilterInstruction(loadWord, sourceV4),
            FilterInstruction(copyToIndex, 0),
            FilterInstruction(and, 0xffff_0000),
            FilterInstruction(jumpIfEqual, firstNetwork, whenTrue: 2),
            FilterInstruction(jumpIfEqual, secondNetwork, whenTrue: 1),
            skip,
            FilterInstruction(copyFromIndex, 0),
        ] + answers
    }

    private static func choosing(_ receivers: [Member], by choice: Choice) -> [FilterInstruction] {
        let last = FilterInstruction(answer, UInt32(receivers.last!.position))
        if receivers.count == 1 { return [last] }
        let total = receivers.reduce(0) { $0 + $1.weight }
        var program = number(by: choice) + [FilterInstruction(modulo, UInt32(total))]
        var bound = 0
        for receiver in receivers.dropLast() {
            bound += receiver.weight
            program.append(FilterInstruction(jumpIfAtLeast, UInt32(bound), whenTrue: 1))
            program.append(FilterInstruction(answer, UInt32(receiver.position)))
        }
        return program + [last]
    }

    private static func placing(_ receivers: [Member], among count: Int) -> [FilterInstruction] {
        let placed = receivers.filter { $0.place.map { (0..<count).contains($0) } ?? false }
        let atPlace = placed.flatMap { member in
            [
                FilterInstruction(jumpIfEqual, UInt32(member.place!), whenFalse: 1),
                FilterInstruction(answer, UInt32(member.position)),
            ]
        }
        // Another part of the number says who stands in for the missing, lest all of a place's clients go to one.
        let standIns = receivers.dropLast().enumerated().flatMap { index, member in
            [
                FilterInstruction(jumpIfEqual, UInt32(index), whenFalse: 1),
                FilterInstruction(answer, UInt32(member.position)),
            ]
        }
        return number(by: .byClientAddress)
            + [FilterInstruction(copyToIndex, 0), FilterInstruction(modulo, UInt32(max(1, count)))] + atPlace
            + [
                FilterInstruction(copyFromIndex, 0), FilterInstruction(divide, UInt32(max(1, count))),
                FilterInstruction(modulo, UInt32(receivers.count)),
            ] + standIns + [FilterInstruction(answer, UInt32(receivers.last!.position))]
    }

    private static func number(by choice: Choice) -> [FilterInstruction] {
        switch choice {
        case .random: [FilterInstruction(loadWord, random)]
        case .byClientAddress, .place:
            [
                FilterInstruction(loadByte, network),
                FilterInstruction(and, 0xf0),
                FilterInstruction(jumpIfEqual, 0x40, whenFalse: 2),
                FilterInstruction(loadWord, sourceV4),
                FilterInstruction(jump, 10),
            ] + foldedV6 + mixed
        }
    }

    /// Neighbouring addresses must not be neighbours after the modulo, however large it is: every bit of the address
    /// has a say in every bit of the number.
    private static let mixed =
        folded(by: 16) + [FilterInstruction(multiply, 0x85EB_CA6B)] + folded(by: 13)
        + [FilterInstruction(multiply, 0xC2B2_AE35)] + folded(by: 16)

    private static func folded(by bits: UInt32) -> [FilterInstruction] {
        [
            FilterInstruction(copyToIndex, 0), FilterInstruction(shiftRight, bits),
            FilterInstruction(exclusiveOrIndex, 0),
        ]
    }

    private static let foldedV6 =
        [FilterInstruction(loadWord, sourceV6)]
        + [4, 8, 12].flatMap { (offset: UInt32) in
            [
                FilterInstruction(copyToIndex, 0),
                FilterInstruction(loadWord, sourceV6 + offset),
                FilterInstruction(exclusiveOrIndex, 0),
            ]
        }
}
