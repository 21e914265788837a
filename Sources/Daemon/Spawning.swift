internal import Linux
internal import Supervision
internal import Wire

// From an order to a running program, on the spawner's thread.
extension SpawnJob {
    func carryOut(_ environments: DecodedEnvironment, _ tray: SpawnTray) -> SpawnOutcome {
        do {
            // Before the spawn: a program may change links the moment it runs.
            let places = Places(of: launch.spec)
            let facts = ScriptFacts(of: launch.spec)
            let invocation = launch.spec.invocation(of: facts)
            var request = try request(invocation, environments)
            let node = completeNode(&request, invocation, invocation.nodeRole(facts))
            request.tray = tray
            let spawned = try spawn(request)
            let process = ProcessID(spawned.process)
            return .spawned(instance, process, SharedDescriptor(spawned.release()), node: node, places)
        } catch {
            return .failed(instance, "\(error)")
        }
    }

    /// Another command as the same user, in the same directory and environment, as the daemon's own child.
    func carryOut(check words: [String], _ environments: DecodedEnvironment) throws -> CheckProcess {
        let invocation = Invocation(program: words[0], arguments: Array(words.dropFirst()))
        var request = try request(invocation, environments)
        request.isSibling = false
        let spawned = try spawn(request)
        let process = spawned.process
        return CheckProcess(process: process, handle: SharedDescriptor(spawned.release()))
    }

    /// Gives what is, or may start, Node its channel; nil: it has none.
    private func completeNode(
        _ request: inout SpawnRequest, _ invocation: Invocation, _ role: NodeRole?
    ) -> NodeRole? {
        guard let channel, let role else { return nil }
        // Deno stops before the program where it is to load another file first.
        let preload = role == .deno ? nil : preload(for: request.identity)
        switch role {
        case .deno:
            channel.complete(&request, preload: nil)
            return .deno
        case .itself:
            channel.complete(&request, preload: preload)
            completeInspection(&request, invocation)
            return .itself
        case .wrapper:
            guard let preload, openFiles.soft > UInt64(ChannelProvision.wrappedNumber + 1) else { return nil }
            return channel.complete(wrapper: &request, preload: preload) ? .wrapper : nil
        }
    }

    private func completeInspection(_ request: inout SpawnRequest, _ invocation: Invocation) {
        guard launch.spec.mode == .cluster, Invocation.isNode(program: invocation.program) else { return }
        let own = launch.spec.interpreterArguments
        let options = request.environment.first { $0.hasPrefix("NODE_OPTIONS=") }
        let port = InspectPort.argument(
            for: launch.slot, arguments: own, nodeOptions: options.map { String($0.dropFirst(13)) })
        if let port, request.arguments.starts(with: own) { request.arguments.insert(port, at: own.count) }
    }

    private func request(
        _ invocation: Invocation, _ environments: DecodedEnvironment
    ) throws -> SpawnRequest {
        let spec = launch.spec
        let owner = try owner()
        var request = SpawnRequest(
            program: invocation.program, arguments: invocation.arguments,
            environment: environment(
                over: try inherited.map(environments.variables) ?? [:], unbuffered: invocation.isPython, owner
            ))
        request.directory = spec.workingDirectory
        request.identity = owner?.identity
        request.limits = [openFiles]
        request.priority = spec.nice
        request.memoryScore = 0
        request.mask = spec.umask
        request.isSibling = true
        request.descriptors = [
            .init(input.number, as: 0), .init(output.number, as: 1), .init(error.number, as: 2),
        ]
        if let identity = owner?.identity {
            // So that it may open /dev/stdout, which asks for the rights to the pipe anew.
            for pipe in [output, error] {
                try pipe.descriptor.setOwner(user: identity.user, group: identity.group)
            }
        }
        if let notifySocket { request.environment.append("NOTIFY_SOCKET=\(notifySocket)") }
        if let interval = spec.watchdog {
            request.environment.append("WATCHDOG_USEC=\(interval.nanoseconds / 1000)")
        }
        ports.complete(&request)
        return request
    }

    private func preload(for identity: SpawnRequest.Identity?) -> String? {
        launch.spec.nodePreload ? Preload.place(home: home, for: identity?.user) : nil
    }

    /// Whom the app asks to run as; nil: as the daemon.
    private func owner() throws(SpawnRefusal) -> User? {
        let users = Users()
        guard let name = launch.spec.user else {
            guard launch.spec.group == nil else { throw .groupWithoutUser }
            return nil
        }
        guard var user = users.user(name) else { throw .noSuchUser(name) }
        guard let groupName = launch.spec.group else { return user }
        guard let group = users.group(groupName) else { throw .noSuchGroup(groupName) }
        user.group = group
        user.groups = Array(Set(user.groups + [group])).sorted()
        return user
    }

    private func environment(
        over inherited: [String: String], unbuffered: Bool, _ owner: User?
    ) -> [String] {
        var variables = inherited
        if let owner {
            variables.merge(["HOME": owner.home, "USER": owner.name, "LOGNAME": owner.name]) { $1 }
        }
        let complete = launch.environment(
            inherited: variables, home: home, marker: marker, unbuffered: unbuffered)
        return complete.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }
}

/// Why a program is not even tried.
enum SpawnRefusal: Error, CustomStringConvertible {
    case noSuchUser(String), noSuchGroup(String), groupWithoutUser

    var description: String {
        switch self {
        case .noSuchUser(let name): "cannot become user \(name): there is none of that name"
        case .noSuchGroup(let name): "cannot join group \(name): there is none of that name"
        case .groupWithoutUser: "cannot take a group without a user: say \"uid\" too"
        }
    }
}

extension ScriptFacts {
    /// Looks at the script as it is now; symbolic links lead where they lead today.
    init(of spec: AppSpec) {
        let path = spec.script.hasPrefix("/") ? spec.script : "\(spec.workingDirectory)/\(spec.script)"
        guard let status = try? File.status(path), status.kind == .file else {
            self = .missing
            return
        }
        // An unreadable file may still be executable; the kernel decides.
        let start = (try? File.read(path, atMost: 256)) ?? []
        let header: Header =
            if start.starts(with: [0x7F, 0x45, 0x4C, 0x46]) {
                .binary
            } else if start.starts(with: Array("#!".utf8)) {
                .shebang(
                    String(decoding: start.dropFirst(2).prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self))
            } else {
                .text
            }
        self = .file(path: path, executable: File.isExecutable(path), header: header)
    }
}
