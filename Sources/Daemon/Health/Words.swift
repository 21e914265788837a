internal import Linux
internal import Supervision

// MARK: - What programs say of themselves

extension Loop {
    /// Says of an instance that its program said it was ready, until that is on disk: a new daemon must not wait for
    /// what was said to the one before.
    private static let readyPrefix = "ready/"

    /// A program spoke, by sd_notify(3) or over its message channel.
    func said(_ word: Word, by instance: InstanceID) {
        guard let entry = processes[instance], entry.process != nil else { return }
        switch word {
        case .ready where supervisor.awaitsWord(of: instance):
            let key = "\(Loop.readyPrefix)\(instance.number)"
            keeper.deposit(key: key, nothing)
            readyNotes.append(key)
        case .mainProcess(let process):
            guard process != entry.process, !entry.ended else { return }
            guard changeMain(of: instance, to: process) else { return }
        case .ready, .reloading, .stopping, .status, .alive, .trouble: break
        }
        learn(.said(instance, word))
    }

    /// The state is on disk.
    func withdrawReadyNotes() {
        for key in readyNotes { keeper.withdraw(key: key) }
        readyNotes = []
    }

    /// What a previous daemon had heard and not written down.
    func restoreReadyNotes(_ held: [String: SharedDescriptor]) {
        for key in held.keys.sorted() where key.hasPrefix(Loop.readyPrefix) {
            readyNotes.append(key)
            guard let number = UInt64(key.dropFirst(Loop.readyPrefix.count)),
                let entry = processes[InstanceID(number)], !entry.ended
            else { continue }
            learn(.said(InstanceID(number), .ready))
        }
    }

    /// From now on the instance lives as long as this process; false: it is gone already.
    private func changeMain(of instance: InstanceID, to process: ProcessID) -> Bool {
        guard let handle = try? Processes.open(process.number),
            let status = ProcFS.status(of: process.number), !status.isZombie
        else { return false }
        let shared = SharedDescriptor(handle)
        // A watch must go before its descriptor does.
        giveUp(instance)
        processes.changeMain(of: instance, to: process, shared)
        notifySockets.changed(instance, to: process)
        // The keeper tells of its own children only.
        if status.parent != keeper.process { adopt(instance, shared) }
        return true
    }

    /// The main process before has ended: the one that took its place may be the keeper's child by now.
    func lostParent(_ former: ProcessID) {
        guard let instance = processes.formerMain(former.number), let main = processes[instance]?.process,
            ProcFS.status(of: main.number)?.parent == keeper.process
        else { return }
        giveUp(instance)
    }
}

// MARK: - Checking

extension Loop {
    /// How to run a command that checks an instance: as its program was run, with no port, channel or log of its own.
    func checkJob(_ instance: InstanceID, _ launch: Launch, output: SharedDescriptor) -> SpawnJob? {
        guard let process = processes[instance]?.process else { return nil }
        var launch = launch
        launch.spec.environment["SWPM_CHECK_PID"] = "\(process.number)"
        if case .open(let target, _) = ports.route(to: instance, port: nil) {
            launch.spec.environment["SWPM_CHECK_PORT"] = "\(target.port)"
        }
        launch.spec.watchdog = nil
        return SpawnJob(
            instance: instance, launch: launch, home: home.path, marker: home.marker(of: instance),
            inherited: environments.file(launch.spec.inherited), input: nothing, output: output,
            error: output,
            ports: PortsProvision(), openFiles: openFiles)
    }
}
