internal import Keeper
internal import Linux
internal import Supervision

// When the keeper is killed.
extension Loop {
    /// Says that the keeper is not everybody's parent any more, until a boot.
    static let orphanedKey = "orphaned"
    /// How long a new keeper may take to read what it is handed.
    private static let handoverPatience = Duration.seconds(5)

    /// Starts another keeper, gives it everything, and ends: what it starts then is a daemon like any other. Where that
    /// fails this one goes on without.
    func loseKeeper() {
        if isService { leaveToServiceManager() }
        for (instance, handle) in processes.handles { adopt(instance, handle) }
        guard !keeper.isQuitting else { return }
        do {
            let link = try startKeeper()
            recollect()
            try handOver(to: link)
        } catch {
            return scribe.log(
                "the keeper was killed, and there is no other (\(error)): apps run and are looked after, but not "
                    + "beyond this daemon's end")
        }
        scribe.log("the keeper was killed: another has everything, and starts the next daemon")
        prober.endAll()
        logs.end(isLast: false)
        scribe.finish()
        ThisProcess.exit(0)
    }

    private func startKeeper() throws -> SharedDescriptor {
        let pair = try UnixSocket.pair(.packets)
        let (link, lock): (Int32, Int32) = (3, 4)
        var request = SpawnRequest(
            program: "/proc/self/exe", arguments: ["keeper", "--bereaved", "\(link)", "\(lock)"],
            environment: ThisProcess.environment())
        request.name = "swpm"
        request.limits = [openFiles]
        request.descriptors =
            (0...2).map { SpawnRequest.Inheritance(nothing.number, as: $0) } + [
                SpawnRequest.Inheritance(pair.second.number, as: link),
                SpawnRequest.Inheritance(KeeperConfiguration.lockDescriptor, as: lock),
            ]
        _ = try Linux.spawn(request)
        return SharedDescriptor(pair.first)
    }

    private func handOver(to socket: SharedDescriptor) throws(SystemError) {
        var deposits = keeper.deposits
        deposits[Loop.orphanedKey] = nothing
        let poller = try Poller()
        try poller.add(socket.number, token: 0, for: .writable)
        let deadline = Instant.now + Loop.handoverPatience
        for (key, descriptor) in deposits.sorted(by: { $0.key < $1.key }) {
            let packet = KeeperRequest.deposit(key: key).encoded()
            while try socket.descriptor.sendMessage(packet, descriptors: [descriptor.number]) == .wouldBlock {
                guard deadline > .now else { throw SystemError("hand over", code: SystemError.timedOut) }
                _ = try poller.wait(atMost: deadline - .now)
            }
        }
    }
}
