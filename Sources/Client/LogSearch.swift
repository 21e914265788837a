internal import Linux
internal import Supervision

/// A place in a log: behind so many bytes of one of its parts.
struct LogPlace: Equatable {
    /// Of a rotated part; nil: in the live file.
    var stamp: String?
    var offset: Int64

    func isIn(_ part: LogPart) -> Bool { part.rotated?.stamp == stamp }
}

/// Finds what part of a log is wanted, from times and from the end, without reading what it need not.
struct LogSearch {
    /// Oldest first, the live file last.
    let parts: [LogPart]
    let source: LogSource
    let filter: LogFilter?

    /// Where to begin, in the first of these parts, and where to end; nil: go on with what comes.
    struct Range {
        var parts: [LogPart]
        var start: Int64 = 0
        var end: LogPlace?
    }

    private static let block: Int64 = 65536
    /// An index whose last record is older than the file by this much lags behind.
    private static let lag: Int64 = 1_000_000_000

    init(_ parts: [LogPart], of source: LogSource, matching filter: LogFilter? = nil) {
        self.parts = parts
        self.source = source
        self.filter = filter
    }

    func range(_ span: LogSpan) -> Range {
        var range = Range(parts: LogSearch.written(in: span, parts))
        let last = range.parts.last.flatMap { try? LogPage($0) }
        let end = last.map { LogSearch.end($0, span.until) } ?? 0
        if !span.goesOn || span.until != nil, let part = range.parts.last {
            range.end = LogPlace(stamp: part.rotated?.stamp, offset: end)
        }
        if let since = span.since, let first = range.parts.first.flatMap({ try? LogPage($0) }) {
            range.start = LogSearch.start(first, since)
        }
        if let lines = span.lines { narrow(&range, to: lines, before: end) }
        return range
    }

    /// The parts that were written in this time, as far as their names tell.
    private static func written(in span: LogSpan, _ parts: [LogPart]) -> [LogPart] {
        var parts = parts[...]
        if let since = span.since { parts = parts.drop { $0.end.map { $0 <= since } ?? false } }
        if let until = span.until, let last = parts.firstIndex(where: { $0.end.map { $0 > until } ?? false })
        {
            parts = parts[...last]
        }
        return Array(parts)
    }

    /// Behind what was written until then.
    private static func end(_ page: LogPage, _ until: Int64?) -> Int64 {
        let all = page.size ?? .max
        guard let until, let times = page.times else { return all }
        return times.offset(since: until + 1) ?? all
    }

    /// Before what was written since then; what has no time is not left out.
    private static func start(_ page: LogPage, _ since: Int64) -> Int64 {
        guard let times = page.times, let beginning = times.beginning, beginning < since else { return 0 }
        if let offset = times.offset(since: since) { return offset }
        return page.status.modified < since + lag ? page.size ?? .max : times.ending ?? 0
    }
}

// MARK: - From the end

extension LogSearch {
    /// Moves the start to where the last lines begin.
    private func narrow(_ range: inout Range, to lines: Int, before end: Int64) {
        guard lines > 0 else {
            range.parts = range.parts.suffix(1)
            range.start = end
            return
        }
        var missing = lines
        for (index, part) in range.parts.enumerated().reversed() {
            // It has gone meanwhile.
            guard let page = try? LogPage(part) else { continue }
            let isLast = index == range.parts.count - 1
            let stop = isLast ? end : page.size ?? .max
            let floor = index == 0 ? range.start : 0
            guard let found = start(ofLast: &missing, in: page, from: floor, to: stop) else { continue }
            range.parts = Array(range.parts[index...])
            range.start = found
            return
        }
    }

    /// Nil: there are not so many.
    private func start(
        ofLast missing: inout Int, in page: LogPage, from floor: Int64, to end: Int64
    ) -> Int64? {
        guard end > floor else { return nil }
        if page.isCompressed { return searchThrough(page, &missing, from: floor, to: end) }
        if filter != nil { return searchBack(page, &missing, from: floor, to: end) }
        if let found = page.start(ofLast: &missing, before: end) {
            return max(found, floor)
        }
        // The first line has no newline before it.
        missing -= 1
        return missing == 0 ? floor : nil
    }

    private func counts(_ line: ArraySlice<UInt8>) -> Bool { filter?.passes(line, of: source) ?? true }

    /// Line by line, the last first.
    private func searchBack(
        _ page: LogPage, _ missing: inout Int, from floor: Int64, to end: Int64
    ) -> Int64? {
        var place = end
        // The end of a line whose beginning was not reached yet.
        var rest: [UInt8] = []
        while place > floor {
            let length = min(LogSearch.block, place - floor)
            place -= length
            let bytes = page.bytes(at: place, count: Int(length)) + rest
            var lineEnd = bytes.count
            while let newline = Bytes.lastNewline(in: bytes, before: min(lineEnd, Int(length))) {
                // What stands behind the last newline of all is no line.
                let isLine = newline + 1 < lineEnd || place + Int64(newline) + 1 < end
                if isLine, counts(bytes[(newline + 1)..<lineEnd]) {
                    missing -= 1
                    if missing == 0 { return place + Int64(newline) + 1 }
                }
                lineEnd = newline
            }
            rest = Array(bytes[..<lineEnd])
            // As the reader does it: memory has a bound.
            if rest.count > LogLines.longest { rest = [] }
        }
        if counts(rest[...]) { missing -= 1 }
        return missing == 0 ? floor : nil
    }

    /// From the front, because what is compressed has no other end; the places of the last lines are kept.
    private func searchThrough(
        _ page: LogPage, _ missing: inout Int, from floor: Int64, to end: Int64
    ) -> Int64? {
        var lines = LogLines()
        var begin: Int64 = 0
        var places: [Int64] = []
        var next = 0
        func take(_ line: ArraySlice<UInt8>) {
            guard begin >= floor, begin < end, counts(line) else { return }
            if places.count < missing { places.append(begin) } else { places[next % places.count] = begin }
            next += 1
        }
        // What cannot be read is told of when it is read.
        while page.position < end, let bytes = try? page.read(atMost: 256 << 10), !bytes.isEmpty {
            lines.feed(bytes, at: page.position - Int64(bytes.count))
            while let line = lines.next({ begin = $0 }) { take(line) }
        }
        if let line = lines.rest() { take(line) }
        guard next >= missing else {
            missing -= next
            return nil
        }
        let oldest = places[next % places.count]
        missing = 0
        return oldest
    }
}
