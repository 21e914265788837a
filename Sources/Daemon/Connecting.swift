internal import Linux
internal import Supervision
internal import Wire

// MARK: - Who may call the loop

extension Loop {
    /// Connects what is said on the channels of Node programs; before those that a former daemon had are taken up.
    func connectChannels() {
        channels.onMessage = { [unowned self] instance, message in
            // As PM2 has it: process.send('ready').
            if message == .string("ready") { said(.ready, by: instance) }
            guard !followers.areNone, let place = supervisor.place(of: instance) else { return }
            followers.tell(ProgramMessage(message, from: place.app, place.slot, place.id))
        }
        channels.variables = NodeCluster.variables
        channels.onCluster = { [unowned self] in cluster.heard($1, from: $0) }
        channels.onPreload = { [unowned self] in preloads.hear($1, from: $0) }
        channels.onOpen = { [unowned self] instance, isOld in
            cluster.began(instance)
            if isOld { preloads.ask(instance) }
        }
        channels.onEnd = { [unowned self] instance in
            cluster.ended(instance)
            preloads.forget(instance)
        }
        cluster.send = { [unowned self] line, descriptor, instance in
            channels.send(line, descriptor, to: instance)
        }
        preloads.onDrained = { [unowned self] in ports.finishApart($0) }
        // The preload leaves idle connections alone, which Node itself would cut.
        cluster.deafen = { [unowned self] in preloads.drain($0, isDeaf: true) }
        ports.recall = { [unowned self] in cluster.dismiss($0) }
    }

    /// Opens the way to the socket for those who may look, and closes it to those who might.
    func letReadersIn() {
        do throws(SystemError) {
            guard let readers = Readers(of: home, tell: { scribe.log($0) }) else {
                return try Readers.shutOut(of: home)
            }
            try readers.open()
            connections.readers = readers
        } catch {
            scribe.log("\(error): see who may look with `swpm doctor`")
        }
    }

    /// Connects everything that brings facts, and then lets clients in.
    func connect() throws(SystemError) {
        keeper.onExit = { [unowned self] in reaped($0) }
        keeper.onRefusal = { [unowned self] key, error in
            scribe.log("the keeper does not hold \(key): \(error)")
        }
        keeper.onLost = { [unowned self] in loseKeeper() }
        logs.onLastWords = { [unowned self] in heard($1, of: $0) }
        logs.onTrouble = { [unowned self] in scribe.log($0) }
        notifySockets.onWord = { [unowned self] in said($1, by: $0) }
        prober.onResult = { [unowned self] in learn(.checked($0, $1)) }
        prober.route = { [unowned self] in ports.route(to: $0, port: $1) }
        prober.job = { [unowned self] in checkJob($0, $1, output: $2) }
        connections.tell = { [unowned self] in scribe.log($0) }
        try keeper.attach(to: watches)
        _ = try watches.watch(spawner.outcomes.number, for: .readable) { [unowned self] _ in
            learnSpawnOutcomes()
        }
        _ = try watches.watch(signals.descriptor.number, for: .readable) { [unowned self] _ in takeSignals() }
        try connections.open { [unowned self] in take($0, $1) }
    }

    /// The machine, or the service, goes down: everything stops gracefully and stays wanted.
    private func takeSignals() {
        while let signal = try? signals.next() {
            if signal == Signals.hangup { continue }
            if signal == Signals.user2 {
                logs.reopen()
                continue
            }
            scribe.log("\(Signal(number: signal)): everything is stopped, and wanted again at the next start")
            goDown(connections.nextTicket())
        }
    }
}
