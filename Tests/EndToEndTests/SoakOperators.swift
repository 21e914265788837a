import Glibc
import Supervision
import Support
import Testing

/// Those who do things to the applications of a soak, and to their processes, as the dice say. They tell what is meant
/// in a file before they do anything and after it; whether it comes to be so is another's to see.
final class SoakOperators {
    let site: Site
    var dice: SeededGenerator
    var apps: [SoakedApp] = []
    var work: [SoakWork] = []
    var stopped: [(process: Int32, app: Int, until: Double)] = []
    /// Keeper and daemon are dead, and nobody has asked for another.
    var isDown = false
    var bothKilledAt = 0.0
    var sparesSwpm = false
    var sparesKeeper = false
    var counts: [String: Int] = [:]
    private(set) var complaints: [String] = []
    private var log: [String] = []
    var folder: String { site.scratch.path }

    /// So many applications of each kind.
    init(seed: UInt64, of each: Int) throws {
        site = try Site(Owner.here.last!)
        dice = SeededGenerator(seed: seed)
        for name in ["held", "counts"] {
            let path = site.scratch.directory(name)
            if let user = site.owner.becomes { giveTree(path, to: user) }
        }
        for name in ["exits", "never-listens", "other-port"] { _ = try site.fixture("broken/\(name).js") }
        let programs: [SoakedApp.Kind: String] = [
            .cluster: try site.fixture("node/workers.js"), .node: try site.fixture("node/server.js"),
            .python: try site.fixture("python/server.py"),
            .go: try Server.go.arguments(site, port: 0)[0],
            .shell: site.file("worker.sh", SoakedApp.worker),
        ]
        for kind in SoakedApp.Kind.allCases {
            for number in 1...each {
                apps.append(
                    SoakedApp(
                        kind, number, size: kind == .node ? 1 : 1 + number % 3, program: programs[kind]!,
                        folder: folder))
            }
        }
    }

    func startAll() throws {
        for index in apps.indices {
            begin(index, serving: false)
            try site.must("start", deploy(.good, index))
            apps[index].settle(running: true)
        }
        tellWhatIsMeant()
    }

    /// A script that knows nothing of swpm.
    func stranger() throws -> Running {
        let script = "\(Programs.fixtures)/soak/stranger.py"
        return try Command("/usr/bin/python3", ["-B", script, folder]).start()
    }

    func endAll() throws {
        try finish { _ in true }
        for index in stopped.indices { stopped[index].until = 0 }
        try poll()
        if isDown { try revive() }
        for index in apps.indices { begin(index, serving: false) }
        let stop = try site.swpm("stop", "all")
        if !stop.succeeded { complain("\(stop)") }
        for index in apps.indices { apps[index].settle(running: false) }
        tellWhatIsMeant()
        // Time to be looked at.
        usleep(1_500_000)
    }

    // MARK: - Telling

    func begin(_ app: Int, _ size: Int? = nil, serving: Bool) {
        apps[app].begin(size, serving: serving)
        tellWhatIsMeant()
    }

    func tellWhatIsMeant() {
        let own = "name=swpm kind=swpm state=\(isDown ? "down" : "up")"
        let path = "\(folder)/meant"
        writeFile("\(path).new", (apps.map(\.line) + [own]).joined(separator: "\n") + "\n")
        rename("\(path).new", path)
    }

    func complain(_ what: String) {
        complaints.append(what)
        note("WRONG: \(what)")
    }

    func note(_ what: String) {
        let tenths = Int(SoakedApp.now * 10)
        log.append("\(tenths / 10).\(tenths % 10) \(what)")
        // All of it, for whoever keeps the remains.
        writeFile("\(folder)/operations", log.joined(separator: "\n"))
    }

    func count(_ what: String) { counts[what, default: 0] += 1 }

    var tale: String { log.suffix(80).joined(separator: "\n") }

    /// What was done shortly before and after what the stranger's lines tell, each of which begins with its time.
    func tale(around seen: String) -> String {
        func time(_ line: some StringProtocol) -> Double? {
            line.split(separator: " ").first.flatMap { Double($0) }
        }
        let moments = seen.split(separator: "\n").compactMap { time($0) }
        let near = log.filter { line in
            time(line).map { at in moments.contains { (-20...5).contains(at - $0) } } ?? false
        }
        return near.joined(separator: "\n")
    }
    var done: String {
        counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    // MARK: - Drawing

    /// The next thing that happens; the dice are asked for the same whatever the machine does.
    func draw() throws {
        let (isFault, waits, pause) = (dice.below(100) < 25, dice.below(100) < 60, dice.below(300))
        if isFault { try suffer() } else { try command() }
        if waits { try finish { _ in true } }
        // Any moment is as good as any other.
        let end = SoakedApp.now + Double(pause) / 1000
        repeat { try poll(); usleep(10_000) } while SoakedApp.now < end
    }

    /// Waits for the end of what is on its way.
    func finish(_ isMeant: (SoakWork) -> Bool) throws {
        while work.contains(where: isMeant) {
            try poll()
            usleep(5000)
        }
    }

    /// What has ended, and what is due.
    func poll() throws {
        for index in work.indices.reversed() where !work[index].running.isRunning {
            try goOn(work.remove(at: index))
        }
        if let late = work.first(where: { SoakedApp.now - $0.began > 120 }) {
            throw NeverHappened(description: "\(late.step.words) takes for ever\n\(tale)\n\(site.daemonLog)")
        }
        for index in stopped.indices.reversed() where stopped[index].until < SoakedApp.now {
            let one = stopped.remove(at: index)
            kill(one.process, SIGCONT)
            apps[one.app].hurt()
            tellWhatIsMeant()
        }
    }

    /// The ecosystem file of an app in this version.
    func deploy(_ release: SoakedRelease, _ app: Int) -> String {
        apps[app].generation += 1
        return site.file("\(apps[app].name).json", apps[app].ecosystem(release))
    }
}

extension SeededGenerator {
    mutating func below(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}
