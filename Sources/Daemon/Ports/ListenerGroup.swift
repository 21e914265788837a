internal import Linux
internal import Supervision

/// The held listeners of one app on one address, in the kernel's order.
///
/// A steering program names sockets by their position, and nothing can ask the kernel for it: a listener goes to
/// the end when it begins to listen, and when one ends, the last takes its place. So whoever makes them begin and
/// end must count, and this is the count.
struct ListenerGroup: Equatable {
    struct Key: Hashable {
        var app: AppName
        var address: BoundAddress
    }

    let key: Key
    /// Sockets share an address only with those of the same owner.
    let user: UInt32
    /// Serial numbers of held listeners.
    private(set) var order: [UInt64] = []

    init(_ key: Key, user: UInt32) {
        self.key = key
        self.user = user
    }

    mutating func append(_ serial: UInt64) {
        precondition(!order.contains(serial), "a listener was in its group already")
        order.append(serial)
    }

    mutating func remove(_ serial: UInt64) {
        guard let position = order.firstIndex(of: serial) else { return }
        order[position] = order[order.count - 1]
        order.removeLast()
    }

    /// What a program must not name while this one ends: its own position, whoever is there by then, and that of
    /// the last, which moves.
    func unsettled(by serial: UInt64) -> Set<UInt64> {
        Set([serial] + order.suffix(1))
    }

    /// A program for new connections; nil: nobody receives any.
    func program(
        weights: [UInt64: Int], sources: [UInt64: [SteeringProgram.Source]], places: Places = Places(),
        by balance: AppSpec.Balance
    ) -> SteeringProgram? {
        let members = order.enumerated().map { position, serial in
            SteeringProgram.Member(
                position: position, weight: weights[serial] ?? 0, sources: sources[serial] ?? [],
                place: places.bySerial[serial])
        }
        switch balance {
        case .automatic, .random, .shared: return SteeringProgram(members, by: .random)
        case .ip where places.keepClients(of: members):
            return SteeringProgram(members, by: .place(of: places.count))
        case .ip:
            let sorted = members.sorted { ($0.place ?? .max, $0.position) < ($1.place ?? .max, $1.position) }
            return SteeringProgram(sorted, by: .byClientAddress)
        }
    }

    /// The slots of the listeners: whoever comes to stand in a slot gets the clients that met its predecessor there.
    struct Places: Equatable {
        /// How many there are, taken or not.
        var count = 0
        var bySerial: [UInt64: Int] = [:]

        /// One receiver for each place, and the same share for all: a canary has other shares.
        fileprivate func keepClients(of members: [SteeringProgram.Member]) -> Bool {
            let receivers = members.filter { $0.weight > 0 }
            let taken = Set(receivers.compactMap(\.place))
            return count > 0 && taken.count == receivers.count && Set(receivers.map(\.weight)).count <= 1
        }
    }
}
