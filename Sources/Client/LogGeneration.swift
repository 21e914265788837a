internal import Console
internal import Linux
internal import Supervision
internal import Wire

// MARK: - What one version has written

extension LogReader {
    /// Passes over what instances of other versions wrote, and narrows the span to where this one did; false: nothing is
    /// there to be read.
    func choose(_ wanted: LogOptions.Generation, _ span: inout LogSpan) -> Bool {
        let parts = LogShelf().parts(of: source.path) + [LogPart(log: source.path)]
        switch wanted {
        case .present: take(source.generation ?? LogReader.last(in: parts))
        case .number(let number): take(TimeIndex.Record.mark(of: number))
        }
        guard let generation, let found = LogReader.stretch(of: generation, in: parts) else {
            // It may write yet.
            return wanted == .present
        }
        span.since = max(span.since ?? found.since, found.since)
        if let end = found.until { span.until = min(span.until ?? end, end) }
        return true
    }

    private static func last(in parts: [LogPart]) -> UInt16? {
        for part in parts.reversed() {
            if let last = times(part)?.lastGeneration { return last }
        }
        return nil
    }

    /// Through neighbouring parts, the newest first.
    private static func stretch(of generation: UInt16, in parts: [LogPart]) -> (since: Int64, until: Int64?)?
    {
        var found: (since: Int64, until: Int64?)?
        for part in parts.reversed() {
            guard let here = times(part)?.stretch(of: generation) else {
                if found != nil { break }
                continue
            }
            found = (here.first, found.map { $0.until } ?? here.next.map { $0 - 1 } ?? part.end)
        }
        return found
    }

    private static func times(_ part: LogPart) -> LogTimes? {
        // It has gone meanwhile, or nothing tells when it was written.
        guard let page = try? LogPage(part) else { return nil }
        return page.times
    }
}
