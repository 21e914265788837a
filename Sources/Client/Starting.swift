internal import Console
internal import Linux
internal import Supervision
internal import Wire

// MARK: - Start

extension Session {
    func start(_ targets: [String], _ options: StartOptions) throws(Stop) -> Int32 {
        var lost: Set<String> = []
        for target in targets {
            let request = try request(for: target, options)
            let reply = try reply(to: request)
            let code = tell(reply)
            guard code == .done else { return code.rawValue }
            lost.formUnion(Session.lostAtBoot(request, reply))
        }
        note(lost)
        try showList()
        return ExitCode.done.rawValue
    }

    /// The variables of ours that what was just begun will not have after a boot.
    private static func lostAtBoot(_ request: Request, _ reply: Reply) -> Set<String> {
        guard case .apply(let specs) = request, case .done(let outcomes) = reply else { return [] }
        let begun = Set(outcomes.filter { $0.change == .started || $0.change == .reloaded }.map(\.app))
        let ours = ThisProcess.environmentByName().keys
        return specs.filter { begun.contains($0.name) }.reduce(into: []) { lost, spec in
            lost.formUnion(ProgramEnvironment.lostAtBoot(of: ours, declared: spec.environment.keys))
        }
    }

    private func note(_ lost: Set<String>) {
        guard !voice.manner.silent, !voice.manner.json else { return }
        voice.complain(Wording.notKept(lost.sorted()))
    }

    private func request(for target: String, _ options: StartOptions) throws(Stop) -> Request {
        switch Target(target) {
        case .ecosystemFile(let path): return .apply(try apps(of: path, options.environment))
        case .unsupportedFile(let path): throw Stop(Wording.unsupportedFile(path), .usage)
        case .other(let text):
            guard options.environment == nil else { throw Stop(Wording.optionNeedsFile("--env"), .usage) }
            if options == StartOptions(), try isKnown(text) { return .start(Selector(text)) }
            let spec = options.spec(
                script: text, directory: try Session.directory(), processors: Processors.available())
            if Session.exists(spec) { return .apply([try keepingInstances(spec, options)]) }
            let isKnown = try isKnown(text)
            throw Stop(isKnown ? Wording.alreadyKnown(text) : Wording.programNotFound(text), .failed)
        }
    }

    /// How many instances an app has is changed only by who says how many.
    private func keepingInstances(_ spec: AppSpec, _ options: StartOptions) throws(Stop) -> AppSpec {
        guard options.instances == nil, home.hasState else { return spec }
        try wake()
        guard let snapshot = try caller.snapshot(),
            let present = snapshot.apps.first(where: { $0.spec.name == spec.name })
        else { return spec }
        var kept = spec
        kept.instances = present.spec.instances
        kept.mode = present.spec.mode
        return kept
    }

    /// Where apps are kept, but nobody runs them, only a daemon can say what they were.
    private func wake() throws(Stop) {
        let signals = try Session.listenForSignals()
        _ = try Summons(caller: caller, mayLaunch: true).connect(disturbance: signals.descriptor.number)
    }

    /// Whether it names what is in the list already; a path never does.
    private func isKnown(_ text: String) throws(Stop) -> Bool {
        guard !text.contains("/") else { return false }
        if text == "all" { return true }
        if home.hasState { try wake() }
        guard let snapshot = try caller.snapshot() else { return false }
        return snapshot.apps.contains { app in
            app.spec.name.name == text || app.spec.name.namespace == text || "\(app.spec.name)" == text
                || app.slots.contains { "\($0.id.number)" == text }
        }
    }

    /// Whether there is something to run: a file, a command of PATH, or a line for the shell.
    private static func exists(_ spec: AppSpec) -> Bool {
        let path = Path.absolute(spec.script, from: spec.workingDirectory)
        if isThere(path) { return true }
        if spec.script.contains(" ") { return true }
        guard !spec.script.contains("/") else { return false }
        let places = (ThisProcess.variable("PATH") ?? "/usr/bin:/bin").split(separator: ":")
        return places.contains { isThere("\($0)/\(spec.script)") }
    }

    private static func isThere(_ path: String) -> Bool {
        // What cannot be looked at may still be run by the daemon, or fail there with the reason.
        guard let status = try? File.status(path) else { return false }
        return status.kind != .directory
    }
}

// MARK: - Replace

extension Session {
    /// `restart` and `reload`: of a file, what has changed is applied, and what has not is replaced all the same.
    func replace(
        _ targets: [String], _ environment: String?, _ percent: Int? = nil, _ request: (Selector) -> Request
    ) throws(Stop) -> Int32 {
        for target in targets {
            let code: ExitCode
            switch Target(target) {
            case .ecosystemFile(let path): code = try replace(file: path, environment, percent, request)
            case .unsupportedFile(let path): throw Stop(Wording.unsupportedFile(path), .usage)
            case .other(let name):
                guard environment == nil else { throw Stop(Wording.optionNeedsFile("--env"), .usage) }
                code = try carryOut(request(Selector(name)), mayLaunch: home.hasState)
            }
            guard code == .done else { return code.rawValue }
        }
        try showList()
        return ExitCode.done.rawValue
    }

    private func replace(
        file path: String, _ environment: String?, _ percent: Int?, _ request: (Selector) -> Request
    ) throws(Stop) -> ExitCode {
        let specs = try apps(of: path, environment)
        let reply = try reply(to: percent.map { .applyCanary(specs, percent: $0) } ?? .apply(specs))
        guard case .done(let outcomes) = reply else {
            return tell(reply)
        }
        let unchanged = outcomes.filter { $0.change == .unchanged }
        let others = outcomes.filter { $0.change != .unchanged }
        // What somebody else broke off was not done.
        let code = tell(.done(others))
        guard code == .done else { return code }
        for outcome in unchanged {
            let code = try carryOut(request(.named("\(outcome.app)")))
            guard code == .done else { return code }
        }
        return .done
    }

    private func apps(of path: String, _ environment: String?) throws(Stop) -> [AppSpec] {
        let directory = try Session.directory()
        let bytes: [UInt8]
        do throws(SystemError) {
            bytes = try File.read(
                Path.absolute(path, from: directory), atMost: JSONOptions.configurationSizeLimit + 1)
        } catch {
            throw Stop(["\(error)"], .usage)
        }
        do throws(EcosystemError) {
            let file = try EcosystemFile.decode(
                bytes, path: path, callerDirectory: directory, processors: Processors.available(),
                environment: environment, userHome: ThisProcess.variable("HOME"))
            voice.complain(file.warnings.map { Text.sanitised("\(path): \($0)") })
            return file.apps
        } catch {
            throw Stop([Text.sanitised("\(error)")], .usage)
        }
    }

    static func directory() throws(Stop) -> String {
        do throws(SystemError) {
            return try ThisProcess.workingDirectory()
        } catch {
            throw Stop(error)
        }
    }
}
