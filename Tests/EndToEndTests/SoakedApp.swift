import Linux
import Support

/// One application of a soak: what it is, and what is meant to be seen of it at this moment.
struct SoakedApp {
    enum Kind: String, CaseIterable { case cluster, node, python, go, shell }

    let name: String
    let kind: Kind
    let port: UInt16?
    var size: Int
    /// Where its files and programs are.
    let folder: String
    let program: String

    /// Changed by every new version of it.
    var generation = 0
    var isRunning = false
    /// Nil: nothing is being done to it.
    var busyWith: Int?
    var since = 0.0
    var servesSince = Double.infinity
    var hurtFrom = 0.0
    var hurtTo = 0.0
    var wasFlushed = false
    /// It ended while nobody had the other end of its pipe.
    var mayLackLines = false

    init(_ kind: Kind, _ number: Int, size: Int, program: String, folder: String) {
        name = "\(kind.rawValue)\(number)"
        self.kind = kind
        self.size = size
        self.program = program
        self.folder = folder
        port = kind == .shell ? nil : freePort()
    }

    /// In the environment of all its processes; declared, so that it outlives whoever started it.
    var mark: String { "\(folder):\(name)" }

    /// How many there are at most while something is done to it.
    var most: Int { max(size, busyWith ?? 0) }

    static var now: Double { Double(Clock.monotonic()) / 1e9 }
}

// MARK: - What is meant

extension SoakedApp {
    mutating func begin(_ size: Int? = nil, serving: Bool) {
        (busyWith, since) = (size ?? self.size, Self.now)
        if !serving { servesSince = .infinity }
    }

    mutating func settle(running: Bool) {
        (busyWith, since, isRunning) = (nil, Self.now, running)
        // Whoever is new is believed by its age, and may need longer than that until it listens.
        if running, servesSince == .infinity { servesSince = since + 3 }
    }

    mutating func hurt(until end: Double? = nil) {
        // Several at once are hurt from the first to the last.
        if hurtTo < Self.now { hurtFrom = Self.now }
        hurtTo = max(hurtTo == .infinity ? 0 : hurtTo, end ?? Self.now)
    }

    /// A line for whoever looks from outside.
    var line: String {
        let state = busyWith != nil ? "busy" : isRunning ? "steady" : "stopped"
        let serves = servesSince <= Self.now && port != nil
        return
            "name=\(name) kind=\(kind) wanted=\(isRunning ? size : 0) most=\(most) state=\(state) since=\(since)"
            + " serves=\(serves ? "yes" : "no") serves_since=\(servesSince) hurt_from=\(hurtFrom) hurt_to=\(hurtTo)"
            + " flushed=\(wasFlushed ? "yes" : "no") lacks=\(mayLackLines ? "yes" : "no")"
            + (port.map { " port=\($0)" } ?? "")
    }
}

// MARK: - What is nobody's

extension SoakedApp {
    /// An instance ended while keeper and daemon were dead: with it end its listener, and what was in its pipe.
    mutating func loseWhatNobodyHad() {
        servesSince = Self.now + 25
        mayLackLines = true
    }
}

// MARK: - What is deployed

/// A version that is put in place.
enum SoakedRelease: CaseIterable {
    case good, blueGreen
    /// Dies at start; never listens; listens elsewhere.
    case dying, mute, elsewhere

    static let bad: [SoakedRelease] = [.dying, .mute, .elsewhere]
}

extension SoakedApp {
    /// An ecosystem file with this app alone.
    func ecosystem(_ release: SoakedRelease) -> String {
        let port = port.map { "\($0)" } ?? "none"
        var (script, words) = (program, [port])
        var more = ""
        switch (release, kind) {
        case (.dying, _): script = "\(folder)/exits.js"
        case (.mute, _): script = "\(folder)/never-listens.js"
        case (.elsewhere, _): script = "\(folder)/other-port.js"
        case (.blueGreen, _): more = #""strategy": "blue-green", "bake": "500ms", "#
        case (.good, _): break
        }
        switch kind {
        case .cluster where !SoakedRelease.bad.contains(release):
            words = ["http", port]
            more += #""exec_mode": "cluster", "#
        case .shell:
            words = [folder, name]
            more += #""interpreter": "bash", "log_rotate": { "size": "64K", "keep": 1000 }, "#
        case .python where !SoakedRelease.bad.contains(release):
            more += #""interpreter": "/usr/bin/python3", "#
        case .cluster, .node, .python, .go: break
        }
        let arguments = words.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            { "apps": [ { "name": "\(name)", "script": "\(script)", "args": [\(arguments)], "instances": \(size), \(more)
              "zero_downtime": true, "min_uptime": "300ms", "drain_grace": "1s", "drain_timeout": "5s",
              "kill_timeout": "5s", "listen_timeout": "\(SoakedRelease.bad.contains(release) ? 3 : 20)s",
              "env": { "SOAK_APP": "\(mark)", "GENERATION": "\(generation)", "OTHER_PORT": "0" } } ] }
            """
    }

    /// Says numbered lines, and how many it has said, and holds a lock for its slot.
    static let worker = """
        exec 9>>"$1/held/$2-$NODE_APP_INSTANCE"
        flock -n 9 || { echo "$2 $NODE_APP_INSTANCE" >> "$1/twice"; exit 1; }
        own=$$.$EPOCHREALTIME
        i=0
        while :; do
            for _ in {1..40}; do echo "line $own $((++i)) xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; done
            echo $i > "$1/counts/$2-$NODE_APP_INSTANCE-$own"
            sleep 0.5
        done

        """
}
