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
    private var readers: [LogReader] = []
    private var catalogue = LogCatalogue(sources: [])
    private var errand: Errand?

    private static let period = Duration.milliseconds(500)
    /// How long a lone escape waits for what would make it a sequence.
    private static let escapeDelay = Duration.milliseconds(50)
    private static let patience = Duration.seconds(2)
    private static let logLimit = 500

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
        let selected = dashboard.selectedSlots.map(\.0)
        readers = catalogue.sources.filter { selected.contains($0.id) }.map { LogReader($0) }
        dashboard.log = []
        for reader in readers {
            append(reader.begin(lines: Monitor.logLimit / max(1, readers.count)), of: reader)
        }
    }

    private func readLogs() {
        for reader in readers { append(reader.more(), of: reader) }
    }

    private func append(_ lines: [[UInt8]], of reader: LogReader) {
        let prefix = dashboard.selectedSlots.count > 1 ? "\(reader.source.id.number) | " : ""
        dashboard.log += lines.suffix(Monitor.logLimit).map { prefix + String(decoding: $0, as: UTF8.self) }
        dashboard.log.removeFirst(max(0, dashboard.log.count - Monitor.logLimit))
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
