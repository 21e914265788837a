internal import Console
internal import Linux
internal import Supervision
internal import Wire

/// One command being carried out.
struct Session {
    let voice: Voice
    let home: Home
    private(set) var caller: Caller

    init(_ voice: Voice) {
        self.voice = voice
        home = Home.locate()
        caller = Caller(home: home)
    }

    func run(_ command: Command) throws(Stop) -> Int32 {
        switch command {
        case .start(let targets, let options): return try start(targets, options)
        case .stop(let names, let isForced):
            return try each(names) { isForced ? .forced(.stop, $0) : .stop($0) }
        case .restart(let targets, let environment):
            return try replace(targets, environment) { .restart($0) }
        case .reload(let targets, let environment, let isForced, let percent):
            return try replace(targets, environment, percent) { selector in
                if let percent { return .canary(selector, percent: percent) }
                return isForced ? .forced(.reload, selector) : .reload(selector)
            }
        case .promote(let names): return try each(names) { .promote($0) }
        case .rollback(let names): return try each(names) { .rollback($0) }
        case .scale(let name, let scale): return try each([name]) { .scale($0, scale) }
        case .delete(let names): return try each(names) { .delete($0) }
        case .signal(let signal, let name): return try self.signal(signal, name)
        case .send(let name, let message): return try send(message, to: name)
        case .trigger(let name, let action, let parameter):
            return try trigger(action, of: name, parameter: parameter)
        case .list: return try list()
        case .listWide: return try list(isWide: true)
        case .listAsJSON: return try listAsJSON()
        case .describe(let name): return try describe(name)
        case .why(let name): return try why(name)
        case .logs(let options): return try LogCommand.run(options, voice: voice, caller: caller)
        case .monitor: return try Monitor.run(voice: voice, caller: caller)
        case .flush(let name): return try touchLogs(.flushLogs(Selector(name ?? "all")), Wording.flushed)
        case .reloadLogs: return try touchLogs(.reopenLogs, Wording.logsReloaded)
        case .ping: return try ping()
        case .kill: return advise(after: try kill())
        case .update(let binary): return try update(to: binary)
        case .save(let isForced): return try save(isForced)
        case .resurrect: return try resurrect()
        case .cleardump: return try forgetSaved()
        case .startup(let options):
            let setup = try BootSetup(options, voice, home)
            return options.prints ? setup.print() : try setup.install()
        case .unstartup(let options): return try BootSetup(options, voice, home).remove()
        case .doctor: return doctor()
        case .version: return voice.tell(Report(output: [Peer.ownText]))
        case .help(let topic): return voice.tell(Report(output: Help.lines(about: topic)))
        case .example(let operands): return try ExampleProgram.run(operands)
        case .daemon, .keeper: return voice.tell(.failure(Wording.internalCommand, .usage))
        }
    }
}

// MARK: - Look

extension Session {
    private func list(isWide: Bool = false) throws(Stop) -> Int32 {
        if voice.manner.json { return try listAsJSON() }
        let snapshot = try caller.snapshot(withPorts: isWide)
        voice.say(Listing.lines(snapshot ?? Snapshot(), at: .now, on: voice.output, isWide: isWide))
        voice.complain(Listing.remarks(snapshot ?? Snapshot(), at: .now, home: home.path))
        if snapshot == nil { voice.complain(Session.silence(in: home)) }
        return ExitCode.done.rawValue
    }

    private func listAsJSON() throws(Stop) -> Int32 {
        voice.say(bytes: try caller.ask(.jlist) ?? Array("[]\n".utf8))
        return ExitCode.done.rawValue
    }

    private func why(_ name: String) throws(Stop) -> Int32 {
        if voice.manner.json { return try tellAsJSON(.apps(Selector(name))) }
        let snapshot = try snapshot(of: name)
        let blocks = snapshot.apps.map { app in
            Why.lines(app, slot: Session.slot(name, of: app), at: .now, palette: voice.output.palette) {
                Clock.timestamp(atWall: $0.nanoseconds + WallClock.now.offset.nanoseconds)
            }
        }
        voice.say(Array(blocks.joined(separator: [""])))
        return ExitCode.done.rawValue
    }

    private func tellAsJSON(_ call: APICall) throws(Stop) -> Int32 {
        guard let body = try caller.ask(call) else { throw notRunning }
        voice.say(bytes: body)
        return ExitCode.done.rawValue
    }

    private func snapshot(of name: String, withPorts: Bool = false) throws(Stop) -> Snapshot {
        guard let snapshot = try caller.snapshot(Selector(name), withPorts: withPorts) else {
            throw notRunning
        }
        guard !snapshot.apps.isEmpty else { throw Stop(Report(.refused(.noSuchApp(name)))) }
        return snapshot
    }

    private func describe(_ name: String) throws(Stop) -> Int32 {
        if voice.manner.json { return try tellAsJSON(.appsWithPorts(Selector(name))) }
        let snapshot = try snapshot(of: name, withPorts: true)
        let logs = try LogCatalogue.fromDaemon(caller)?.paths ?? [:]
        let blocks = snapshot.apps.map { app in
            Description.lines(
                app, slot: Session.slot(name, of: app), logs: logs, at: .now, palette: voice.output.palette)
        }
        voice.say(Array(blocks.joined(separator: [""])))
        return ExitCode.done.rawValue
    }

    /// The one slot that a number means, unless the app itself is called so.
    private static func slot(_ name: String, of app: AppSnapshot) -> SlotID? {
        guard let number = Int(name), app.spec.name.name != name, app.spec.name.namespace != name else {
            return nil
        }
        return app.slots.first { $0.id.number == number }?.id
    }

