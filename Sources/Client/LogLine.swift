internal import Linux

/// A line of a log, without its end.
struct LogLine {
    var bytes: ArraySlice<UInt8>
    /// When it was written, in nanoseconds since 1970; nil where nothing tells.
    var time: Int64?
    /// Where it stands among the lines of other logs: its time, or the nearest thing to it.
    var order: Int64
}

/// Which part of a log is wanted.
struct LogSpan {
    /// The last so many lines; nil: all.
    var lines: Int?
    /// Nanoseconds since 1970, both included.
    var since: Int64?
    var until: Int64?
    /// Read on with what will be written.
    var goesOn = false
}

/// Takes lines out of what is read in pieces.
struct LogLines {
    private var block: [UInt8] = []
    private var place = 0
    /// Where in the file the block begins.
    private var origin: Int64 = 0
    /// The beginning of a line whose end has not come.
    private(set) var unfinished: [UInt8] = []

    /// A line longer than this is shown in pieces, so that memory has a bound.
    static let longest = 1 << 20

    /// Where the next line begins, or goes on.
    var position: Int64 { origin + Int64(place) }

    mutating func feed(_ bytes: [UInt8], at offset: Int64) {
        block = bytes
        place = 0
        origin = offset
    }

    /// The next whole line; nil: more must be fed. `begins` is told where a line begins.
    mutating func next(_ begins: (Int64) -> Void) -> ArraySlice<UInt8>? {
        guard place < block.count else { return nil }
        if unfinished.isEmpty { begins(position) }
        if let end = Bytes.newline(in: block, from: place) {
            defer {
                place = end + 1
                unfinished = []
            }
            return unfinished.isEmpty ? block[place..<end] : (unfinished + block[place..<end])[...]
        }
        unfinished += block[place...]
        place = block.count
        return unfinished.count > LogLines.longest ? rest() : nil
    }

    /// What has no end, when nothing will follow.
    mutating func rest() -> ArraySlice<UInt8>? {
        guard !unfinished.isEmpty else { return nil }
        defer { unfinished = [] }
        return unfinished[...]
    }
}
