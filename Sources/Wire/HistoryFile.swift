public import Supervision

/// What went wrong lately, as it stands on disk beside the saved state.
///
/// A file of its own, because it changes at other times and may be lost: nothing depends on it. Times are of the
/// calendar, for it is read after a boot too.
public struct HistoryFile: Equatable, Sendable {
    static let version = 1
    /// Of last words in the whole file; where there are more, the oldest of each instance go.
    static let wordBytesLimit = 8 << 20

    public var history: History

    public init(_ history: History) {
        self.history = history
        bound()
    }

    private mutating func bound() {
        var left = HistoryFile.wordBytesLimit
        for age in 1...Death.historyLimit {
            for app in history.apps.indices {
                for slot in history.apps[app].slots.indices {
                    let index = history.apps[app].slots[slot].deaths.count - age
                    guard index >= 0 else { continue }
                    left -= history.apps[app].slots[slot].deaths[index].lastWords.reduce(0) {
                        $0 + $1.utf8.count
                    }
                    if left < 0 { history.apps[app].slots[slot].deaths[index].lastWords = [] }
                }
            }
        }
    }

    public func bytes(clock: WallClock) -> [UInt8] {
        var writer = JSONWriter(clock: clock, reserving: 4 << 10)
        writer.object { writer in
            writer.field("version", HistoryFile.version)
            writer.field("apps", history.apps)
        }
        writer.newline()
        return writer.bytes
    }

    public init(parsing bytes: [UInt8], clock: WallClock) throws(JSONError) {
        let json = try JSON(parsing: bytes, options: .answer)
        do {
            try self.init(json, clock)
        } catch {
            throw JSONError(error, in: bytes, options: .answer)
        }
    }

    private init(_ json: JSON, _ clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        let version: Int = try fields.read("version")
        guard version == HistoryFile.version else {
            throw JSONMismatch("the format \(version) is not known")
        }
        history = History(apps: try fields.read("apps"))
    }
}

extension History.App: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            name: try AppName(&fields), slots: try fields.read("slots"),
            failures: try fields.read("failures"),
            lastFailure: try fields.optional("last_failure"))
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            name.write(to: &writer)
            writer.field("slots", slots)
            writer.field("failures", failures)
            if let lastFailure { writer.field("last_failure", lastFailure) }
        }
    }
}

extension History.Slot: JSONReadable, JSONWritable {
    init(json: JSON, clock: WallClock) throws(JSONMismatch) {
        var fields = try JSONFields(json, clock: clock)
        self.init(
            index: SlotIndex(try fields.read("index")), deaths: try fields.read("deaths"),
            killings: try fields.optional("killings") ?? [])
    }

    func write(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("index", index.number)
            writer.field("deaths", deaths)
            if !killings.isEmpty { writer.field("killings", killings) }
        }
    }
}
