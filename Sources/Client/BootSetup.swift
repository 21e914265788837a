internal import Console
internal import Linux

/// Sets swpm up as a service that starts at boot, and undoes it.
struct BootSetup {
    let voice: Voice
    let service: BootService
    let platform: Platform
    /// Whether that service manager runs here; an image may be set up for one that does not.
    private let isPresent: Bool

    init(_ options: BootOptions, _ voice: Voice, _ home: Home) throws(Stop) {
        guard let platform = options.platform ?? BootSetup.present else {
            throw Stop(BootWording.noPlatform(), .failed)
        }
        let own = Users().name(of: ThisProcess.user)
        let name = options.user ?? own
        let isPersonal = ThisProcess.user != 0
        guard !isPersonal || options.prints || (platform == .systemd && name == own) else {
            throw Stop(BootWording.needsRoot(name, platform), .failed)
        }
        guard let user = Users().user(name) else { throw Stop(BootWording.noSuchUser(name), .usage) }
        self.voice = voice
        self.platform = platform
        isPresent = BootSetup.present == platform
        service = BootService(
            user: user.name, isPersonal: isPersonal && platform == .systemd && name == own,
            program: try BootSetup.program(), home: try BootSetup.home(of: user, home))
    }

    /// The home that the variable names, else the user's own.
    private static func home(of user: User, _ home: Home) throws(Stop) -> String {
        let isNamed = !(ThisProcess.variable("SWPM_HOME") ?? "").isEmpty
        let path =
            isNamed || user.number == ThisProcess.user ? home.path : Path.absolute(".swpm", from: user.home)
        // What cannot be looked at is not there yet, for all that we know.
        if let status = try? File.status(path), status.owner != user.number {
            throw Stop(BootWording.foreignHome(path, of: user.name), .failed)
        }
        return path
    }

    private static func program() throws(Stop) -> String {
        do throws(SystemError) { return try ThisProcess.executable() } catch { throw Stop(error) }
    }

    /// sd_booted(3); OpenRC says it likewise.
    static var present: Platform? {
        if isThere("/run/systemd/system") { return .systemd }
        return isThere("/run/openrc") ? .openrc : nil
    }

    private static func isThere(_ path: String) -> Bool { (try? File.status(path)) ?? nil != nil }

    /// Where the service is described.
    private var path: String {
        switch platform {
        case .openrc: return "/etc/init.d/\(service.name)"
        case .systemd:
            let unit = "\(service.name).service"
            return service.isPersonal
                ? "\(BootSetup.configuration)/systemd/user/\(unit)" : "/etc/systemd/system/\(unit)"
        }
    }

    /// `XDG_CONFIG_HOME`, where a user's manager looks for units (systemd.unit(5)).
    private static var configuration: String {
        if let path = ThisProcess.variable("XDG_CONFIG_HOME"), path.hasPrefix("/") { return path }
        return Path.absolute(".config", from: ThisProcess.variable("HOME") ?? "/")
    }
}

// MARK: - Set up

extension BootSetup {
    func print() -> Int32 {
        voice.say(bytes: Array(service.text(for: platform).utf8))
        return ExitCode.done.rawValue
    }

    func install() throws(Stop) -> Int32 {
        let text = service.text(for: platform)
        var lines: [String] = []
        if try present(at: path) == text {
            lines.append(BootWording.asItShould(path))
        } else {
            try write(text)
            lines.append(BootWording.wrote(path))
        }
        switch platform {
        case .systemd:
            // One that does not run has nothing loaded.
            if isPresent { try command("systemctl", scope + ["daemon-reload"]) }
            try command("systemctl", scope + ["--quiet", "enable", "\(service.name).service"])
        case .openrc: try command("rc-update", ["--quiet", "add", service.name, "default"])
        }
        lines.append(BootWording.enabled(service))
        lines += BootWording.ready(
            service, platform, isRunning: isRunning, lingers: BootSetup.lingers(service.user))
        if let caller = ThisProcess.variable("SUDO_USER"), caller != service.user {
            lines.append(BootWording.alsoFor(caller))
        }
        return voice.tell(Report(output: lines))
    }

