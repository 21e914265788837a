/// Lines of several logs in the order of their times.
struct LogMerge {
    private(set) var readers: [LogReader] = []
    private var heads: [LogLine?] = []
    /// Whose line comes next, while it is before all others'.
    private var leader: Int?
    /// The order of the best of the others, and who that is.
    private var rival: (order: Int64, reader: Int)?

    /// One that has begun.
    mutating func add(_ reader: LogReader) {
        readers.append(reader)
        heads.append(reader.next())
        leader = nil
    }

    /// Looks whether there is more to read in these (nil: in all).
    mutating func refresh(_ paths: Set<String>?) {
        for index in readers.indices where heads[index] == nil {
            if let paths, !paths.contains(readers[index].source.path) { continue }
            heads[index] = readers[index].next()
        }
        leader = nil
    }

    mutating func next() -> (reader: LogReader, line: LogLine)? {
        if leader == nil { choose() }
        guard let index = leader, let line = heads[index] else { return nil }
        heads[index] = readers[index].next()
        if !leads(index) { leader = nil }
        return (readers[index], line)
    }

    /// Lines come in runs: who leads is only asked again when the run is over.
    private func leads(_ index: Int) -> Bool {
        guard let line = heads[index] else { return false }
        guard let rival else { return true }
        return (line.order, index) < (rival.order, rival.reader)
    }

    private mutating func choose() {
        leader = nil
        rival = nil
        var best: (order: Int64, reader: Int)?
        for (index, head) in heads.enumerated() {
            guard let head else { continue }
            let candidate = (order: head.order, reader: index)
            if best.map({ candidate < $0 }) ?? true {
                rival = best
                best = candidate
            } else if rival.map({ candidate < $0 }) ?? true {
                rival = candidate
            }
        }
        leader = best?.reader
    }
}
