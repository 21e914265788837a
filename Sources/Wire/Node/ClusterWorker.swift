/// One Node worker, as its primary knows it: what it listens on, and which descriptor is on its way to it.
struct ClusterWorker: Equatable, Sendable {
    /// By key; what was asked for and not answered yet is in it too.
    private(set) var servers: [String: Server] = [:]
    /// It was told to end, or said that it will: nothing is opened for it any more.
    var isLeaving = false
    private var sequence: Int64 = 0
    private var sending: Parcel?
    private var waiting: [Parcel] = []

    struct Server: Equatable, Sendable {
        var query: ClusterQuery
        /// The number of the question that is not answered yet.
        var unanswered: Int64?
        /// It takes connections.
        var listens = false
        /// A former daemon opened it.
        var wasRestored = false

        /// Whoever died may not have answered: the question is heard again.
        var mayBeAskedAgain: Bool { wasRestored && !listens }
    }

    /// A message that a descriptor goes along with. The next one goes when this one has arrived.
    struct Parcel: Equatable, Sendable {
        var order: ClusterOrder
        /// Whose listener it is.
        var key: String
        var losses = 0
    }

    /// More servers than this in one program are a mistake of it.
    static let serverLimit = 256
    /// How often a descriptor that got lost is sent again.
    static let resendLimit = 3

    init() {}

    /// As a former daemon left it: questions that it had not answered come again.
    init(_ servers: [(query: ClusterQuery, listens: Bool)]) {
        for (query, listens) in servers {
            self.servers[query.key] = Server(query: query, listens: listens, wasRestored: true)
        }
    }
}

// MARK: - Servers

extension ClusterWorker {
    mutating func open(_ query: ClusterQuery, sequence: Int64) {
        servers[query.key] = Server(query: query, unanswered: sequence)
    }

    /// The number of the question, which is now answered; nil: nobody waits for this answer.
    mutating func settle(_ key: String) -> Int64? {
        guard let number = servers[key]?.unanswered else { return nil }
        servers[key]?.unanswered = nil
        return number
    }

    /// The server that `query` says is listening; nil: none was opened for it.
    mutating func listens(_ query: ClusterQuery) -> String? {
        let key =
            servers[query.key] != nil
            ? query.key : servers.first { query.isOutcome(of: $0.value.query) }?.key
        guard let key, servers[key]?.unanswered == nil else { return nil }
        servers[key]?.listens = true
        return key
    }

    mutating func close(_ key: String) -> Bool { servers.removeValue(forKey: key) != nil }
}

// MARK: - Sending

extension ClusterWorker {
    mutating func line(_ order: ClusterOrder) -> [UInt8] {
        sequence += 1
        return order.line(sequence: sequence)
    }

    /// As many as there are servers, at most: each is an answer to the question for one.
    mutating func enqueue(_ parcel: Parcel) { waiting.append(parcel) }

    /// What is to be sent now; nil: one is on its way, or there is none.
    mutating func nextParcel() -> Parcel? {
        guard sending == nil, !waiting.isEmpty else { return nil }
        sending = waiting.removeFirst()
        return sending
    }

    mutating func arrived() { sending = nil }

    enum Loss: Equatable {
        case again(Parcel), givenUp(Parcel), nothing
    }

    mutating func lost() -> Loss {
        guard var parcel = sending else { return .nothing }
        parcel.losses += 1
        guard parcel.losses <= Self.resendLimit else {
            sending = nil
            return .givenUp(parcel)
        }
        sending = parcel
        return .again(parcel)
    }
}
