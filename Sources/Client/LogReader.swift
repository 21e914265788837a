internal import Linux
internal import Supervision

/// A log, read line by line through all its files, and on with what comes, through rotation and truncation.
///
/// A class, because it owns open files and the place in them, and a table holds many.
final class LogReader {
    let source: LogSource
    private let shelf: LogShelf
    private var page: LogPage?
    /// Rotated parts still to be read, oldest first.
    private var pending: [LogPart] = []
    /// The stamp of the newest rotated part that was seen.
    private var newest = ""
    private var lines = LogLines()
    /// When the present line was written, and by whose instance.
    private var lineTime: Int64?
    private var lineGeneration: UInt16?
    /// What others wrote is passed over.
    private(set) var generation: UInt16?
    private var order = Int64.min
    /// Where reading ends; nil: never.
    private var end: LogPlace?
    /// A line that will not be finished, to be told before anything else.
    private var orphan: ArraySlice<UInt8>?
    /// The first line to come has lost its beginning.
    private var isTorn = false
    /// Something was removed unread, and from when on.
    private var gap: Int64?
    private var notes: [LogNote] = []
    private var told: Set<String> = []

    /// Hundreds of logs are read at once.
    private static let chunk = 64 << 10
    /// Files that follow each other are never further apart while somebody writes as fast as it takes to outrun us.
    private static let seam: Int64 = 100_000_000

    init(_ source: LogSource, shelf: LogShelf = LogShelf()) {
        self.source = source
        self.shelf = shelf
    }

    /// Finds where reading begins; what is not wanted is hardly read at all.
    func begin(_ span: LogSpan, matching filter: LogFilter? = nil) {
        let rotated = shelf.parts(of: source.path)
        newest = rotated.last?.rotated?.stamp ?? ""
        let search = LogSearch(rotated + [LogPart(log: source.path)], of: source, matching: filter)
        let range = search.range(span)
        end = range.end
        pending = range.parts.filter { $0.rotated != nil }
        guard let first = range.parts.first else { return }
        if first.rotated != nil { pending.removeFirst() }
        guard open(first) else { return }
        // From the newline before it: a place that a time leads to may lie within a line.
        isTorn = range.start > 0
        skip(to: max(0, range.start - 1))
    }

    func take(_ generation: UInt16?) { self.generation = generation }

    /// The next line, or nil: there is none now.
    func next() -> LogLine? {
        while true {
            if let bytes = orphan {
                orphan = nil
                return line(bytes)
            }
            if let bytes = lines.next(beginLine) {
                if !isTorn, generation == nil || lineGeneration == generation { return line(bytes) }
                isTorn = false
                continue
            }
            if fill() { continue }
            // What has no end is a line when nothing will follow.
            guard turn() else { return end == nil || isTorn ? nil : lines.rest().map(line) }
        }
    }

    private func beginLine(_ offset: Int64) {
        lineTime = page?.times?.time(at: offset)
        lineGeneration = page?.times?.generation
    }

    /// What the user should know, told once.
    func takeNotes() -> [LogNote] {
        defer { notes = [] }
        return notes
    }

    private func line(_ bytes: ArraySlice<UInt8>) -> LogLine {
        order = max(order, lineTime ?? order)
        return LogLine(bytes: bytes, time: lineTime, order: order)
    }
}

/// What the user should know about a log.
enum LogNote: Equatable {
    /// It was removed before it was read. In nanoseconds since 1970; nil: to a time that nothing tells.
    case removed(from: Int64, to: Int64?)
    /// A file cannot be read, or not to its end.
    case unreadable(String)
    case damaged(path: String)
}

// MARK: - The open part

extension LogReader {
    /// False: it is not there, or cannot be read.
    private func open(_ part: LogPart) -> Bool {
        do throws(LogPage.Obstacle) {
            let page = try opened(part)
            self.page = page
            let beginning = page.times?.beginning
            order = max(order, beginning ?? page.status.modified)
            tellOfGap(to: beginning)
            return true
        } catch {
            if case .other(let reason) = error { note(.unreadable(reason), once: part.path) }
            return false
        }
    }

