internal import Linux

/// One look at the kernel's connections, shared by everybody who looks at the same moment: a walk over the machine's
/// table costs milliseconds.
struct Survey {
    private struct Place: Hashable {
        var port: UInt16
        var family: SocketAddress.Family
        var states: Set<TCPConnection.State>
    }

    private let diagnostics: SocketDiagnostics
    private var seen: [Place: [TCPConnection]] = [:]
    private(set) var failure: SystemError?

    init(_ diagnostics: SocketDiagnostics) {
        self.diagnostics = diagnostics
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
        do throws(SystemError) {
            let found = try diagnostics.connections(onPort: place.port, of: place.family, in: place.states)
            seen[place] = found
            return found
        } catch {
            failure = error
            return []
        }
    }
}
