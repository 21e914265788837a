internal import Linux
internal import Supervision
internal import Wire

/// A log with everything that was put aside of it.
struct ArchivedLog {
    struct Item {
        var rotated: RotatedLog
        var size: Int64
    }

    let directory: String
    let name: String
    /// Oldest first.
    private(set) var items: [Item] = []
    /// Of the log itself.
    private var size: Int64 = 0
    private var drafts: [String] = []
    private var indexes: [String] = []

    /// An index whose log is not there may be that of a log which is just being renamed.
    private static let orphanAge: Int64 = 10_000_000

    private init(_ directory: String, _ name: String) {
        self.directory = directory
        self.name = name
    }

    var path: String { "\(directory)/\(name)" }

    func path(of rotated: RotatedLog) -> String { rotated.name(of: path) }

    var plain: [Item] { items.filter { $0.rotated.compression == nil } }

    private var total: Int64 { items.reduce(size) { $0 + $1.size } }
}

// MARK: - Finding

extension ArchivedLog {
    /// All logs of a directory of which something was put aside, and those that are asked for.
    static func shelves(in directory: String, isOurs: (String) -> Bool) -> [ArchivedLog] {
        // No directory: no logs.
        let names = (try? Directory.names(in: directory)) ?? []
        var shelves: [String: ArchivedLog] = [:]
        func shelve(_ log: String, _ change: (inout ArchivedLog) -> Void) {
            guard isOurs("\(directory)/\(log)") else { return }
            change(&shelves[log, default: ArchivedLog(directory, log)])
        }
        for name in names {
            if let (log, rotated) = RotatedLog.parse(name) {
                let size = ArchivedLog.size("\(directory)/\(name)")
                shelve(log) { $0.items.append(Item(rotated: rotated, size: size)) }
            } else if name.hasSuffix(Compression.draftExtension),
                let (log, _) = RotatedLog.parse(String(name.dropLast(Compression.draftExtension.utf8.count)))
            {
                shelve(log) { $0.drafts.append("\(directory)/\(name)") }
            } else if let (log, _) = RotatedLog.parse(logName(ofIndex: name)) {
                shelve(log) { $0.indexes.append(name) }
            }
        }
        return shelves.values.sorted { $0.name < $1.name }.map { shelf in
            var shelf = shelf
            shelf.items.sort { $0.rotated < $1.rotated }
            shelf.size = size(shelf.path)
            return shelf
        }
    }

    private static func size(_ path: String) -> Int64 { ((try? File.status(path)) ?? nil)?.size ?? 0 }

    /// Empty for what is no index.
    private static func logName(ofIndex name: String) -> String {
        let suffix = TimeIndex.name(ofLog: "").dropFirst()
        return name.hasPrefix(".") && name.hasSuffix(suffix)
            ? String(name.dropFirst().dropLast(suffix.utf8.count)) : ""
    }
}

// MARK: - Removing

extension ArchivedLog {
    /// Removes what a compression has left that did not come to its end, or to its very last step.
    mutating func tidy(sparing draft: String?) {
        // What cannot be removed now is tried again with the next rotation; so with all that follows.
        for found in drafts where found != draft { try? File.remove(found) }
        let plain = Set(self.plain.map(\.rotated.stamp))
        let both = Set(items.filter { $0.rotated.compression != nil }.map(\.rotated.stamp)).intersection(
            plain)
        // The compressed one got its name when it was complete.
        for item in items where item.rotated.compression == nil && both.contains(item.rotated.stamp) {
            try? File.remove(path(of: item.rotated))
        }
        items.removeAll { $0.rotated.compression == nil && both.contains($0.rotated.stamp) }
        let stamps = Set(items.map(\.rotated.stamp))
        let youngest = Clock.wall() / 1000 - ArchivedLog.orphanAge
        for index in indexes {
            guard let rotated = RotatedLog.parse(ArchivedLog.logName(ofIndex: index))?.rotated,
                !stamps.contains(rotated.stamp), rotated.microseconds < youngest
            else { continue }
            try? File.remove("\(directory)/\(index)")
        }
    }

    /// Keeps the youngest so many.
    mutating func keep(_ count: Int) {
        while items.count > count { removeOldest() }
    }

    /// Removes the oldest of these logs until all of them together fit.
    static func fit(_ shelves: inout [ArchivedLog], _ chosen: [Int], into limit: Int64) {
        var total = chosen.reduce(0) { $0 + shelves[$1].total }
        while total > limit {
            let oldest = chosen.filter { !shelves[$0].items.isEmpty }
                .min { shelves[$0].items[0].rotated.stamp < shelves[$1].items[0].rotated.stamp }
            guard let oldest else { return }
            total -= shelves[oldest].items[0].size
            shelves[oldest].removeOldest()
        }
    }

    private mutating func removeOldest() {
        let rotated = items.removeFirst().rotated
        try? File.remove(path(of: rotated))
        let plain = RotatedLog(stamp: rotated.stamp)
        try? File.remove(TimeIndex.path(ofLog: path(of: plain)))
    }
}