    /// Under its other name, if it was compressed meanwhile.
    private func opened(_ part: LogPart) throws(LogPage.Obstacle) -> LogPage {
        do throws(LogPage.Obstacle) {
            return try LogPage(part)
        } catch {
            guard case .gone = error, let stamp = part.rotated?.stamp,
                let other = shelf.parts(of: part.log).first(where: { $0.rotated?.stamp == stamp })
            else { throw error }
            return try LogPage(other)
        }
    }

    private func skip(to place: Int64) {
        do throws(LogPage.Obstacle) { try page?.skip(to: place) } catch { complain(error) }
    }

    /// Reads more of the open part; false: there is no more now.
    private func fill() -> Bool {
        guard let page else { return false }
        if page.part.rotated == nil, page.isRewritten {
            orphan = lines.rest()
            page.rewind()
        }
        var wanted = Int64(LogReader.chunk)
        if let end, end.isIn(page.part) { wanted = min(wanted, end.offset - page.position) }
        guard wanted > 0 else { return orphan != nil }
        do throws(LogPage.Obstacle) {
            let place = page.position
            let bytes = try page.read(atMost: Int(wanted))
            lines.feed(bytes, at: place)
            return !bytes.isEmpty || orphan != nil
        } catch {
            complain(error)
            return false
        }
    }

    private func complain(_ obstacle: LogPage.Obstacle) {
        guard case .other(let reason) = obstacle, let page else { return }
        note(.unreadable(reason), once: page.part.path)
    }

    private func note(_ note: LogNote, once key: String) {
        if told.insert(key).inserted { notes.append(note) }
    }
}

// MARK: - From part to part

extension LogReader {
    /// Goes on to the next part; false: this one goes on, or there is none.
    private func turn() -> Bool {
        if let page {
            if let end, end.isIn(page.part) { return false }
            if page.part.rotated == nil {
                guard isReplaced(page) else { return false }
                // What came between the last look and the rotation.
                if let size = page.size, size > page.position { return true }
                lookBehind(page)
            }
            if page.isDamaged { note(.damaged(path: page.part.path), once: page.part.path) }
            self.page = nil
        }
        return openNext() || orphan != nil
    }

    private func isReplaced(_ page: LogPage) -> Bool {
        switch page.successor {
        case .none: false
        case .other: true
        // Put aside, and nothing was written since; or removed.
        case .missing: !shelf.parts(of: source.path, after: newest).isEmpty
        }
    }

    private func openNext() -> Bool {
        while true {
            if pending.isEmpty { pending = unseen() }
            if let part = pending.first {
                pending.removeFirst()
                if open(part) { return true }
                gap = gap ?? order
                continue
            }
            guard open(LogPart(log: source.path)) else { return false }
            // It may have been rotated between the listing and the opening: then what was rotated comes first.
            pending = unseen()
            if pending.isEmpty { return true }
            page = nil
        }
    }

    /// Rotated parts that were not there before.
    private func unseen() -> [LogPart] {
        let parts = shelf.parts(of: source.path, after: newest)
        newest = parts.last?.rotated?.stamp ?? newest
        return parts
    }

    /// Finds the parts that came between the one that is open, which was the live one, and the one that is now.
    private func lookBehind(_ page: LogPage) {
        let parts = unseen()
        if let own = parts.firstIndex(where: { LogReader.isSame($0, page) }) {
            pending = Array(parts[(own + 1)...])
            return
        }
        // Somebody else moved it away or removed it: the line that it ended with will not go on.
        orphan = lines.rest()
        pending = parts
        if !parts.isEmpty { gap = page.modified }
    }

    /// Whether this is what the open file has become; of what is compressed only its index knows.
    private static func isSame(_ part: LogPart, _ page: LogPage) -> Bool {
        if part.rotated?.compression != nil { return LogTimes.owner(part.index) == page.status.inode }
        return ((try? File.status(part.path)) ?? nil)?.isSameFile(as: page.status) ?? false
    }

    private func tellOfGap(to time: Int64?) {
        guard let from = gap else { return }
        gap = nil
        if let time, time - from < LogReader.seam { return }
        notes.append(.removed(from: from, to: time))
    }
}
