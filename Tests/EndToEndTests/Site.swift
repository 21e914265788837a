import Glibc
import Support
import Testing
import Wire

/// Who runs the daemon: root, and an ordinary user without any privilege.
enum Owner: String, CaseIterable, CustomTestStringConvertible {
    case root, user

    /// Only root can try both.
    static var here: [Owner] { geteuid() == 0 ? [.root, .user] : [.user] }

    /// The user to become; nil: we are he already. 65534 is nobody, everywhere.
    var becomes: UInt32? { self == .user && geteuid() == 0 ? 65534 : nil }
    var testDescription: String { rawValue }
}

/// Counts that take minutes: `make soak` does all of them, `make test` a few.
enum Counts {
    static let isSoak = environment("SWPM_SOAK") != nil
    static func of(_ few: Int, soak all: Int) -> Int { isSoak ? all : few }

    /// Each with every owner; where time is short each once, with root and the user in turn.
    static func byTurns<Case>(_ cases: [Case]) -> [(Case, Owner)] {
        guard !isSoak else { return cases.flatMap { one in Owner.here.map { (one, $0) } } }
        return cases.enumerated().map { ($0.element, Owner.here[$0.offset % Owner.here.count]) }
    }
}

/// A machine's worth of swpm for one test: the released binary, a home and a place for programs, all in a scratch
/// directory that belongs to the owner. Its end leaves nothing running.
struct Site {
    let scratch: Scratch
    let owner: Owner
    /// In the environment of everything that is started here, so that it can be found in /proc.
    let mark: String

    static let markVariable = "SITE_MARK"

    init(_ owner: Owner) throws {
        self.owner = owner
        scratch = Scratch()
        mark = scratch.path
        for program in [Programs.swpm, Programs.releasedPuppet] {
            try #require(isExecutable(program), "\(program) is missing: swift build -c release")
            copyFile(program, to: "\(scratch.directory("bin"))/\(program.split(separator: "/").last!)")
        }
        let (home, folder) = (scratch.directory("home"), scratch.path)
        let site = self
        scratch.atEnd { site.endEverything() }
        give(home)
        give(folder)
    }

    var bin: String { scratch.path("bin") }
    var home: String { scratch.path("home") }

    /// The command, not started yet.
    func command(_ arguments: [String]) -> Command { command("\(bin)/swpm", arguments) }

    func command(_ program: String, _ arguments: [String]) -> Command {
        var command = Command(program, arguments)
        command.cleanEnvironment = true
        command.environment = variables
        command.directory = scratch.path
        command.user = owner.becomes
        return command
    }

    var variables: [String: String?] {
        [
            "PATH": "\(bin):/usr/local/bin:/usr/bin:/bin", "HOME": scratch.path, "LANG": "C.UTF-8",
            "SWPM_HOME": home, Self.markVariable: mark,
        ]
    }

    /// Runs `swpm` to its end, whatever that is.
    @discardableResult
    func swpm(_ arguments: String..., within limit: Duration = .seconds(120)) throws -> Finished {
        try command(arguments).run(within: limit)
    }

    /// Runs `swpm`, which must succeed.
    @discardableResult
    func must(_ arguments: String..., within limit: Duration = .seconds(120)) throws -> Finished {
        let finished = try command(arguments).run(within: limit)
        try #require(finished.succeeded, "\(finished)\n\(daemonLog)")
        return finished
    }

    /// A file of the owner.
    @discardableResult
    func file(_ name: String, _ text: String, mode: UInt32 = 0o644) -> String {
        let path = scratch.file(name, text, mode: mode)
        give(path)
        return path
    }

    /// A fixture program, copied to where the owner can read it.
    func fixture(_ name: String) throws -> String {
        try #require(readFile("\(Programs.fixtures)/\(name)") != nil, "no fixture \(name)")
        let path = scratch.path(String(name.split(separator: "/").last!))
        copyFile("\(Programs.fixtures)/\(name)", to: path)
        give(path)
        return path
    }

    var daemonLog: String {
        (readFile("\(home)/daemon.log") ?? "no daemon.log").split(separator: "\n").suffix(40).joined(
            separator: "\n")
    }

    private func give(_ path: String) {
        if let user = owner.becomes { giveTree(path, to: user) }
    }
}

// MARK: - What runs

