internal import Console
internal import Glibc
internal import Linux
internal import Supervision
internal import Wire

/// `logs`: what the files hold, then what is added to them. The daemon is only asked where they are.
struct LogCommand {
    private let voice: Voice
    private let caller: Caller
    private let options: LogOptions
    private let filter: LogFilter
    private let span: LogSpan
    private let shelf = LogShelf()
    private var merge = LogMerge()
    private var writer: LogWriter
    private let watch: LogWatch
    /// In nanoseconds since 1970.
    private let began = Clock.wall()

    /// After so many lines it is looked whether something else is to be done.
    private static let turn = 20_000
    /// How long others are not attended to while a daemon may answer.
    private static let patience = Duration.seconds(1)

    static func run(_ options: LogOptions, voice: Voice, caller: Caller) throws(Stop) -> Int32 {
        if options.clearsDeleted { return try LogClearing.run(voice: voice, caller: caller) }
        var command = try LogCommand(options, voice, caller)
        return try command.run()
    }

    private init(_ options: LogOptions, _ voice: Voice, _ caller: Caller) throws(Stop) {
        let pattern = try options.pattern.map { text throws(Stop) in
            try LogCommand.pattern(text, options.ignoresCase)
        }
        let highlight = try options.highlight.map { text throws(Stop) in
            try LogCommand.pattern(text, options.ignoresCase)
        }
        let marks = [options.isInverted ? nil : pattern, highlight].compactMap { $0 }
        let sources = try LogCommand.sources(options, caller)
        self.options = options
        self.voice = voice
        self.caller = caller
        filter = LogFilter(pattern: pattern, isInverted: options.isInverted, level: options.level)
        span = LogSpan(
            lines: options.lines, since: options.since.map { $0.moment },
            until: options.until.map { $0.moment },
            goesOn: options.follow && options.until == nil && !options.wantsPastGeneration)
        writer = LogWriter(voice: voice, options: options, marking: marks, sources: sources)
        watch = LogWatch(home: caller.home)
        // Before anything is read: what happens from now on is told.
        for source in sources { add(source, span) }
    }

    private static func pattern(_ text: String, _ ignoringCase: Bool) throws(Stop) -> Pattern {
        do throws(Pattern.Mistake) {
            return try Pattern(text, ignoringCase: ignoringCase)
        } catch {
            throw Stop(Wording.badPattern(text, error.description), .usage)
        }
    }

    private mutating func add(_ source: LogSource, _ span: LogSpan) {
        let reader = LogReader(source, shelf: shelf)
        watch.add(source.path)
        var span = span
        if let wanted = options.generation, !reader.choose(wanted, &span) { return }
        reader.begin(span, matching: filter.takesAll ? nil : filter)
        merge.add(reader)
    }
}

// MARK: - Which logs

extension LogCommand {
    private static func sources(_ options: LogOptions, _ caller: Caller) throws(Stop) -> [LogSource] {
        let known = try LogCatalogue.fromDaemon(caller) ?? LogCatalogue.fromHome(caller.home)
        var found = known.matching(options.target)
        if found.isEmpty, let target = options.target {
            // An app that was deleted leaves its logs.
            let left = LogCatalogue.fromDirectory(caller.home.logs)
            found = left.matching(target)
            guard !found.isEmpty else {
                let names = (known.sources + left.sources).map(\.app.name)
                throw Stop(Wording.noLogs(of: target, among: names), .noSuchApp)
            }
        }
        return found.filter { shows($0, options) }
    }

    private static func shows(_ source: LogSource, _ options: LogOptions) -> Bool {
        switch options.streams {
        case .both: true
        case .output: source.stream != .error
        case .errors: source.stream != .out
        }
    }
}

// MARK: - Reading

extension LogCommand {
    private enum Passed {
        case all, part, nobodyReads
    }

    private mutating func run() throws(Stop) -> Int32 {
        if merge.readers.isEmpty, !span.goesOn { voice.complain([Wording.noLogs]) }
        guard !span.goesOn else { return try follow() }
        while pass() == .part {}
        return ExitCode.done.rawValue
    }

    /// Writes what there is, but not for ever.
    private mutating func pass() -> Passed {
        var count = 0
        while count < LogCommand.turn, let (reader, line) = merge.next() {
            count += 1
            let contents = LogContents(line.bytes, of: reader.source)
            guard filter.passes(contents), wants(contents) else { continue }
            guard writer.write(contents, line, of: reader.source) else { return .nobodyReads }
        }
        for reader in merge.readers { writer.complain(reader.takeNotes(), of: reader.source) }
        guard writer.flush() else { return .nobodyReads }
        return count == LogCommand.turn ? .part : .all
    }

    /// In a file of both streams each line may tell whose it is.
    private func wants(_ contents: LogContents) -> Bool {
        switch options.streams {
        case .both: true
        case .output: !contents.isError
        case .errors: contents.isError
        }
    }
}

// MARK: - Following

extension LogCommand {
    private enum Token: UInt64 {
        case signals = 1
        case output, changes
    }

    private mutating func follow() throws(Stop) -> Int32 {
        let signals = try Session.listenForSignals()
        do throws(SystemError) {
            let poller = try poller(signals)
            while true {
                let passed = pass()
                guard passed != .nobodyReads else { break }
                let events = try poller.wait(atMost: passed == .part ? .zero : watch.patience)
                for event in events {
                    switch Token(rawValue: event.token) {
                    case .signals:
                        guard let signal = try signals.next() else { continue }
                        return signal == Signals.interrupt ? ExitCode.done.rawValue : 128 + signal
                    // Nobody reads any more: do not wait for the next line to find that out.
                    case .output: return ExitCode.done.rawValue
                    case .changes, nil: break
                    }
                }
                let news = try watch.read()
                if news.mayHaveLogs { lookForMore() }
                merge.refresh(news.paths)
            }
        } catch {
            throw Stop(error)
        }
        return ExitCode.done.rawValue
    }

    private func poller(_ signals: borrowing SignalQueue) throws(SystemError) -> Poller {
        let poller = try Poller()
        try poller.add(signals.descriptor.number, token: Token.signals.rawValue, for: .readable)
        if let number = watch.number {
            try poller.add(number, token: Token.changes.rawValue, for: .readable)
        }
        do throws(SystemError) {
            try poller.add(StandardStream.output.rawValue, token: Token.output.rawValue, for: .failed)
        } catch {
            // A file cannot be waited for, and never loses its reader.
            guard error.code == EPERM else { throw error }
        }
        return poller
    }

    /// Logs that came since, from when this began.
    private mutating func lookForMore() {
        let found: LogCatalogue
        do throws(Stop) {
            found =
                try LogCatalogue.fromDaemon(caller, within: LogCommand.patience)
                ?? LogCatalogue.fromHome(caller.home)
        } catch {
            // A daemon that does not answer now may do so in a second; the files go on meanwhile.
            watch.lookAgain(in: LogCommand.patience)
            return
        }
        let known = Set(merge.readers.map(\.source.path))
        for source in found.matching(options.target)
        where !known.contains(source.path) && LogCommand.shows(source, options) {
            add(source, LogSpan(since: max(began, span.since ?? began), goesOn: true))
        }
    }
}
