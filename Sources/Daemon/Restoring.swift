internal import Keeper
internal import Linux
internal import Supervision
internal import Wire

/// What a starting daemon finds: the keeper's manifest and the state its predecessor wrote.
struct Found {
    var manifest: KeeperLink.Manifest
    /// Keeper and daemon were both killed: nobody held anything meanwhile.
    let wasAbandoned: Bool
    var file: StateFile
    let history: History

    init(
        _ home: Home, _ manifest: KeeperLink.Manifest, boot: String?, _ scribe: Scribe
    ) throws(SystemError) {
        self.manifest = manifest
        file =
            if let known = Found.remembered(manifest, scribe) { known } else { try Found.read(home, scribe) }
        history = Found.readHistory(home, scribe)
        wasAbandoned = manifest.held.isEmpty && file.boot == boot && file.state.hasProcesses
        // Pids from before a boot mean nothing.
        if file.boot != boot { file.state = file.state.withoutProcesses }
    }

    /// What the daemon before knew to the last moment.
    private static func remembered(_ manifest: KeeperLink.Manifest, _ scribe: Scribe) -> StateFile? {
        guard let bytes = Recollection.read(manifest.held) else { return nil }
        do throws(JSONError) {
            return try StateFile(parsing: bytes)
        } catch {
            scribe.log("what the daemon before remembered cannot be read (\(error)): the disk must do")
            return nil
        }
    }

    /// Nothing depends on it: what cannot be read is said and forgotten.
    private static func readHistory(_ home: Home, _ scribe: Scribe) -> History {
        guard let bytes = try? File.read(home.history) else { return History() }
        do throws(JSONError) {
            return try HistoryFile(parsing: bytes, clock: .now).history
        } catch {
            scribe.log("\(home.history) cannot be read (\(error)): what went wrong before is not known")
            return History()
        }
    }

    /// A state that cannot be understood is put aside, said loudly, and taken for empty. One that cannot even be read may be
    /// whole: without it nothing is begun.
    private static func read(_ home: Home, _ scribe: Scribe) throws(SystemError) -> StateFile {
        guard try File.status(home.state) != nil else { return StateFile(state: SavedState()) }
        let bytes = try File.read(home.state)
        do throws(JSONError) {
            return try StateFile(parsing: bytes)
        } catch {
            let aside = "\(home.state).unreadable-\(Clock.wall() / 1_000_000_000)"
            try? File.rename(home.state, to: aside)
            scribe.log("\(home.state) cannot be read (\(error)); it is kept as \(aside), and no app is known")
            // What runs may carry any number below this one.
            return StateFile(state: SavedState(nextInstance: UInt64(Clock.wall() / 1_000_000)))
        }
    }
}

// MARK: - Taking back

extension Loop {
    /// Takes up what a previous daemon left: environments, log pipes, listeners, and every process that lives.
    func takeBack(_ found: Found) throws(SystemError) {
        var found = found
        if found.wasAbandoned, !found.file.starts.isEmpty { recover(&found) }
        restoreEnvironments(found)
        let saved = found.file.state.apps.flatMap { app in
            app.slots.flatMap { slot in slot.instances.map { (app, slot, $0) } }
        }
        // Their parent was a keeper that was killed.
        areOrphaned = found.manifest.held[Loop.orphanedKey] != nil || found.wasAbandoned
        let candidates = areOrphaned ? ProcFS.processes() : found.manifest.children
        endUnfinished(among: candidates)
        let marked = marked(among: candidates)
        try believeWhatWasSeen()
        // Before anything is written: a log that is not known of yet would be kept as if nobody had said how.
        logs.tend(found.file.state.apps)
        for (app, slot, instance) in saved {
            try takeBack(
                instance, logs.plans(app.spec, slot.index, slot.id, instance.generation), found,
                marked[instance.id])
        }
        logs.restoreRest(found.manifest.held)
        notifySockets.restore(found.manifest.held) { instance in
            processes[instance].flatMap { $0.ended ? nil : $0.process }
        }
        restoreReadyNotes(found.manifest.held)
        ports.restore(
            found.file.state.apps.flatMap { app in app.slots.flatMap { tenants(of: $0, app) } },
            found: found.manifest.held)
        let isAlive = { (instance: InstanceID) in self.processes[instance].map { !$0.ended } ?? false }
        cluster.restore(living: isAlive)
        channels.restore(found.manifest.held, of: isAlive)
        for (app, slot, instance) in saved where processes[instance.id]?.ended == false {
            prober.prepare(
                instance.id,
                Launch(spec: app.spec, slot: slot.index, id: slot.id, generation: instance.generation))
            prober.begin(instance.id)
        }
        for exit in found.manifest.exits where !exits.isAwaited(exit) { exits.wasTold(exit) }
        endStrangers(among: candidates)
        scribe.log("the daemon is up (process \(who.process.number)), \(saved.count) instances known")
        for app in found.file.state.apps { if let work = app.work { tellOfGoingOn(work, app.spec.name) } }
    }

    private func tellOfGoingOn(_ work: Work, _ app: AppName) {
        scribe.log("\(app) was being \(work.change.rawValue) when the daemon before ended: that goes on")
    }

