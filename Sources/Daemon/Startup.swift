internal import Keeper
internal import Linux
internal import Supervision
internal import Wire

/// The one way up, whether first start, crash or upgrade: ask the keeper what there is and the state file what is
/// wanted, and go on.
public enum Startup {
    /// The body of `swpm daemon`. It is started by the keeper, which hands it the descriptors it needs.
    public static func run(home path: String, version: String) -> Int32 {
        ThisProcess.setName("swpm")
        let home = Home(path: path)
        #if FAULTS
            Fault.listen(to: home.fault)
        #endif
        let ready = SharedDescriptor(Descriptor(owning: KeeperConfiguration.readyDescriptor))
        // A daemon that cannot be talked to is ended, and has to say first why it cannot go on.
        let link = try? SharedDescriptor(Descriptor.copy(of: KeeperConfiguration.linkDescriptor))
        defer { withExtendedLifetime(link) {} }
        do throws(SystemError) {
            let loop = try raise(home, version)
            // Nobody may be listening any more, which is their affair.
            _ = try? ready.descriptor.write(Array("ready\n".utf8))
            try loop.run()
            return 0
        } catch {
            _ = try? ready.descriptor.write(Array("\(error)\n".utf8))
            // The keeper starts the next daemon; if its log cannot be written either, nobody can be told.
            try? File.append(
                Array("\(Clock.timestamp()) the daemon cannot go on: \(error)\n".utf8), to: home.daemonLog)
            return 1
        }
    }

    private static func raise(_ home: Home, _ version: String) throws(SystemError) -> Loop {
        // A file that may not grow is an error like any other, and no reason to die.
        Signals.block([Signals.brokenPipe, Signals.fileTooLarge])
        let watches = try Watches()
        let keeper = try KeeperLink(Descriptor(owning: KeeperConfiguration.linkDescriptor))
        let manifest = try keeper.manifest()
        let parts = try Parts(
            home: home, watches: watches, keeper: keeper, manifest: manifest, version: version)
        let found = try Found(home, manifest, boot: parts.boot, parts.scribe)
        let seed = UInt64(bitPattern: Clock.wall())
        let loop = try Loop(
            parts,
            supervisor: Supervisor(
                restoring: found.file.state, history: found.history, seed: seed, now: .now))
        loop.connectChannels()
        try loop.takeBack(found)
        loop.takeBackUpdate(manifest)
        loop.letReadersIn()
        try loop.connect()
        return loop
    }
}
