internal import Console
internal import Linux
internal import Supervision
internal import Wire

extension Session {
    func doctor() -> Int32 {
        let findings = Doctor.findings(Examination(caller).symptoms)
        guard voice.manner.json else {
            return voice.tell(Doctor.report(findings, palette: voice.output.palette))
        }
        var writer = JSONWriter()
        writer.array(findings) { writer, finding in
            writer.object { writer in
                for (key, value) in [
                    ("check", finding.subject), ("verdict", finding.verdict.rawValue),
                    ("says", finding.sentence), ("type", finding.remedy ?? ""),
                ] where !value.isEmpty {
                    writer.key(key)
                    writer.string(value)
                }
            }
        }
        voice.say(bytes: writer.bytes + [UInt8(ascii: "\n")])
        return Doctor.code(findings).rawValue
    }
}

/// A look at the machine and at the swpm of one home. It changes nothing, and starts nothing but a child that tries a
/// filter and ends.
struct Examination {
    let symptoms = Symptoms()
    private let caller: Caller
    private var home: Home { caller.home }
    /// A daemon that is well answers in a millisecond.
    private static let patience = Duration.seconds(3)
    /// The state and its successor find room in that.
    private static let reserve: Int64 = 16 << 20

    init(_ caller: Caller) {
        self.caller = caller
        lookAtKernel()
        lookAtHome()
        lookAtService()
        lookAtPrograms()
    }
}

// MARK: - The machine

extension Examination {
    private func lookAtKernel() {
        let isPrivileged = Capability.administer.isHeld
        symptoms.isRoot = ThisProcess.user == 0
        symptoms.user = Users().name(of: ThisProcess.user)
        symptoms.filterRefusal =
            refusal(of: [.bindAndListen], forbidsNewPrivileges: !isPrivileged)?.description
        symptoms.borrowRefusal = Trying.borrowing()?.description
        symptoms.cloneRefusal = Trying.cloneThree()?.description
        symptoms.traceScope = KernelSettings.traceScope
        symptoms.firstFreePort = Int(KernelSettings.firstUnprivilegedPort)
        symptoms.bindsLowPorts = Capability.bindLowPorts.isHeld
        symptoms.migrates = KernelSettings.number("net/ipv4/tcp_migrate_req").map { $0 != 0 }
        symptoms.backlog = KernelSettings.number("net/core/somaxconn") ?? symptoms.backlog
        symptoms.hasIPv6 = Trying.internetSix()
        symptoms.isSynchronised = Trying.synchronisedClock()
        if let limit = try? ResourceLimit.current(.openFiles) { symptoms.openFiles = limit.hard }
        let numbers = KernelSettings.number("kernel/pid_max") ?? symptoms.roomForProcesses
        symptoms.roomForProcesses = min(
            numbers - ProcFS.processes().count, ControlGroup.roomForProcesses() ?? .max)
        if let group = ControlGroup.own() {
            symptoms.group = group
            symptoms.groupIsWritable = ControlGroup.isWritable(group)
            symptoms.controllers = ControlGroup.controllers(group)
        }
    }
}

// MARK: - The home

extension Examination {
    private func lookAtHome() {
        symptoms.home = home.path
        symptoms.log = home.daemonLog
        guard let status = Examination.status(home.path) else {
            // One that cannot even be looked at is somebody else's.
            if home.isForeign, (try? File.status(home.path)) == nil {
                (symptoms.homeOwner, symptoms.homeMode) = ("another user", 0o700)
            }
            return
        }
        symptoms.homeMode = status.mode
        if status.owner != ThisProcess.user { symptoms.homeOwner = Users().name(of: status.owner) }
        let settings = lookAtSettings()
        for directory in [home.path, home.logs] { lookAtFiles(in: directory, of: status.owner) }
        lookAtDisk(home.path, status) { _ in Examination.reserve }
        if let logs = Examination.status(home.logs) {
            lookAtDisk(home.logs, logs, besides: status) { settings.free.limit(ofDisk: $0) }
        }
        lookAtState()
    }

