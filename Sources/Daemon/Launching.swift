internal import Linux
internal import Supervision

// MARK: - From an order to a running program

extension Loop {
    /// Prepares everything that must outlive the daemon and deposits it with the keeper before there is a process
    /// that needs it; the spawner does the rest.
    func spawn(_ instance: InstanceID, _ launch: Launch) {
        let marker = home.marker(of: instance)
        processes.launch(instance, marker: marker)
        prober.prepare(instance, launch)
        do throws(SystemError) {
            let pipes = try logs.open(
                instance, logs.plans(launch.spec, launch.slot, launch.id, launch.generation))
            spawner.order(
                SpawnJob(
                    instance: instance, launch: launch, home: home.path, marker: marker,
                    inherited: environments.file(launch.spec.inherited), input: nothing, output: pipes.output,
                    error: pipes.error,
                    ports: try ports.prepare(instance, launch),
                    channel: try channels.prepare(instance, launch), openFiles: openFiles,
                    notifySocket: try notifySockets.prepare(instance)))
        } catch {
            notSpawned(instance, "\(error)")
        }
    }

    func learnSpawnOutcomes() {
        for outcome in spawner.outcomes.take() {
            switch outcome {
            case .failed(let instance, let reason): notSpawned(instance, reason)
            case .spawned(let instance, let process, let handle, let node, let places):
                spawned(instance, process, handle, places)
                channels.spawned(instance, as: node)
                endedEarly(instance, process)
            }
        }
    }

    private func notSpawned(_ instance: InstanceID, _ reason: String) {
        processes.failed(instance)
        ports.failed(instance)
        channels.failed(instance)
        notifySockets.forget(instance)
        prober.end(instance)
        logs.close(instance)
        learn(.spawnFailed(instance, reason: reason))
    }

    private func spawned(
        _ instance: InstanceID, _ process: ProcessID, _ handle: SharedDescriptor, _ places: Places?
    ) {
        processes.spawned(instance, process, handle)
        learn(.spawned(instance, process))
        if let places { learn(.located(instance, places)) }
        ports.spawned(instance, process)
        notifySockets.spawned(instance, process)
        prober.begin(instance)
        if keeper.isLost { adopt(instance, handle) }
    }

    /// The keeper may have been quicker to tell that it ended than the spawner that it began.
    private func endedEarly(_ instance: InstanceID, _ process: ProcessID) {
        if let exit = exits.takeEarly(process, stillLaunching: processes.launching) {
            ended(instance, exit.exit)
        }
    }
}