extension Site {
    /// Instances as `jlist` tells them.
    func rows(of app: String? = nil) throws -> [Row] {
        let finished = try must("jlist")
        guard case .array(let entries) = try JSON(parsing: Array(finished.output.utf8), options: .answer)
        else {
            throw NeverHappened(description: "jlist is no array: \(finished)")
        }
        return entries.compactMap { Row($0) }.filter { app == nil || $0.name == app }
    }

    /// Slots as the control interface tells them, with their ports.
    func slots(of app: String) throws -> [JSON] {
        let finished = try must("describe", app, "--json")
        let json = try JSON(parsing: Array(finished.output.utf8), options: .answer)
        return elements(elements(json["apps"]).first?["slots"])
    }

    func pids(of app: String) throws -> [Int32] { try rows(of: app).map(\.pid) }

    /// Everything that was started here and lives, without swpm itself.
    var living: [ProcessFacts] {
        let own = Set(own.map(\.id))
        let mark = Array("\(Self.markVariable)=\(mark)".utf8)
        // A caller's own variables are lost when keeper and daemon are both killed.
        let marker = Array("SWPM_ID=\(home):".utf8)
        return processes { $0.elementsEqual(mark) || $0.starts(with: marker) }.filter { facts in
            facts.state != "Z" && !own.contains(facts.id) && facts.command.first != "\(bin)/swpm"
        }
    }

    /// swpm's own processes here: keeper and daemon.
    var own: [ProcessFacts] {
        runningProcesses().filter { facts in
            facts.state != "Z" && facts.command.count > 1 && ["keeper", "daemon"].contains(facts.command[1])
                && (readBytes("/proc/\(facts.id)/environ") ?? []).split(separator: 0).contains {
                    $0.elementsEqual("SWPM_HOME=\(home)".utf8)
                }
        }
    }

    var daemon: Int32 {
        get throws { try #require(own.first { $0.command[1] == "daemon" }, "no daemon\n\(daemonLog)").id }
    }

    /// SIGKILL for the daemon; returns when another one answers.
    func replaceDaemon() throws {
        let former = try daemon
        kill(former, SIGKILL)
        try eventually(within: .seconds(20), "another daemon\n\(daemonLog)") {
            let isBack = own.contains { $0.command[1] == "daemon" && $0.id != former }
            return try isBack && swpm("ping", within: .seconds(5)).succeeded
        }
    }

    /// SIGKILL for daemon and keeper. Held still first: each would start the other again.
    func killBoth() throws {
        for signal in [SIGSTOP, SIGKILL] { for process in own { kill(process.id, signal) } }
        try eventually { own.isEmpty }
    }

    /// SIGKILL for one instance; returns when all are online without it.
    func crash(_ victim: Int32, of app: String) throws {
        kill(victim, SIGKILL)
        try eventually(within: .seconds(20), "all online without \(victim)\n\(daemonLog)") {
            try rows(of: app).allSatisfy { $0.status == "online" && $0.pid != victim && $0.pid > 0 }
        }
    }

    /// Stops all, the polite way first; what is left is killed.
    private func endEverything() {
        _ = try? swpm("kill", within: .seconds(30))
        try? killBoth()
        for facts in living { kill(facts.id, SIGKILL) }
    }
}

/// One instance, as PM2's keys tell it.
struct Row: Equatable {
    var name: String
    var id: Int64
    var pid: Int32
    var status: String
    var restarts: Int64

    init?(_ entry: JSON) {
        guard case .string(let name)? = entry["name"], case .integer(let id)? = entry["pm_id"],
            case .integer(let pid)? = entry["pid"], case .string(let status)? = entry["pm2_env"]?["status"],
            case .integer(let restarts)? = entry["pm2_env"]?["restart_time"]
        else { return nil }
        self.name = name
        self.id = id
        self.pid = Int32(pid)
        self.status = status
        self.restarts = restarts
    }
}

/// What is not an array has no elements, what is not a text is empty, what is no number is nil.
func elements(_ json: JSON?) -> [JSON] { if case .array(let elements)? = json { elements } else { [] } }
func text(_ json: JSON?) -> String { if case .string(let text)? = json { text } else { "" } }
func number(_ json: JSON?) -> Int64? { if case .integer(let number)? = json { number } else { nil } }