    /// Everybody who holds, or is to inherit, listeners in this slot.
    private func tenants(of slot: SavedState.Slot, _ app: SavedState.App) -> [RestoredTenant] {
        var tenants = slot.instances.map { instance in
            RestoredTenant(
                instance: instance.id, slot: slot.index, process: processes[instance.id]?.process,
                spec: app.spec(of: instance.generation), generation: instance.generation,
                hasEnded: processes[instance.id]?.ended ?? true, heirOf: instance.heir)
        }
        if let dead = slot.estate {
            tenants.append(
                RestoredTenant(
                    instance: dead, slot: slot.index, process: nil, spec: app.spec,
                    generation: slot.generation ?? app.generation, hasEnded: true, heirOf: nil))
        }
        return tenants
    }

    /// One that the daemon before ordered, without hearing whether it came to be.
    private func takeBackLaunched(
        _ instance: InstanceID, _ process: Int32?, _ marker: String, _ children: [Int32]
    ) throws(SystemError) {
        guard let process, let handle = try Processes.openIfThere(process) else {
            return learn(.neverSpawned(instance))
        }
        scribe.log("process \(process) is instance \(instance.number), which was being started")
        let shared = SharedDescriptor(handle)
        processes.restore(instance, ProcessID(process), shared, marker: marker)
        if !children.contains(process) { adopt(instance, shared) }
        learn(.spawned(instance, ProcessID(process)))
    }

    /// Who is taken for gone is started again, and would be there twice: a daemon that cannot look makes way for one that
    /// can.
    private func believeWhatWasSeen() throws(SystemError) {
        if ProcFS.shortages > 0 { throw SystemError("look at what runs", code: SystemError.tooManyFiles) }
    }

    private func takeBack(
        _ instance: SavedState.Instance, _ plans: LogPump.Plans, _ found: Found, _ marked: Int32?
    ) throws(SystemError) {
        let marker = home.marker(of: instance.id)
        logs.restore(instance.id, found.manifest.held, plans)
        guard let process = instance.process else {
            return try takeBackLaunched(instance.id, marked, marker, found.manifest.children)
        }
        let handle =
            isAlive(instance, process.number, marker, found.manifest, found.file.starts)
            ? try Processes.openIfThere(process.number) : nil
        try believeWhatWasSeen()
        if let handle {
            let shared = SharedDescriptor(handle)
            processes.restore(instance.id, process, shared, marker: marker)
            if !found.manifest.children.contains(process.number) { adopt(instance.id, shared) }
        } else {
            processes.restore(instance.id, process, nil, marker: marker)
            let told = found.manifest.exits.first { $0.reaped.process == process.number }
            told.map { ended(instance.id, $0.exit, $0) } ?? endedUnseen(instance.id)
        }
    }

    /// The same process, and not another that has its number by now.
    private func isAlive(
        _ instance: SavedState.Instance, _ process: Int32, _ marker: String, _ manifest: KeeperLink.Manifest,
        _ starts: [InstanceID: UInt64]
    ) -> Bool {
        guard let status = ProcFS.status(of: process), !status.isZombie else { return false }
        if manifest.children.contains(process) {
            return !manifest.exits.contains { $0.reaped.process == process }
        }
        if let start = starts[instance.id] { return status.startTime == start }
        return ProcFS.environment(of: process, contains: "\(ProgramEnvironment.marker)=\(marker)")
    }

    private func restoreEnvironments(_ found: Found) {
        for (key, file) in found.manifest.held where key.hasPrefix(Environments.keyPrefix) {
            if let number = UInt64(key.dropFirst(Environments.keyPrefix.count)) {
                environments.restore(number, file)
            }
        }
        // After a boot only what may stand on disk is left.
        for (id, variables) in found.file.environments where environments.file(id) == nil {
            do throws(SystemError) { try environments.restore(id, variables) } catch {
                scribe.log("\(error)")
            }
        }
    }

    /// Children of the daemon before that had not become their programs yet: they have done nothing.
    private func endUnfinished(among children: [Int32]) {
        let own = ProcFS.arguments(of: ThisProcess.identifier)
        for child in children where child != ThisProcess.identifier && ProcFS.arguments(of: child) == own {
            guard ProcFS.variable("SWPM_HOME", of: child) == home.path,
                home.number(inEnvironmentOf: child) == nil
            else { continue }
            scribe.log("process \(child) had not begun; it is ended")
            // It may be gone already, which is all that is wanted.
            _ = try? Signals.send(Signals.kill, to: child)
        }
    }

    /// Who of these says of itself to be which instance: where there are several, the head of the session, which every
    /// program of ours begins as.
    private func marked(among children: [Int32]) -> [InstanceID: Int32] {
        var found: [InstanceID: Int32] = [:]
        for child in children {
            guard let status = ProcFS.status(of: child), !status.isZombie, status.session == child,
                let number = home.number(inEnvironmentOf: child)
            else { continue }
            found[InstanceID(number)] = child
        }
        return found
    }

    /// Programs of ours that nobody wants: of an app that was deleted while the daemon before died. Ending them is what
    /// keeps everything from running twice.
    private func endStrangers(among children: [Int32]) {
        for child in children where !processes.isMain(child) {
            guard let number = home.number(inEnvironmentOf: child), processes[InstanceID(number)] == nil
            else {
                continue
            }
            scribe.log("process \(child) is ours (instance \(number)) and nobody recorded it; it is ended")
            for process in [child] + ProcFS.descendants(of: child) {
                _ = try? Signals.send(Signals.kill, to: process)
            }
        }
    }
}

extension SavedState.App {
    fileprivate func spec(of generation: Generation) -> AppSpec {
        let others = versions + [canary?.version].compactMap { $0 }
        return others.first { $0.generation == generation }?.spec ?? spec
    }
}