    func remove() throws(Stop) -> Int32 {
        guard try present(at: path) != nil else {
            return voice.tell(Report(output: [BootWording.nothingToRemove(path)]))
        }
        switch platform {
        case .systemd: try command("systemctl", scope + ["--quiet", "disable", "\(service.name).service"])
        case .openrc: try command("rc-update", ["--quiet", "del", service.name, "default"])
        }
        do throws(SystemError) { try File.remove(path) } catch { throw Stop(error) }
        if platform == .systemd, isPresent { try command("systemctl", scope + ["daemon-reload"]) }
        return voice.tell(Report(output: [BootWording.removed(path)] + BootWording.undone(service)))
    }

    /// What to say after a `kill`, where a boot starts swpm again.
    static func afterKill(_ voice: Voice, _ home: Home) -> [String] {
        for platform in Platform.allCases {
            let options = BootOptions(platform: platform)
            // Where nothing can be set up, nothing is.
            guard let setup = try? BootSetup(options, voice, home), isThere(setup.path) else { continue }
            return BootWording.startsAgain(setup.service, platform)
        }
        return []
    }

    /// Where swpm is set up for a user here, by whomever, and whether the boot knows of it.
    static func installed(for user: String) -> (path: String, isEnabled: Bool, isPersonal: Bool)? {
        for isPersonal in [true, false] where !isPersonal || ThisProcess.user != 0 {
            let name = BootService(user: user, isPersonal: isPersonal, program: "", home: "").name
            let folder = isPersonal ? "\(configuration)/systemd/user" : "/etc/systemd/system"
            let target = isPersonal ? "default" : "multi-user"
            let unit = "\(name).service"
            if isThere("\(folder)/\(unit)") {
                return ("\(folder)/\(unit)", isThere("\(folder)/\(target).target.wants/\(unit)"), isPersonal)
            }
            if isThere("/etc/init.d/\(name)") {
                return ("/etc/init.d/\(name)", isThere("/etc/runlevels/default/\(name)"), false)
            }
        }
        return nil
    }

    /// Whether a user's own services run without a login (loginctl(1)).
    static func lingers(_ user: String) -> Bool { isThere("/var/lib/systemd/linger/\(user)") }

    private var scope: [String] { service.isPersonal ? ["--user"] : [] }

    /// Whether a keeper or a daemon holds the lock of that home.
    private var isRunning: Bool {
        // No lock, or none that we may look at: nobody holds it, for all that we know.
        guard let lock = try? File.open("\(service.home)/lock", .readAndWrite) else { return false }
        return (try? lock.lock()) == false
    }
}

// MARK: - Do

extension BootSetup {
    /// What stands there already; nil: nothing. What somebody else wrote ends the command.
    private func present(at path: String) throws(Stop) -> String? {
        guard BootSetup.isThere(path) else { return nil }
        let bytes: [UInt8]
        do throws(SystemError) { bytes = try File.read(path, atMost: 1 << 20) } catch { throw Stop(error) }
        let text = String(decoding: bytes, as: UTF8.self)
        guard text.split(separator: "\n").prefix(2).contains(where: { $0 == BootService.mark }) else {
            throw Stop(BootWording.notOurs(path), .failed)
        }
        return text
    }

    private func write(_ text: String) throws(Stop) {
        let mode: UInt32 = platform == .openrc ? 0o755 : 0o644
        do throws(SystemError) {
            try Directory.create(Path.absolute("..", from: path), mode: 0o755)
            try File.replace(path, with: Array(text.utf8), mode: mode)
            // Whatever the umask is.
            try File.setMode(path, mode)
        } catch {
            throw Stop(error)
        }
    }

    private func command(_ program: String, _ arguments: [String]) throws(Stop) {
        let ended: ShortProgram
        do throws(SpawnError) {
            ended = try ShortProgram.run(
                program, arguments, environment: ThisProcess.environment(), withErrors: true)
        } catch {
            throw Stop(["\(error)"], .failed)
        }
        guard ended.code == 0 else {
            let line = ([program] + arguments).joined(separator: " ")
            throw Stop(BootWording.commandFailed(line, ended.code, ended.output), .failed)
        }
    }
}
