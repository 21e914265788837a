internal import Linux
internal import Supervision
internal import Wire

/// Looks after logs that were put aside: compresses them, one at a time and at low priority, and removes the oldest.
///
/// It has a thread of its own from the first such log on, which nobody waits for; and it keeps the limits also while
/// a compression takes its time. What a daemon leaves half done the next one finishes.
final class Archivist {
    enum Order: Sendable {
        case tend([(path: String, rules: LogRules)])
        /// Empty the first ones, and remove what was put aside of all.
        case clear([String], pastOf: [String])
        case end
    }

    private let complaints: Mailbox<PumpReport>
    private let place: LogPlace
    private var orders: Mailbox<Order>?
    private var thread: Thread?

    init(_ place: LogPlace, complaints: Mailbox<PumpReport>) {
        self.place = place
        self.complaints = complaints
    }

    func tend(_ logs: [(path: String, rules: LogRules)]) {
        if !logs.isEmpty { send(.tend(logs)) }
    }

    func clear(_ paths: [String], andPastOf all: [String]) {
        send(.clear(paths, pastOf: all))
    }

    func end() {
        orders?.send(.end)
        thread?.join()
    }

    private func send(_ order: Order) {
        do throws(SystemError) {
            if orders == nil { try begin() }
            orders?.send(order)
        } catch {
            complaints.send(.complaint("\(error): rotated logs are not looked after"))
        }
    }

    private func begin() throws(SystemError) {
        let orders = try Mailbox<Order>()
        let (place, complaints) = (place, complaints)
        thread = try Thread.start(name: "archivist") {
            do throws(SystemError) {
                try Archive(place, orders, complaints).run()
            } catch {
                complaints.send(.complaint("\(error): rotated logs are not looked after"))
            }
        }
        self.orders = orders
    }
}

/// What the archivist's thread does. A class, because it lives there from beginning to end.
private final class Archive {
    private let place: LogPlace
    private let orders: Mailbox<Archivist.Order>
    private let complaints: Mailbox<PumpReport>
    private let poller: Poller
    /// Of every log that was seen.
    private var rules: [String: LogRules] = [:]
    private var compression: Compression?
    private var queue: [String] = []
    /// Programs that did not do what they are for.
    private var refused: Set<LogCompression> = []
    private var isEnding = false

    /// Beyond this, those that are gone are forgotten.
    private static let logLimit = 10_000

    init(
        _ place: LogPlace, _ orders: Mailbox<Archivist.Order>, _ complaints: Mailbox<PumpReport>
    ) throws(SystemError) {
        self.place = place
        self.orders = orders
        self.complaints = complaints
        poller = try Poller()
        try poller.add(orders.number, token: 0, for: .readable)
    }

    func run() throws(SystemError) {
        while !isEnding {
            for event in try poller.wait(atMost: nil) where event.token == 1 { finishCompression() }
            take(orders.take())
            if compression == nil, !isEnding { compressNext() }
        }
        compression?.breakOff()
    }

    private func take(_ orders: [Archivist.Order]) {
        var mustTend = false
        for order in orders {
            switch order {
            case .tend(let logs):
                mustTend = true
                for log in logs { rules[log.path] = log.rules }
            case .clear(let paths, let all): clear(paths, all)
            case .end: isEnding = true
            }
        }
        if mustTend, !isEnding { tend() }
    }

    private func complain(_ text: String) { complaints.send(.complaint(text)) }
}

// MARK: - Keeping the limits

extension Archive {
    private func tend() {
        if rules.count > Archive.logLimit {
            rules = rules.filter { (try? File.status($0.key)) ?? nil != nil }
        }
        let directories = Set(rules.keys.map { LogFile.parts(of: $0).directory } + [place.directory])
        var shelves = directories.sorted().flatMap { ArchivedLog.shelves(in: $0, isOurs: isOurs) }
        for index in shelves.indices {
            shelves[index].tidy(sparing: compression?.draft)
            shelves[index].keep(rules(of: shelves[index].path).values.keep)
        }
        for (app, limit) in Set(rules.values.map { Budget(app: $0.values.app, total: $0.values.total) }).map({
            ($0.app, $0.total)
        }) {
            guard limit > 0 else { continue }
            let mine = shelves.indices.filter { rules[shelves[$0].path]?.values.app == app }
            ArchivedLog.fit(&shelves, mine, into: limit)
        }
        if place.settings.total > 0 {
            ArchivedLog.fit(&shelves, Array(shelves.indices), into: place.settings.total)
        }
        queue = shelves.flatMap { shelf in
            rules(of: shelf.path).values.compression == nil
                ? [] : shelf.plain.dropLast().map { shelf.path(of: $0.rotated) }
        }
    }

    private struct Budget: Hashable {
        var app: String
        var total: Int64
    }

    /// Other people's files may be called so elsewhere, but not in our own directory.
    private func isOurs(_ path: String) -> Bool {
        rules[path] != nil || LogFile.parts(of: path).directory == place.directory
    }

    private func rules(of path: String) -> LogRules {
        rules[path] ?? LogRules(ofUnknown: place.settings)
    }

    private func clear(_ paths: [String], _ all: [String]) {
        do throws(SystemError) {
            for path in paths where try File.status(path)?.kind == .file {
                try File.open(path, .write).truncate(to: 0)
                try File.remove(TimeIndex.path(ofLog: path))
            }
        } catch { complain("\(error)") }
        for directory in Set(all.map { LogFile.parts(of: $0).directory }) {
            for var shelf in ArchivedLog.shelves(in: directory, isOurs: { all.contains($0) }) {
                shelf.keep(0)
            }
        }
    }
}

// MARK: - Compressing

extension Archive {
    private func compressNext() {
        while !queue.isEmpty {
            let source = queue.removeFirst()
            let (directory, name) = LogFile.parts(of: source)
            guard let log = RotatedLog.parse(name)?.log,
                let program = rules(of: "\(directory)/\(log)").values.compression,
                !refused.contains(program)
            else { continue }
            do {
                let begun = try Compression(source, program)
                compression = begun
                try poller.add(begun.handle.number, token: 1, for: .readable)
                return
            } catch {
                // Removed in the meantime.
                if let error = error as? SystemError, error.code == SystemError.noSuchFile { continue }
                compression?.breakOff()
                compression = nil
                refuse(program, "\(error)")
            }
        }
    }

    private func finishCompression() {
        guard let done = compression else { return }
        poller.remove(done.handle.number)
        compression = nil
        do throws(SystemError) {
            if let failure = try done.finish() { refuse(done.program, failure) }
        } catch {
            refuse(done.program, "\(error)")
        }
    }

    private func refuse(_ program: LogCompression, _ reason: String) {
        refused.insert(program)
        complain(
            "\(reason): rotated logs are not compressed by \(program.rawValue) until the daemon starts anew")
    }
}
