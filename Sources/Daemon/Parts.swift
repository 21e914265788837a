internal import Linux
internal import Supervision
internal import Wire

/// What the loop is made of, from the poller up.
struct Parts {
    let home: Home
    let watches: Watches
    let keeper: KeeperLink
    let ports: Ports
    let logs: LogPump
    let channels: Channels
    let notifySockets: NotifySockets
    let cluster: NodeCluster
    let spawner: Spawner
    let scribe: Scribe
    let recollection: Recollection
    let environments: Environments
    let connections: Connections
    let openFiles: ResourceLimit
    let nothing: SharedDescriptor
    let who: DaemonFacts
    let boot: String?
}

extension Parts {
    /// The key of the control socket, which outlives the daemon so that no client is ever refused.
    private static let controlKey = "control"

    init(
        home: Home, watches: Watches, keeper: KeeperLink, manifest: KeeperLink.Manifest, version: String
    ) throws(SystemError) {
        self.home = home
        self.watches = watches
        self.keeper = keeper
        // Before any thread.
        openFiles = try ResourceLimit.raiseOpenFiles()
        ThisProcess.keepOneHeap()
        let scribe = try Scribe(home: home)
        self.scribe = scribe
        recollection = try Recollection(keeper, found: manifest.held, tell: { scribe.log($0) })
        nothing = SharedDescriptor(try File.open("/dev/null", .readAndWrite))
        boot = try Clock.bootIdentifier()
        who = DaemonFacts(
            version: version, build: Image.buildID, process: ProcessID(ThisProcess.identifier), since: .now)
        environments = Environments(keeper: keeper)
        spawner = try Spawner()
        logs = try LogPump(keeper: keeper, watches: watches, place: LogPlace(home) { scribe.log($0) })
        channels = Channels(watches: watches, keeper: keeper, tell: { scribe.log($0) })
        let safe = PortsSafe(keeper)
        notifySockets = NotifySockets(watches: watches, safe: safe, home: home, tell: { scribe.log($0) })
        ports = try Ports(
            watches: watches, safe: safe, abilities: .find(),
            memory: PortsMemory(found: manifest.held, safe: safe), tell: { scribe.log($0) })
        cluster = try NodeCluster(ports, keeper, found: manifest.held, tell: { scribe.log($0) })
        let held = manifest.held[Parts.controlKey]
        let control = if let held { held } else { SharedDescriptor(try UnixSocket.listen(home.socket)) }
        if held == nil { keeper.deposit(key: Parts.controlKey, control) }
        connections = Connections(
            control, watches: watches, owner: ThisProcess.user, server: who.program.header)
    }
}
