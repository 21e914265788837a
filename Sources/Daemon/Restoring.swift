internal import Keeper
internal import Linux
internal import Supervision
internal import Wire

/// What a starting daemon finds: the keeper's manifest and the state its predecessor wrote.
struct Found {
    let manifest: KeeperLink.Manifest
    var file: StateFile
    let history: History

    init(_ home: Home, _ manifest: KeeperLink.Manifest, boot: String?, _ scribe: Scribe) {
        self.manifest = manifest
        file = Found.read(home, scribe)
        history = Found.readHistory(home, scribe)
        // Pids from before a boot mean nothing.
        if file.boot != boot { file.state = file.state.withoutProcesses }
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

    /// A state that cannot be read is put aside, said loudly, and taken for empty.
    private static func read(_ home: Home, _ scribe: Scribe) -> StateFile {
        guard let bytes = try? File.read(home.state) else { return StateFile(state: SavedState()) }
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
    func takeBack(_ found: Found) {
        restoreEnvironments(found)
        let saved = found.file.state.apps.flatMap { app in
            app.slots.flatMap { slot in slot.instances.map { (app, slot, $0) } }
        }
        for (app, slot, instance) in saved {
            takeBack(instance, logs.plans(app.spec, slot.index, slot.id), found)
        }
        logs.restoreRest(found.manifest.held)
        logs.tend(found.file.state.apps)
        notifySockets.restore(found.manifest.held) { instance in
            processes[instance].flatMap { $0.ended ? nil : $0.process }
        }
        restoreReadyNotes(found.manifest.held)
        ports.restore(
            saved.map { app, slot, instance in
                RestoredTenant(
                    instance: instance.id, slot: slot.index, process: instance.process, spec: app.spec,
                    generation: instance.generation, hasEnded: processes[instance.id]?.ended ?? true)
            }, found: found.manifest.held)
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
        endStrangers(among: found.manifest.children)
        scribe.log("the daemon is up (process \(who.process.number)), \(saved.count) instances known")
    }

    private func takeBack(_ instance: SavedState.Instance, _ plans: LogPump.Plans, _ found: Found) {
        let marker = home.marker(of: instance.id)
        let process = instance.process
        logs.restore(instance.id, found.manifest.held, plans)
        let handle = isAlive(instance, marker, found.manifest) ? try? Processes.open(process.number) : nil
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
    private func isAlive(_ instance: SavedState.Instance, _ marker: String, _ manifest: KeeperLink.Manifest)
        -> Bool
    {
        let process = instance.process.number
        guard let status = ProcFS.status(of: process), !status.isZombie else { return false }
        if manifest.children.contains(process) {
            return !manifest.exits.contains { $0.reaped.process == process }
        }
        return ProcFS.environment(of: process, contains: "\(ProgramEnvironment.marker)=\(marker)")
    }

    /// Not the keeper's child: nobody will tell us its status, but its descriptor tells us of its end.
    func adopt(_ instance: InstanceID, _ handle: SharedDescriptor) {
        // Without a watch its end goes unnoticed until the next command; that is said in the log.
        do throws(SystemError) {
            if let before = adoptions[instance] { watches.remove(before) }
            adoptions[instance] = try watches.watch(handle.number, for: .readable) { [unowned self] _ in
                giveUp(instance)
                endedUnseen(instance)
            }
        } catch {
            scribe.log("\(error): the end of instance \(instance.number) will not be noticed")
        }
    }

    /// The keeper will tell of its end after all, or it has ended.
    func giveUp(_ instance: InstanceID) {
        if let watch = adoptions.removeValue(forKey: instance) { watches.remove(watch) }
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

    /// Programs of ours that nobody recorded, because a daemon died between starting one and saying so. Ending
    /// them is what keeps everything from running twice.
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
