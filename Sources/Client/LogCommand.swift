internal import Console
internal import Glibc
internal import Linux
internal import Supervision
internal import Wire

/// `logs`: the last lines of the files, then what is added to them. The daemon is only asked where they are.
struct LogCommand {
    let voice: Voice
    let caller: Caller

    private static let pause = Duration.milliseconds(100)
    /// How often apps that came since are looked for, in pauses.
    private static let roundsPerLook = 10

    func run(_ options: LogOptions) throws(Stop) -> Int32 {
        let signals = try Session.listenForSignals()
        let found = try catalogue()
        var readers = found.matching(options.target).filter { shows($0, options) }.map { LogReader($0) }
        if readers.isEmpty, let target = options.target { throw Stop(Report(.refused(.noSuchApp(target)))) }
        if readers.isEmpty, !options.follow { voice.complain([Wording.noLogs]) }
        let writer = LogWriter(voice: voice, raw: options.raw, sources: found.sources)
        for reader in LogCommand.oldestFirst(readers) {
            var lines = reader.begin(lines: options.lines)
            if !options.follow { lines += reader.finish() }
            guard writer.write(lines, of: reader.source) else { return ExitCode.done.rawValue }
        }
        guard options.follow else { return ExitCode.done.rawValue }
        return try follow(&readers, options, writer, signals)
    }

    private func follow(
        _ readers: inout [LogReader], _ options: LogOptions, _ writer: LogWriter,
        _ signals: borrowing SignalQueue
    ) throws(Stop) -> Int32 {
        let poller = try LogCommand.poller(signals)
        var round = 0
        while true {
            var isBehind = false
            for reader in readers {
                guard writer.write(reader.more(), of: reader.source) else { return ExitCode.done.rawValue }
                isBehind = isBehind || reader.isBehind
            }
            do throws(SystemError) {
                let events = try poller.wait(atMost: isBehind ? .zero : LogCommand.pause)
                if events.contains(where: { $0.token == 1 }), let signal = try signals.next() {
                    return signal == Signals.interrupt ? ExitCode.done.rawValue : 128 + signal
                }
                // Nobody reads any more: do not wait for the next line to find that out.
                if events.contains(where: { $0.token == 2 }) { return ExitCode.done.rawValue }
            } catch {
                throw Stop(error)
            }
            round += 1
            if round % LogCommand.roundsPerLook == 0 { lookForMore(&readers, options) }
        }
    }

    private static func poller(_ signals: borrowing SignalQueue) throws(Stop) -> Poller {
        do throws(SystemError) {
            let poller = try Poller()
            try poller.add(signals.descriptor.number, token: 1, for: .readable)
            do throws(SystemError) {
                try poller.add(StandardStream.output.rawValue, token: 2, for: .failed)
            } catch {
                // A file cannot be waited for, and never loses its reader.
                guard error.code == EPERM else { throw error }
            }
            return poller
        } catch {
            throw Stop(error)
        }
    }

    /// Apps that were started meanwhile, from the beginning of their logs.
    private func lookForMore(_ readers: inout [LogReader], _ options: LogOptions) {
        // A daemon that does not answer now may do so in a second; the files go on meanwhile.
        guard let found = try? catalogue() else { return }
        for source in found.matching(options.target) where shows(source, options) {
            guard !readers.contains(where: { $0.source.path == source.path }) else { continue }
            readers.append(LogReader(source))
        }
    }

    private func catalogue() throws(Stop) -> LogCatalogue {
        try LogCatalogue.fromDaemon(caller) ?? LogCatalogue.fromDirectory(caller.home.logs)
    }

    private func shows(_ source: LogSource, _ options: LogOptions) -> Bool {
        switch options.streams {
        case .both: true
        case .output: !source.isError
        case .errors: source.isError
        }
    }

    /// What was written last stands last.
    private static func oldestFirst(_ readers: [LogReader]) -> [LogReader] {
        readers.map { (reader: $0, time: ((try? File.status($0.source.path)) ?? nil)?.modified ?? 0) }
            .sorted { $0.time < $1.time }.map(\.reader)
    }
}

/// Puts log lines where they are read.
struct LogWriter {
    let voice: Voice
    let raw: Bool
    private let width: Int

    init(voice: Voice, raw: Bool, sources: [LogSource]) {
        self.voice = voice
        self.raw = raw
        width = LogPrefix.width(of: sources.map { ($0.id, $0.app) })
    }

    /// False when nobody reads any more.
    func write(_ lines: [[UInt8]], of source: LogSource) -> Bool {
        guard !lines.isEmpty else { return true }
        let stream: StandardStream = raw && source.isError ? .error : .output
        let surface = stream == .error ? voice.errors : voice.output
        let prefix = LogPrefix(
            id: source.id, app: source.app, isError: source.isError, width: width, palette: surface.palette)
        var bytes: [UInt8] = []
        for line in lines {
            if !raw { bytes += prefix.line("").utf8 }
            // A file gets the bytes as they are; a terminal nothing that could steer it.
            bytes += surface.columns == nil ? line : LogWriter.shown(line, surface)
            bytes.append(UInt8(ascii: "\n"))
        }
        return stream.write(bytes)
    }

    private static func shown(_ line: [UInt8], _ surface: Surface) -> [UInt8] {
        let text = String(
            decoding: line.last == UInt8(ascii: "\r") ? line.dropLast() : line[...], as: UTF8.self)
        return Array(Text.sanitised(text, keepingColours: surface.palette.isEnabled).utf8)
    }
}
