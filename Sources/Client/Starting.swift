internal import Console
internal import Linux
internal import Supervision
internal import Wire

// MARK: - Start

extension Session {
    func start(_ targets: [String], _ options: StartOptions) throws(Stop) -> Int32 {
        for target in targets {
            let code = try carryOut(try request(for: target, options))
            guard code == .done else { return code.rawValue }
        }
        try showList()
        return ExitCode.done.rawValue
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
            if Session.exists(spec) { return .apply([spec]) }
            let isKnown = try isKnown(text)
            throw Stop(isKnown ? Wording.alreadyKnown(text) : Wording.programNotFound(text), .failed)
        }
    }

    /// Whether it names what is in the list already; a path never does.
    private func isKnown(_ text: String) throws(Stop) -> Bool {
        guard !text.contains("/") else { return false }
        if text == "all" { return true }
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
        _ targets: [String], _ environment: String?, _ request: (Selector) -> Request
    ) throws(Stop) -> Int32 {
        for target in targets {
            let code: ExitCode
            switch Target(target) {
            case .ecosystemFile(let path): code = try replace(file: path, environment, request)
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
        file path: String, _ environment: String?, _ request: (Selector) -> Request
    ) throws(Stop) -> ExitCode {
        let reply = try reply(to: .apply(try apps(of: path, environment)))
        guard case .done(let outcomes) = reply else {
            let report = Report(reply)
            if !voice.manner.json { _ = voice.tell(report) }
            return report.code
        }
        let unchanged = outcomes.filter { $0.change == .unchanged }
        let others = outcomes.filter { $0.change != .unchanged }
        if !voice.manner.json { _ = voice.tell(Report(.done(others))) }
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
                environment: environment)
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
