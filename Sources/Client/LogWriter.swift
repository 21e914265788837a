internal import Console
internal import Linux
internal import Supervision
internal import Wire

/// Puts log lines where they are read.
struct LogWriter {
    private let voice: Voice
    private let form: LogOptions.Form
    private let marker: LogMarker
    /// Nil: lines do not say when they were written.
    private let stamp: LogTimeFormat?
    private let width: Int
    private var prefixes: [String: LogPrefix] = [:]
    /// Apps in the order in which they came, for their colours.
    private var apps: [AppName] = []
    private var buffer: [UInt8] = []
    private var stream: StandardStream = .output
    private var isRead = true

    private static let bufferLimit = 64 << 10

    init(voice: Voice, options: LogOptions, marking patterns: [Pattern] = [], sources: [LogSource]) {
        self.voice = voice
        form = voice.manner.json ? .json : options.form
        marker = LogMarker(patterns, voice.output.palette)
        width = LogPrefix.width(of: sources.map { ($0.isShared ? nil : $0.id, $0.app) })
        stamp =
            switch options.timestamps {
            case .usual where voice.isOnTerminal && form == .lines: LogTimeFormat("YYYY-MM-DD HH:mm:ss")
            case .usual, .none: nil
            case .format(let format): LogTimeFormat(format)
            }
    }

    /// False when nobody reads any more.
    mutating func write(_ contents: LogContents, _ line: LogLine, of source: LogSource) -> Bool {
        switch form {
        case .raw: select(contents.isError ? .error : .output)
        case .lines, .fields, .json: select(.output)
        }
        switch form {
        case .raw: put(line.bytes)
        case .json: buffer += LogWriter.object(contents, line, source)
        case .fields: put(LogWriter.fields(contents, line, source))
        case .lines: show(contents, line, source)
        }
        return buffer.count < LogWriter.bufferLimit || flush()
    }

    /// Everything is written, or nobody reads any more.
    @discardableResult
    mutating func flush() -> Bool {
        if !buffer.isEmpty { isRead = stream.write(buffer) && isRead }
        buffer.removeAll(keepingCapacity: true)
        return isRead
    }

    mutating func complain(_ notes: [LogNote], of source: LogSource) {
        guard !notes.isEmpty else { return }
        flush()
        for note in notes { voice.complain(note.lines(source)) }
    }

    private mutating func select(_ wanted: StandardStream) {
        guard wanted != stream else { return }
        flush()
        stream = wanted
    }

    private mutating func put(_ bytes: some Collection<UInt8>) {
        buffer += bytes
        buffer.append(UInt8(ascii: "\n"))
    }
}

// MARK: - For eyes

extension LogWriter {
    private mutating func show(_ contents: LogContents, _ line: LogLine, _ source: LogSource) {
        let prefix = prefix(of: source)
        guard voice.isOnTerminal else {
            buffer += stamped(contents.time ?? line.time, source).utf8
            buffer += prefix.text(isError: contents.isError).utf8
            // A file gets the bytes as they are.
            put(contents.text)
            return
        }
        let record = LogRecord(line: contents.text)
        let time = stamped(record?.time ?? contents.time ?? line.time, source)
        let head = voice.output.palette.dimmed(time) + prefix.text(isError: contents.isError)
        let texts =
            record?.lines(voice.output.palette, marking: marker.marked) ?? [marker.shown(contents.text)]
        for text in texts { put((head + text).utf8) }
    }

    private func stamped(_ time: Int64?, _ source: LogSource) -> String {
        // A log that tells the time itself is not told it again, unless it is asked for.
        guard let stamp, !source.isStamped || source.isJSON else { return "" }
        guard let time else {
            let other = stamp.text(at: 0, offset: 0)
            return String(repeating: " ", count: other.utf8.count + 1)
        }
        return stamp.text(at: time, offset: Clock.offset(atWall: time)) + " "
    }

