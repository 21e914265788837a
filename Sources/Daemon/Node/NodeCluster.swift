internal import Linux
internal import Supervision
internal import Wire

/// The primary of all Node programs in cluster mode: each believes that it is a worker of Node's own cluster module.
///
/// What is answered is decided by `ClusterPrimary`, one for each app; here its orders are carried out, on the
/// channels and on the ports. A class, because both lead back to it.
final class NodeCluster {
    static let key = "node/cluster"

    var send: (_ line: [UInt8], _ descriptor: SharedDescriptor?, _ to: InstanceID) -> Void = { _, _, _ in }
    /// Has a program's preload close its servers without cutting a connection; false: it has none.
    var deafen: (InstanceID) -> Bool = { _ in false }
    private let ports: Ports
    private let tell: (String) -> Void
    private var primaries: [AppName: ClusterPrimary] = [:]
    /// Whose worker each is.
    private var apps: [InstanceID: AppName] = [:]
    /// Never on a disk: the secrets of TLS tickets are in it.
    private let memory: TwoPages

    init(
        _ ports: Ports, _ keeper: KeeperLink, found: [String: SharedDescriptor],
        tell: @escaping (String) -> Void
    ) throws(SystemError) {
        self.ports = ports
        self.tell = tell
        let kept = found[NodeCluster.key]
        let file = if let kept { kept } else { SharedDescriptor(try MemoryFile.create("swpm-node")) }
        if kept == nil { keeper.deposit(key: NodeCluster.key, file) }
        memory = TwoPages(file)
    }

    /// What makes a Node program a worker; its number is never given twice.
    static func variables(_ instance: InstanceID, _ launch: Launch) -> [String: String] {
        launch.spec.mode == .cluster
            ? ["NODE_UNIQUE_ID": "\(UInt32(truncatingIfNeeded: instance.number) & 0x7FFF_FFFF)"] : [:]
    }
}

// MARK: - Workers

extension NodeCluster {
    /// A Node program has its channel. A worker that a former daemon knew is not new.
    func began(_ instance: InstanceID) {
        guard let tenant = ports.tenants[instance], tenant.spec.mode == .cluster, apps[instance] == nil else {
            return
        }
        apps[instance] = tenant.app
        primaries[tenant.app, default: ClusterPrimary()].add(instance)
    }

    func ended(_ instance: InstanceID) {
        guard let app = apps.removeValue(forKey: instance) else { return }
        primaries[app]?.remove(instance)
        remember()
    }

    func heard(_ message: ClusterMessage, from instance: InstanceID) {
        guard let app = apps[instance] else { return }
        perform(primaries[app]?.heard(message, from: instance) ?? [])
    }

    /// It shall take no more connections, and close what it was lent.
    func dismiss(_ instance: InstanceID) {
        guard let app = apps[instance], let primary = primaries[app], !primary.isLeaving(instance) else {
            return
        }
        let actions = primaries[app]?.dismiss(instance, isDeaf: deafen(instance)) ?? []
        perform(actions)
    }
}

// MARK: - Performing

extension NodeCluster {
    private func perform(_ actions: [ClusterPrimary.Action]) {
        for action in actions { perform(action) }
    }

    private func perform(_ action: ClusterPrimary.Action) {
        switch action {
        case .open(let instance, let query): open(query, for: instance)
        case .send(let instance, let line, let key):
            send(line, key.flatMap { ports.descriptor($0, of: instance) }, instance)
        case .listened(let instance, let key):
            remember()
            ports.serves(instance, key)
        case .closed(let instance, let key):
            remember()
            let isLeaving = apps[instance].flatMap { primaries[$0] }?.isLeaving(instance) ?? true
            ports.rests(instance, key, isLeaving: isLeaving)
        case .remember: remember()
        }
    }

    private func open(_ query: ClusterQuery, for instance: InstanceID) {
        ports.lend(query, to: instance) { [weak self] outcome in
            guard let self, let app = apps[instance] else { return }
            switch outcome {
            case .success: perform(primaries[app]?.opened(instance, query.key) ?? [])
            case .failure(let error):
                tell("\(error) (\(app), instance \(instance.number))")
                perform(primaries[app]?.opened(instance, query.key, failure: error.code) ?? [])
            }
        }
    }
}

// MARK: - Going on after a daemon

extension NodeCluster {
    private func remember() {
        // What is remembered of an app ends when nothing of it is left.
        primaries = primaries.filter { app, primary in
            !primary.isEmpty || ports.tenants.values.contains { $0.app == app }
        }
        let lines = primaries.sorted { $0.key < $1.key }.map { $0.value.line(of: $0.key) }
        do throws(SystemError) {
            try memory.write(Array(lines.joined(separator: [UInt8(ascii: "\n")])))
        } catch {
            tell("\(error): the next daemon would not know what Node workers listen on")
        }
    }

    /// Before the channels are opened again. Of workers that are gone nothing is kept.
    func restore(living: (InstanceID) -> Bool) {
        // Unreadable is as good as empty: workers are known again when they are replaced.
        let bytes = (try? memory.read()) ?? []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let (app, restored) = ClusterPrimary.read(Array(line)) else { continue }
            var primary = restored
            for instance in primary.known {
                if living(instance) { apps[instance] = app } else { primary.remove(instance) }
            }
            primaries[app] = primary
            for (instance, key) in primary.listening { ports.serves(instance, key) }
        }
    }
}
