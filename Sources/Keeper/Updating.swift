internal import Glibc
internal import Linux

// MARK: - Rehearsing

extension KeeperProcess {
    mutating func beginUpdate(_ candidate: Safe.Candidate) {
        switch update {
        // The way back from the last one is given up.
        case nil, .watching: break
        case .rehearsing, .leaving, .trying, .returning:
            return safe.updateEnded("another update is under way")
        }
        guard let program = candidate.program else {
            return safe.updateEnded(SystemError("receive the program", code: EMFILE).description)
        }
        do throws(SpawnError) {
            update = .rehearsing(try rehearse(program))
        } catch {
            failUpdate("\(error)")
        }
    }

    /// Runs the new program on the real state, with the handover it would get.
    private func rehearse(_ program: SharedDescriptor) throws(SpawnError) -> Update.Rehearsal {
        let (file, pipe) = try KeeperProcess.materials(handover)
        var request = request
        request.program = "/proc/self/fd/4"
        request.arguments = ["keeper", "--check", "3"]
        request.descriptors = [
            .init(nowhere.number, as: 0), .init(pipe.writer.number, as: 1), .init(pipe.writer.number, as: 2),
            .init(file.number, as: 3), .init(program.number, as: 4),
        ]
        let process = try withExtendedLifetime((file, pipe.writer)) { () throws(SpawnError) in
            try spawn(request).process
        }
        return Update.Rehearsal(
            program: program, process: process, output: pipe.reader,
            until: Clock.monotonic() + Update.rehearsalPatience)
    }

    private static func materials(
        _ handover: Handover
    ) throws(SpawnError) -> (SharedDescriptor, (reader: SharedDescriptor, writer: SharedDescriptor)) {
        do throws(SystemError) {
            let file = SharedDescriptor(try MemoryFile.sealed("handover", handover.encoded()))
            return (file, try readyPipe())
        } catch {
            throw SpawnError(.descriptors, "3", code: error.code)
        }
    }

    /// The reading end never waits.
    static func readyPipe() throws(SystemError) -> (
        reader: SharedDescriptor, writer: SharedDescriptor
    ) {
        let pipe = try Pipe()
        return (
            SharedDescriptor(try pipe.reader.duplicate()), SharedDescriptor(try pipe.writer.duplicate())
        )
    }

    /// The rehearsal has ended: its last line says how it went.
    mutating func rehearsed(_ reaped: Reaped) {
        guard case .rehearsing(let rehearsal) = update else { return }
        // What cannot be read was not said.
        let output = (try? rehearsal.output.descriptor.read(atMost: Update.outputLimit)) ?? []
        if let objection = Rehearsed.objection(reaped.end, output) { return failUpdate(objection) }
        guard let process = daemon.process else { return become(rehearsal.program, because: nil) }
        update = .leaving(rehearsal.program, until: Clock.monotonic() + Update.leavingPatience)
        KeeperProcess.announce("an update begins: the daemon (process \(process)) makes way")
        safe.makeWay()
    }

    private mutating func failUpdate(_ reason: String) {
        update = nil
        KeeperProcess.announce("the update failed: \(reason)")
        safe.updateEnded(reason)
    }
}

// MARK: - Becoming another program

extension KeeperProcess {
    private var handover: Handover {
        Handover(
            lock: lock.number, openFiles: openFiles,
            deposits: safe.deposits.all.map { Handover.Deposit($0.key, $0.descriptor.number) },
            exits: safe.exits.all)
    }

    /// Same process, same children, same descriptors, another program. Returns only if the kernel refuses.
    ///
    /// `because`: it was this one before, and is wanted back for that reason.
    private mutating func become(_ program: SharedDescriptor, because reason: String?) {
        do throws(SystemError) {
            let file = try MemoryFile.sealed("handover", handover.encoded())
            let previous = reason == nil ? SharedDescriptor(try Image.own()) : nil
            let resumption = Resumption(
                handover: file.number, previous: previous?.number, reason: reason ?? "")
            setInherited(true)
            file.setInherited(true)
            previous?.descriptor.setInherited(true)
            let error = KeeperProcess.become(program.number, resumption)
            setInherited(false)
            throw error
        } catch {
            // There is no daemon now, and one of this program is started next.
            failUpdate(reason.map { "\($0); and there is no way back: \(error)" } ?? "\(error)")
        }
    }

    private static func become(_ program: Int32, _ resumption: Resumption) -> SystemError {
        Image.become(
            program, name: "swpm", arguments: resumption.arguments, environment: ThisProcess.environment())
    }

    private func setInherited(_ wanted: Bool) {
        lock.descriptor.setInherited(wanted)
        for (_, descriptor) in safe.deposits.all { descriptor.descriptor.setInherited(wanted) }
    }

    /// The body of a keeper that was another program a moment ago.
    static func resume(_ configuration: KeeperConfiguration, _ resumption: Resumption) -> Int32 {
        leadErrors(to: configuration.logPath)
        do throws(SystemError) {
            var keeper = try resumed(configuration, resumption)
            return keeper.serveToTheEnd()
        } catch {
            announce("\(goBack(resumption, because: error))")
            return 1
        }
    }

