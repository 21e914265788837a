public import Supervision

/// The primary of one app's Node workers: a machine without I/O that hears what they say and orders what to do.
///
/// Which socket stands behind a key, and who shares it, is the shell's: here is only who may have one, what is
/// answered, and which descriptor may be sent when.
public struct ClusterPrimary: Equatable, Sendable {
    var workers: [InstanceID: ClusterWorker] = [:]
    /// What the first worker gave for a key (the secrets of TLS session tickets), and all others get, after a reload
    /// too: so a session that one worker began is resumed by any.
    public internal(set) var data: [String: JSON] = [:]

    public enum Action: Equatable, Sendable {
        /// Open it, or find it open; the outcome comes back as `opened`.
        case open(InstanceID, ClusterQuery)
        case send(InstanceID, [UInt8], listener: String? = nil)
        /// The server of this key takes connections.
        case listened(InstanceID, key: String)
        /// The worker has let go of it.
        case closed(InstanceID, key: String)
        /// `data`, or what workers were lent, has changed.
        case remember
    }

    /// Larger than any ticket keys; what is larger is not remembered.
    static let dataLimit = 4096
    /// Keys of which data is remembered.
    static let dataKeyLimit = 1024
    static let invalid: Int32 = 22
    static let addressInUse: Int32 = 98
    static let tooManyFiles: Int32 = 24

    public init() {}

    public mutating func add(_ worker: InstanceID) { workers[worker] = ClusterWorker() }

    /// Nothing of it will be heard any more.
    public mutating func remove(_ worker: InstanceID) { workers[worker] = nil }

    public var isEmpty: Bool { workers.isEmpty }
    public var known: [InstanceID] { workers.keys.sorted() }

    /// Who takes connections on what.
    public var listening: [(worker: InstanceID, key: String)] {
        known.flatMap { worker in
            workers[worker]!.servers.filter(\.value.listens).keys.sorted().map { (worker, $0) }
        }
    }

    /// Whether it is on its way out.
    public func isLeaving(_ worker: InstanceID) -> Bool { workers[worker]?.isLeaving ?? true }

    /// Whether it takes connections on the server of this key.
    public func listens(_ worker: InstanceID, on key: String) -> Bool {
        workers[worker]?.servers[key]?.listens ?? false
    }
}

// MARK: - Hearing

extension ClusterPrimary {
    public mutating func heard(_ message: ClusterMessage, from worker: InstanceID) -> [Action] {
        guard workers[worker] != nil else { return [] }
        switch message {
        // Descriptors of the program's own are the channel's concern.
        case .online, .other, .handleSent: return []
        case .asked(let query, let data, let sequence): return asked(worker, query, data, sequence)
        case .listening(let query):
            return workers[worker]!.listens(query).map { [.listened(worker, key: $0)] } ?? []
        case .closed(let key):
            return workers[worker]!.close(key) ? [.closed(worker, key: key)] : []
        case .leaving(let sequence):
            workers[worker]!.isLeaving = true
            return [send(.acknowledge(sequence), to: worker)]
        case .handleArrived: return arrived(worker)
        case .handleLost: return lost(worker)
        }
    }

    private mutating func asked(
        _ worker: InstanceID, _ query: ClusterQuery?, _ data: JSON, _ sequence: Int64
    ) -> [Action] {
        guard let known = workers[worker], !known.isLeaving else { return [] }
        guard let query, query.place != .none else {
            let key = query?.key ?? "null"
            return [send(.refuse(key: key, code: Self.invalid, answering: sequence), to: worker)]
        }
        let key = query.key
        // A second server on the same address: one program cannot have it twice, with or without a primary.
        if let server = known.servers[key], !server.mayBeAskedAgain {
            return [send(.refuse(key: key, code: Self.addressInUse, answering: sequence), to: worker)]
        }
        guard known.servers.count < ClusterWorker.serverLimit else {
            return [send(.refuse(key: key, code: Self.tooManyFiles, answering: sequence), to: worker)]
        }
        workers[worker]!.open(query, sequence: sequence)
        return (remember(data, of: key) ? [.remember] : []) + [.open(worker, query)]
    }

    private mutating func remember(_ given: JSON, of key: String) -> Bool {
        guard given != .null, data[key] == nil, data.count < Self.dataKeyLimit else { return false }
        var writer = JSONWriter()
        writer.value(given)
        guard writer.bytes.count <= Self.dataLimit else { return false }
        data[key] = given
        return true
    }

    private mutating func arrived(_ worker: InstanceID) -> [Action] {
        workers[worker]!.arrived()
        return sendNext(worker)
    }

    /// The worker has no room for a descriptor. Sent again it may have; in the end it is told so, where a question
    /// is open, instead of waiting for ever.
    private mutating func lost(_ worker: InstanceID) -> [Action] {
        switch workers[worker]!.lost() {
        case .nothing: return []
        case .again(let parcel): return [send(parcel.order, to: worker, parcel.key)]
        case .givenUp(let parcel):
            guard case .share(let key, _, _, let answering) = parcel.order else { return sendNext(worker) }
            _ = workers[worker]!.close(key)
            let refusal = ClusterOrder.refuse(key: key, code: Self.tooManyFiles, answering: answering)
            return [send(refusal, to: worker), .closed(worker, key: key)] + sendNext(worker)
        }
    }
}

// MARK: - Telling

extension ClusterPrimary {
    /// What became of `.open`; a code is an errno.
    public mutating func opened(_ worker: InstanceID, _ key: String, failure code: Int32? = nil) -> [Action] {
        guard let query = workers[worker]?.servers[key]?.query, let number = workers[worker]!.settle(key)
        else {
            return []
        }
        if let code {
            _ = workers[worker]!.close(key)
            return [send(.refuse(key: key, code: code, answering: number), to: worker)]
        }
        let order = ClusterOrder.share(
            key: key, data: data[key] ?? .null, kind: query.kind, answering: number)
        workers[worker]!.enqueue(ClusterWorker.Parcel(order: order, key: key))
        // Whoever says next that it listens may say so to the next daemon, which must know on what.
        return [.remember] + sendNext(worker)
    }

    /// It shall close its servers, and end when nobody is connected any more. One that is deaf was told so in
    /// another way.
    public mutating func dismiss(_ worker: InstanceID, isDeaf: Bool = false) -> [Action] {
        guard workers[worker]?.isLeaving == false else { return [] }
        workers[worker]!.isLeaving = true
        return isDeaf ? [] : [send(.disconnect, to: worker)]
    }

    private mutating func sendNext(_ worker: InstanceID) -> [Action] {
        workers[worker]!.nextParcel().map { [send($0.order, to: worker, $0.key)] } ?? []
    }

    private mutating func send(_ order: ClusterOrder, to worker: InstanceID, _ key: String? = nil) -> Action {
        .send(worker, workers[worker]!.line(order), listener: key)
    }
}
