internal import Linux
internal import Supervision

/// One look at the kernel's connections, shared by everybody who looks at the same moment: a walk over the machine's
/// table costs milliseconds.
struct Survey {
    private struct Place: Hashable {
        var port: UInt16
        var family: SocketAddress.Family
        var states: Set<TCPConnection.State>
    }

    private let diagnostics: SocketDiagnostics
    private let costs: LookCosts
    private var seen: [Place: [TCPConnection]] = [:]
    private(set) var failure: SystemError?

    init(_ diagnostics: SocketDiagnostics, _ costs: LookCosts) {
        self.diagnostics = diagnostics
        self.costs = costs
    }

    mutating func connections(
        of held: [HeldListener], in states: Set<TCPConnection.State>
    ) -> [TCPConnection] {
        let places = Set(
            held.map { listener in
                let socket = listener.group.address.socket
                return Place(port: socket.port, family: socket.family, states: states)
            })
        return places.flatMap { look($0) }
    }

    private mutating func look(_ place: Place) -> [TCPConnection] {
        if let known = seen[place] { return known }
        let began = Instant.now
        do throws(SystemError) {
            let found = try diagnostics.connections(onPort: place.port, of: place.family, in: place.states)
            costs.table = .now - began
            seen[place] = found
            return found
        } catch {
            failure = error
            return []
        }
    }
}

// MARK: - Again

extension Survey {
    private static let living: Set<TCPConnection.State> = [.established, .closeWait]

    /// These connections as they are now, without those that have ended.
    mutating func refreshed(
        _ known: [TCPConnection], of held: [HeldListener]
    ) -> [TCPConnection.Cookie: TCPConnection] {
        let found =
            costs.prefersTable(for: known.count)
            ? connections(of: held, in: Self.living) : eachRefreshed(known)
        return Dictionary(found.map { ($0.identity, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private func eachRefreshed(_ known: [TCPConnection]) -> [TCPConnection] {
        let began = Instant.now
        let found = known.compactMap { connection -> TCPConnection? in
            // One that cannot be asked about is gone.
            guard let now = try? diagnostics.refreshed(connection) else { return nil }
            return Self.living.contains(now.state) ? now : nil
        }
        if !known.isEmpty { costs.single = (.now - began) / known.count }
        return found
    }
}

/// What looking costs on this machine, by the last time: the whole table, or one connection.
///
/// A class, because every look shares it.
final class LookCosts {
    var table = Duration.milliseconds(10)
    var single = Duration.microseconds(5)

    func prefersTable(for count: Int) -> Bool { single * count > table }
}