    private mutating func prefix(of source: LogSource) -> LogPrefix {
        if let known = prefixes[source.path] { return known }
        let place = apps.firstIndex(of: source.app) ?? apps.count
        if place == apps.count { apps.append(source.app) }
        let prefix = LogPrefix(
            id: source.isShared ? nil : source.id, app: source.app, place: place, width: width,
            palette: voice.output.palette)
        prefixes[source.path] = prefix
        return prefix
    }
}

// MARK: - For programs

extension LogWriter {
    /// The keys of `log_type: "json"`. What has no time has that of its neighbours.
    private static func object(_ contents: LogContents, _ line: LogLine, _ source: LogSource) -> [UInt8] {
        let speaker = LogFormatter.Speaker(
            app: source.app.name, id: source.id, stream: contents.isError ? .error : .out)
        var formatter = LogFormatter(.json(.iso), speaker)
        let time = contents.time ?? line.time ?? line.order
        let whole = formatter.take(Array(contents.text) + [UInt8(ascii: "\n")], at: time, offset: 0)
        return whole
    }

    private static let fieldTime = LogTimeFormat("YYYY-MM-DD-HH:mm:ssZZ")

    /// PM2's `--format`.
    private static func fields(_ contents: LogContents, _ line: LogLine, _ source: LogSource) -> [UInt8] {
        let time = contents.time ?? line.time ?? line.order
        let stamp = fieldTime.text(at: time, offset: Clock.offset(atWall: time))
        let type = contents.isError ? "error" : "out"
        let head = "timestamp=\(stamp) app=\(source.app.name) id=\(source.id.number) type=\(type) message="
        return Array(head.utf8) + contents.text
    }
}

extension LogNote {
    func lines(_ source: LogSource) -> [String] {
        switch self {
        case .removed(let from, let to):
            Wording.logsRemoved(
                source.app, source.id, from: Clock.timestamp(atWall: from),
                to: to.map(Clock.timestamp(atWall:)))
        case .unreadable(let reason): [reason]
        case .damaged(let path): Wording.damagedLog(path)
        }
    }
}

/// Makes what was looked for stand out, and what could steer a terminal harmless.
struct LogMarker {
    private let patterns: [Pattern]
    private let palette: Palette

    init(_ patterns: [Pattern], _ palette: Palette) {
        self.patterns = palette.isEnabled ? patterns : []
        self.palette = palette
    }

    /// A line as it may stand on a terminal.
    func shown(_ line: ArraySlice<UInt8>) -> String {
        let line = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        guard !patterns.isEmpty else { return safe(line) }
        let ranges = patterns.flatMap { $0.ranges(in: line) }.sorted { $0.lowerBound < $1.lowerBound }
        var text = ""
        var place = line.startIndex
        for range in ranges {
            // Whole characters only.
            let from = LogMarker.character(at: line.startIndex + range.lowerBound, in: line, forwards: false)
            let to = LogMarker.character(at: line.startIndex + range.upperBound, in: line, forwards: true)
            guard to > place else { continue }
            text += safe(line[place..<max(place, from)])
            text += palette.marked(
                Text.sanitised(String(decoding: line[max(place, from)..<to], as: UTF8.self)))
            place = to
        }
        return text + safe(line[place...])
    }

    func marked(_ text: String) -> String { shown(Array(text.utf8)[...]) }

    private func safe(_ bytes: ArraySlice<UInt8>) -> String {
        Text.sanitised(String(decoding: bytes, as: UTF8.self), keepingColours: palette.isEnabled)
    }

    /// The nearest place that is not in the middle of a character of UTF-8.
    private static func character(at place: Int, in line: ArraySlice<UInt8>, forwards: Bool) -> Int {
        var place = place
        while place > line.startIndex, place < line.endIndex, line[place] & 0xC0 == 0x80 {
            place += forwards ? 1 : -1
        }
        return place
    }
}
