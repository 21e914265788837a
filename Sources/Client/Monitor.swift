internal import Console
internal import Linux
internal import Supervision
internal import Wire

/// `monit`: a terminal around the dashboard.
///
/// A class, because the terminal must be given back by whatever way the command ends.
final class Monitor {
    private let caller: Caller
    private let poller: Poller
    private let signals: SignalQueue
    private var dashboard: Dashboard
    private var drawn: [String] = []
    private var keys = KeyParser()
    private var logs = LogMerge()
    private var catalogue = LogCatalogue(sources: [])
    private var errand: Errand?

    private static let period = Duration.milliseconds(500)
    /// How long a lone escape waits for what would make it a sequence.
    private static let escapeDelay = Duration.milliseconds(50)
    private static let patience = Duration.seconds(2)
    private static let logLimit = 500
    /// More than anybody reads in one period.
    private static let turn = 5000

    private enum Token: UInt64 {
        case input = 1
        case signals, errand
    }

    static func run(voice: Voice, caller: Caller) throws(Stop) -> Int32 {
        guard voice.isOnTerminal, Terminal.isTerminal(StandardStream.input.rawValue) else {
            throw Stop([Wording.needsTerminal], .failed)
        }
        guard try caller.connect() != nil else { throw Session.notRunning(caller.home) }
        let mode: Terminal.Mode
        let monitor: Monitor
        do throws(SystemError) {
            monitor = try Monitor(caller: caller, palette: voice.output.palette)
            mode = try Terminal.enterRaw(StandardStream.input.rawValue)
        } catch {
            throw Stop(error)
        }
        StandardStream.output.write(Screen.enter)
        defer {
            StandardStream.output.write(Screen.leave)
            Terminal.restore(StandardStream.input.rawValue, to: mode)
        }
        return try monitor.watch()
    }

    private init(caller: Caller, palette: Palette) throws(SystemError) {
        self.caller = caller
        signals = try SignalQueue(for: [
            Signals.interrupt, Signals.terminate, Signals.hangup, Signals.quit, Signals.windowChange,
            Signals.continue,
        ])
        poller = try Poller()
        try poller.add(signals.descriptor.number, token: Token.signals.rawValue, for: .readable)
        try poller.add(StandardStream.input.rawValue, token: Token.input.rawValue, for: .readable)
        dashboard = Dashboard(size: Monitor.size, palette: palette, now: .now)
    }

    private static var size: Dashboard.Size {
        let size = Terminal.size(StandardStream.output.rawValue) ?? Terminal.Size(columns: 80, rows: 24)
        return Dashboard.Size(columns: size.columns, lines: size.rows)
    }

    // MARK: - Loop

    /// Until a key or a signal ends it; gives the exit code.
    private func watch() throws(Stop) -> Int32 {
        var refresh = Deadline(in: .zero)
        while true {
            if refresh.isPast {
                try look()
                refresh = Deadline(in: Monitor.period)
            }
            draw()
            let limit = keys.isWaiting ? Monitor.escapeDelay : refresh.remaining
            let events: [Poller.Event]
            do throws(SystemError) { events = try poller.wait(atMost: limit) } catch { throw Stop(error) }
            if events.isEmpty, keys.isWaiting, press(keys.flush()) { return ExitCode.done.rawValue }
            for event in events {
                switch Token(rawValue: event.token) {
                case .input:
                    guard let pressed = read() else { return ExitCode.done.rawValue }
                    if press(pressed) { return ExitCode.done.rawValue }
                case .signals:
                    if let code = try signalled() { return code }
                case .errand: listen()
                case nil: break
                }
            }
        }
    }

    private func draw() {
        let frame = dashboard.frame()
        let bytes = Screen.update(from: drawn, to: frame)
        drawn = frame
        if !bytes.isEmpty { StandardStream.output.write(bytes) }
    }

    /// Nil at the end of the terminal.
    private func read() -> [Key]? {
        let bytes = StandardStream.input.read(atMost: 1024)
        return bytes.isEmpty ? nil : keys.keys(from: bytes)
    }

    private func signalled() throws(Stop) -> Int32? {
        do throws(SystemError) {
            while let signal = try signals.next() {
                guard signal == Signals.windowChange || signal == Signals.continue else {
                    return 128 + signal
                }
                dashboard.size = Monitor.size
                drawn = []
            }
            return nil
        } catch {
            throw Stop(error)
        }
    }
}

// MARK: - Look

extension Monitor {
    /// A new picture; when the daemon has gone this ends, when it is only slow the old one stays.
    private func look() throws(Stop) {
        let snapshot: Snapshot?
        do throws(Stop) {
            snapshot = try caller.snapshot(within: Monitor.patience)
        } catch {
            dashboard.message = error.report.errors.first ?? ""
            return
        }
        guard let snapshot else { throw Stop(Wording.daemonGone(), .unreachable) }
        let selected = dashboard.selectedSlots.map(\.0)
        dashboard.show(snapshot, at: .now)
        if dashboard.selectedSlots.map(\.0) != selected { openLogs() }
        readLogs()
    }

    private func openLogs() {
        // Without an answer the log stays empty until the next selection.
        catalogue = (try? LogCatalogue.fromDaemon(caller)) ?? catalogue
        dashboard.log = []
        beginLogs()
        readLogs()
    }

    private func beginLogs() {
        let sources = catalogue.matching(dashboard.selectedSlots.map(\.0))
        logs = LogMerge()
        let shelf = LogShelf()
        for source in sources {
            let reader = LogReader(source, shelf: shelf)
            reader.begin(LogSpan(lines: max(1, Monitor.logLimit / sources.count), goesOn: true))
            logs.add(reader)
        }
    }

    private func readLogs() {
        logs.refresh(nil)
        var lines: [String] = []
        var count = 0
        while count < Monitor.turn, let (reader, line) = logs.next() {
            lines += shown(line, of: reader.source)
            count += 1
        }
        dashboard.log = (dashboard.log + lines).suffix(Monitor.logLimit)
        // Faster than eyes: only the end is of interest.
        if count == Monitor.turn { beginLogs() }
    }

    private func shown(_ line: LogLine, of source: LogSource) -> [String] {
        let prefix = dashboard.selectedSlots.count > 1 ? "\(source.id.number) | " : ""
        let text = LogContents(line.bytes, of: source).text
        let shown =
            LogRecord(line: text)?.lines(.plain, marking: { $0 }) ?? [String(decoding: text, as: UTF8.self)]
        return shown.map { prefix + $0 }
    }
}

// MARK: - Act

extension Monitor {
    /// True when it is the end.
    private func press(_ pressed: [Key]) -> Bool {
        for key in pressed {
            switch dashboard.press(key) {
            case .quit: return true
            case .select: openLogs()
            case .restart(let selector): begin(.restart(selector))
            case .reload(let selector): begin(.reload(selector))
            case .stop(let selector): begin(.stop(selector))
            case nil: break
            }
        }
        return false
    }

    private func begin(_ request: Request) {
        guard errand == nil else {
            dashboard.message = Wording.stillBusy
            return
        }
        do throws(Stop) {
            guard let begun = try Errand(request, caller) else { return }
            try begun.join(poller, token: Token.errand.rawValue)
            errand = begun
        } catch {
            dashboard.message = error.report.errors.first ?? ""
        }
    }

    private func listen() {
        guard let errand else { return }
        let (message, isOver) = errand.hear()
        if let message { dashboard.message = message }
        guard isOver else { return }
        errand.leave(poller)
        self.errand = nil
    }
}
