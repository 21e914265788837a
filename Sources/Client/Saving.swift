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
        var isComplete = true
        for app in file?.state.apps ?? [] {
            guard let request = Session.request(for: app, among: present) else { continue }
            isComplete = false
            let variables = app.spec.inherited.flatMap { file?.environments[$0] } ?? [:]
            let code = try giving(variables).carryOut(request)
            guard code == .done else { return code.rawValue }
        }
        if isComplete, !voice.manner.silent { voice.say([SavingWording.nothingMissing]) }
        try showList()
        return ExitCode.done.rawValue
    }

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