    private func lookAtSettings() -> HomeSettings {
        if Examination.status(home.formerSettings) != nil {
            symptoms.settingsFaults.append("\(home.formerSettings) belongs into \(home.configuration)")
        }
        guard Examination.status(home.configuration) != nil else { return HomeSettings() }
        do {
            let settings = try HomeSettings(parsing: try File.read(home.configuration))
            symptoms.sharesHome = settings.controlGroup != nil
            return settings
        } catch {
            symptoms.settingsFaults.append("\(home.configuration): \(error)")
            return HomeSettings()
        }
    }

    private func lookAtFiles(in directory: String, of owner: UInt32) {
        for name in (try? Directory.names(in: directory)) ?? [] {
            let path = "\(directory)/\(name)"
            guard let status = (try? File.status(path, followingLinks: false)) ?? nil else { continue }
            if status.owner != owner {
                symptoms.foreignFiles.append(path)
            } else if status.kind == .file, status.mode & 0o600 != 0o600 {
                symptoms.closedFiles.append(path)
            }
            if directory == home.path, name.hasPrefix(Home.asidePrefix) { symptoms.aside.append(name) }
        }
    }

    private func lookAtDisk(
        _ path: String, _ status: FileStatus, besides other: FileStatus? = nil, _ reserve: (Int64) -> Int64
    ) {
        // What is one disk is said once, with what the logs leave alone.
        if other?.device == status.device { symptoms.disks.removeAll() }
        guard let space = try? File.open(path, .directory).fileSystem() else { return }
        symptoms.disks.append(
            Symptoms.Disk(path, available: space.available, reserve: reserve(space.size)))
    }

    private func lookAtState() {
        guard let status = Examination.status(home.state), let bytes = try? File.read(home.state) else {
            return
        }
        symptoms.isBehind = max(.zero, .nanoseconds(status.modified - Clock.wall()))
        do throws(JSONError) {
            symptoms.state = .readable(apps: try StateFile(parsing: bytes).state.apps.count)
        } catch {
            symptoms.state = .unreadable("\(error)")
        }
    }

    /// Nil: it is not there, or not for us to see.
    private static func status(_ path: String) -> FileStatus? { (try? File.status(path)) ?? nil }
}

// MARK: - The service and the programs

extension Examination {
    private func lookAtService() {
        symptoms.platform = BootSetup.present
        guard let found = BootSetup.installed(for: symptoms.user) else { return }
        symptoms.unit = found.path
        symptoms.isEnabled = found.isEnabled
        symptoms.isPersonal = found.isPersonal
        symptoms.lingers = BootSetup.lingers(symptoms.user)
    }

    private func lookAtPrograms() {
        symptoms.program = (try? ThisProcess.executable()) ?? "swpm"
        let path = ThisProcess.variable("PATH") ?? ""
        symptoms.inPath = path.split(separator: ":").map { "\($0)/swpm" }.first(where: File.isExecutable)
        if let other = symptoms.inPath.flatMap(Examination.status),
            let own = Examination.status("/proc/self/exe")
        {
            symptoms.inPathIsOther = !own.isSameFile(as: other)
        }
        lookAtDaemon()
    }

    private func lookAtDaemon() {
        do throws(Stop) {
            guard let body = try caller.ask(.version, within: Examination.patience) else {
                if Summons.isLocked(home) { symptoms.daemon = .mute("its socket is closed") }
                return
            }
            let facts: DaemonFacts
            do throws(JSONError) {
                facts = try Answer.facts(body, clock: .now)
            } catch {
                throw .notUnderstood("\(error)")
            }
            symptoms.daemon = .up(
                Wording.program(facts.version, facts.build), process: facts.process.number,
                isOther: facts.program != Peer.own)
            if let snapshot = try caller.snapshot(within: Examination.patience) {
                look(at: snapshot, ProcFS.status(of: facts.process.number)?.parent)
            }
        } catch {
            symptoms.daemon = .mute(error.report.errors.first ?? "no reason is known")
        }
    }

    private func look(at snapshot: Snapshot, _ keeper: Int32?) {
        if let deaths = snapshot.daemonDeaths {
            symptoms.restarts = deaths.count
            symptoms.lastRestart = Instant(nanoseconds: Clock.monotonic()) - deaths.last
        }
        let processes = snapshot.apps.flatMap(\.slots).compactMap { $0.current?.process?.number }
        symptoms.orphans = processes.count { process in
            ProcFS.status(of: process).map { $0.parent != keeper } ?? false
        }
    }
}
