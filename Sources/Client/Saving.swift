internal import Console
internal import Linux
internal import Supervision
internal import Wire

// The list is always kept. These commands are for PM2's habits, and for who wants to return to it after `delete all`.

extension Session {
    /// Copies the list, and says what a boot would bring back.
    func save(_ isForced: Bool) throws(Stop) -> Int32 {
        guard let bytes = try caller.ask(.save) else { throw Session.notRunning(home) }
        let file = try parse(bytes)
        guard isForced || !file.state.apps.isEmpty else { throw Stop(SavingWording.emptyList(), .failed) }
        do throws(SystemError) { try File.replace(home.saved, with: bytes) } catch { throw Stop(error) }
        return voice.tell(
            Report(output: SavingWording.saved(file.state, in: home.saved, lost: file.lostVariables)))
    }

    /// What was saved and is missing comes back as it was; what is there and stopped, and ran then, is started.
    func resurrect() throws(Stop) -> Int32 {
        let file = try savedList()
        guard home.hasState || file != nil else { throw Stop(SavingWording.nothingSaved(), .failed) }
        // A daemon that comes up starts by itself what ran before a boot.
        let signals = try Session.listenForSignals()
        _ = try Summons(caller: caller, mayLaunch: true).connect(disturbance: signals.descriptor.number)
        let present = try caller.snapshot()?.apps ?? []
        var errands: [Revival] = []
        for app in file?.state.apps ?? [] {
            guard let request = Session.request(for: app, among: present) else { continue }
            let variables = app.spec.inherited.flatMap { file?.environments[$0] } ?? [:]
            if errands.contains(where: { $0.join(request, variables) }) { continue }
            errands.append(Revival(giving(variables), request))
        }
        let isComplete = errands.isEmpty
        var code = ExitCode.done
        while !errands.isEmpty {
            let some = errands.prefix(Session.revivalsAtOnce)
            errands.removeFirst(some.count)
            for errand in some { try errand.begin(signals) }
            for errand in some {
                let own = try errand.end(signals)
                if code == .done { code = own }
            }
        }
        if isComplete, !voice.manner.silent { voice.say([SavingWording.nothingMissing]) }
        if code == .done { try showList() }
        return code.rawValue
    }

    /// Each is a connection, of which a daemon has so many and no more.
    private static let revivalsAtOnce = 100

    /// What brings an app back; nil: it is as it was.
    private static func request(for app: SavedState.App, among present: [AppSnapshot]) -> Request? {
        guard let there = present.first(where: { $0.spec.name == app.spec.name }) else {
            var spec = app.spec
            spec.autostart = app.isWanted
            return .apply([spec])
        }
        let isStopped = there.slots.allSatisfy { $0.status == .stopped }
        return isStopped && app.isWanted ? .start(.named("\(app.spec.name)")) : nil
    }

    func forgetSaved() throws(Stop) -> Int32 {
        do throws(SystemError) {
            let isThere = try File.status(home.saved) != nil
            try File.remove(home.saved)
            let sentence = isThere ? SavingWording.cleared : SavingWording.nothingToClear
            return voice.tell(Report(output: [sentence]))
        } catch {
            throw Stop(error)
        }
    }

    private func savedList() throws(Stop) -> StateFile? {
        let bytes: [UInt8]
        do throws(SystemError) {
            guard try File.status(home.saved) != nil else { return nil }
            bytes = try File.read(home.saved)
        } catch {
            throw Stop(error)
        }
        return try parse(bytes)
    }

    private func parse(_ bytes: [UInt8]) throws(Stop) -> StateFile {
        do throws(JSONError) {
            return try StateFile(parsing: bytes)
        } catch {
            throw Stop(SavingWording.unreadable(home.saved, "\(error)"), .failed)
        }
    }
}

extension StateFile {
    /// Of all apps that would run, without what they declare themselves.
    fileprivate var lostVariables: [String] {
        let names = state.apps.filter(\.isWanted).flatMap { app in
            (app.spec.inherited.flatMap { lost[$0] } ?? []).filter { app.spec.environment[$0] == nil }
        }
        return Set(names).sorted()
    }
}

/// Apps that are being brought back with the same variables, beside others, as a boot does it.
///
/// A class, because a connection cannot be copied into a list.
private final class Revival {
    private let session: Session
    private var request: Request
    private let ticket = Session.newTicket()
    private var connection: Connection?

    init(_ session: Session, _ request: Request) {
        self.session = session
        self.request = request
    }

    /// Takes on another app, as one file would have it; false: that is another's to do.
    func join(_ other: Request, _ variables: [String: String]) -> Bool {
        guard case .apply(let own) = request, case .apply(let more) = other,
            session.caller.environment == variables
        else { return false }
        request = .apply(own + more)
        return true
    }

    /// Where the daemon is gone, or goes meanwhile, whoever asks for the end starts another and asks again.
    func begin(_ signals: borrowing SignalQueue) throws(Stop) {
        do throws(Stop) {
            guard let begun = try session.caller.connect(disturbance: signals.descriptor.number) else {
                return
            }
            try session.caller.begin(request, ticket, over: begun)
            connection = consume begun
        } catch {
            guard error.isLoss else { throw error }
        }
    }

    func end(_ signals: borrowing SignalQueue) throws(Stop) -> ExitCode {
        session.tell(try session.reply(to: request, ticket, signals: signals, over: connection.take()))
    }
}