    private mutating func serveToTheEnd() -> Int32 {
        do throws(SystemError) {
            return try serve()
        } catch {
            KeeperProcess.announce("\(error)")
            return 1
        }
    }

    /// Everything is still as it was handed over: the previous program can have it again.
    private static func goBack(_ resumption: Resumption, because error: SystemError) -> SystemError {
        guard let previous = resumption.previous else { return error }
        return become(previous, Resumption(handover: resumption.handover, reason: "\(error)"))
    }

    /// Owns nothing of what was handed over before nothing can fail any more.
    private static func resumed(
        _ configuration: KeeperConfiguration, _ resumption: Resumption
    ) throws(SystemError) -> KeeperProcess {
        let file = try Descriptor.copy(of: resumption.handover)
        guard let handover = Handover(decoding: try file.contents()) else {
            throw SystemError("understand the handover", code: EPROTO)
        }
        let lock = SharedDescriptor(try Descriptor.copy(of: handover.lock))
        let pipe = try readyPipe()
        var keeper = try KeeperProcess(configuration, lock: lock, openFiles: handover.openFiles)
        try keeper.poller.add(pipe.reader.number, token: updateToken, for: .readable)
        keeper.take(handover, resumption, pipe)
        return keeper
    }

    private mutating func take(
        _ handover: Handover, _ resumption: Resumption,
        _ pipe: (reader: SharedDescriptor, writer: SharedDescriptor)
    ) {
        if let previous = resumption.previous {
            ready = pipe.writer
            update = .trying(Update.Trial(previous: KeeperProcess.own(previous), ready: pipe.reader))
        } else {
            poller.remove(pipe.reader.number)
            KeeperProcess.announce("this is the program from before again: \(resumption.reason)")
            safe.updateEnded(resumption.reason)
        }
        safe.restore(handover)
        for spent in [handover.lock, resumption.handover] { _ = Descriptor(owning: spent) }
    }

    private static func own(_ number: Int32) -> SharedDescriptor {
        let descriptor = Descriptor(owning: number)
        descriptor.setInherited(false)
        return SharedDescriptor(descriptor)
    }
}

// MARK: - Trying

extension KeeperProcess {
    /// The new daemon says that it is ready, or why it is not.
    mutating func hearOfTrial() {
        // What it said first is what it had to say.
        guard case .trying(var trial) = update, trial.complaint.isEmpty, let bytes = trial.hear() else {
            return
        }
        poller.remove(trial.ready.number)
        let said = String(decoding: bytes, as: UTF8.self)
        guard said.hasPrefix("ready") else {
            trial.complaint = said.split(separator: "\n").first.map(String.init) ?? ""
            update = .trying(trial)
            return
        }
        KeeperProcess.announce("the update is done")
        update = .watching(
            previous: trial.previous, until: Clock.monotonic() + Update.watchingTime, deaths: 0)
        safe.updateEnded("")
    }

    /// Whether the daemon's end belongs to an update, and is dealt with.
    mutating func concludeUpdate(_ reaped: Reaped) -> Bool {
        // What it said before it ended may be that it is ready.
        hearOfTrial()
        switch update {
        case nil, .rehearsing: return false
        case .leaving(let program, _): become(program, because: nil)
        case .trying(let trial):
            let complaint = trial.complaint
            become(
                trial.previous, because: complaint.isEmpty ? "its daemon \(reaped.end.words)" : complaint)
        case .watching(let previous, let until, let deaths):
            guard deaths == Update.deathsTolerated else {
                update = .watching(previous: previous, until: until, deaths: deaths + 1)
                return false
            }
            become(previous, because: "its daemon ended again and again; the last one \(reaped.end.words)")
        case .returning(let previous, let reason): become(previous, because: reason)
        }
        return true
    }

    /// The new program's daemon could not even be started.
    mutating func goBackIfTrying(because reason: String) {
        if case .trying(let trial) = update { become(trial.previous, because: reason) }
    }

    mutating func updateDeadlinePassed(at now: Int64) {
        guard let update, let deadline = update.deadline, deadline <= now else { return }
        switch update {
        case .rehearsing(let rehearsal):
            // It is reaped as any child is.
            KeeperProcess.end(rehearsal.process)
            failUpdate("it hangs: it said nothing for \(Update.rehearsalPatience / 1_000_000_000) s")
        case .leaving(let program, _):
            self.update = .leaving(program, until: nil)
            if let process = daemon.process { KeeperProcess.end(process) }
        case .trying(let trial):
            let patience = "\(Update.trialPatience / 1_000_000_000) s"
            let complaint =
                trial.complaint.isEmpty ? "its daemon was not ready within \(patience)" : trial.complaint
            self.update = .returning(trial.previous, because: complaint)
            poller.remove(trial.ready.number)
            if let process = daemon.process { KeeperProcess.end(process) }
        case .watching: self.update = nil
        case .returning: break
        }
    }

    /// That it has ended already is as good.
    private static func end(_ process: Int32) { _ = try? Signals.send(Signals.kill, to: process) }
}