    private func ping() throws(Stop) -> Int32 {
        guard let body = try caller.ask(.ping) else { throw notRunning }
        if voice.manner.json { voice.say(bytes: body) } else { voice.say([Wording.pong]) }
        return ExitCode.done.rawValue
    }

    private func touchLogs(_ call: APICall, _ sentence: String) throws(Stop) -> Int32 {
        guard let body = try caller.ask(call) else { throw notRunning }
        if voice.manner.json { voice.say(bytes: body) } else { voice.say([sentence]) }
        return ExitCode.done.rawValue
    }

    private var notRunning: Stop { Session.notRunning(home) }

    static func notRunning(_ home: Home) -> Stop {
        Stop(silence(in: home), .unreachable)
    }

    /// Whoever has nothing of his own may have meant another's.
    private static func silence(in home: Home) -> [String] {
        let knowsApps = home.hasState
        let neighbours = knowsApps ? [] : Wording.neighbours(Neighbours.find())
        let left = knowsApps ? home.programs.count : 0
        return Wording.notRunning(knowsApps: knowsApps, left: left) + neighbours
    }
}

// MARK: - Change

extension Session {
    /// One request for each name, in order; the first failure ends the command.
    private func each(_ names: [String], _ request: (Selector) -> Request) throws(Stop) -> Int32 {
        // Where nothing was ever started there is nothing to name, and no daemon is started to say so.
        let mayLaunch = home.hasState
        for name in names {
            let code = try carryOut(request(Selector(name)), mayLaunch: mayLaunch)
            guard code == .done else { return code.rawValue }
        }
        try showList()
        return ExitCode.done.rawValue
    }

    /// Asks for it, tells what happens, and says what came of it.
    func carryOut(_ request: Request, mayLaunch: Bool = true) throws(Stop) -> ExitCode {
        tell(try reply(to: request, mayLaunch: mayLaunch))
    }

    /// Says what came of it, unless the stream of lines has.
    func tell(_ reply: Reply) -> ExitCode {
        let report = Report(reply)
        if !voice.manner.json { _ = voice.tell(report) }
        return report.code
    }

    func reply(to request: Request, mayLaunch: Bool = true) throws(Stop) -> Reply {
        let signals = try Session.listenForSignals()
        return try reply(to: request, Session.newTicket(), mayLaunch: mayLaunch, signals: signals)
    }

    /// `begun`: where it was asked for already.
    func reply(
        to request: Request, _ ticket: Ticket, mayLaunch: Bool = true, signals: borrowing SignalQueue,
        over begun: consuming Connection? = nil
    ) throws(Stop) -> Reply {
        var begun = begun
        var losses = 0
        while true {
            do throws(Stop) {
                let connection: Connection
                if let begun = begun.take() {
                    connection = begun
                } else {
                    connection = try Summons(caller: caller, mayLaunch: mayLaunch).connect(
                        disturbance: signals.descriptor.number)
                    try caller.begin(request, ticket, over: connection)
                }
                return try caller.hear(over: connection, signals: signals) { line, text in
                    if voice.manner.json { voice.say(bytes: text + [UInt8(ascii: "\n")]) }
                    if case .progress(let progress) = line { voice.whisper(Wording.progress(progress)) }
                }
            } catch {
                losses += 1
                guard error.isLoss, losses <= Session.lossLimit else { throw error }
                voice.whisper(Wording.askedAgain)
                try Summons.rest()
            }
        }
    }

    /// A daemon that dies so often while it does this would do so for ever.
    private static let lossLimit = 10

    /// No other client's, and no other request's.
    static func newTicket() -> Ticket { Ticket(.random(in: 1...UInt64(Int64.max))) }

    private func kill() throws(Stop) -> Int32 {
        let signals = try Session.listenForSignals()
        guard let connection = try caller.connect(disturbance: signals.descriptor.number) else {
            return voice.tell(Report(output: [Wording.wasNotRunning]))
        }
        try caller.begin(.shutdown, Session.newTicket(), over: connection)
        let reply = try caller.hear(over: connection, signals: signals) { line, _ in
            if case .progress(let progress) = line { voice.whisper(Wording.progress(progress)) }
        }
        guard case .done(let outcomes) = reply else { return voice.tell(Report(reply)) }
        try Summons(caller: caller, mayLaunch: false).awaitSilence()
        return voice.tell(Report(output: outcomes.flatMap(Wording.toll) + [Wording.killed]))
    }

    /// After a change, what there is now, for eyes.
    func showList() throws(Stop) {
        guard voice.isOnTerminal, !voice.manner.silent, !voice.manner.json else { return }
        guard let snapshot = try caller.snapshot() else { return }
        voice.say(Listing.lines(snapshot, at: .now, on: voice.output))
    }

    /// Whoever ends it should know where it comes back by itself.
    private func advise(after code: Int32) -> Int32 {
        let advice = code == ExitCode.done.rawValue ? BootSetup.afterKill(voice, home) : []
        _ = voice.tell(Report(output: advice))
        return code
    }

    /// The same session, giving programs another environment than the caller's.
    func giving(_ environment: [String: String]?) -> Session {
        var session = self
        session.caller.environment = environment
        return session
    }

    static func listenForSignals() throws(Stop) -> SignalQueue {
        do throws(SystemError) {
            return try SignalQueue(for: [Signals.interrupt, Signals.terminate, Signals.hangup])
        } catch {
            throw Stop(error)
        }
    }
}
