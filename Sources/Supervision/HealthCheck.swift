/// How to find out whether an instance does its work: asked again and again, each instance by itself.
public struct HealthCheck: Equatable, Sendable {
    public var probe: Probe
    /// From the end of one check to the next, once the instance has been healthy. Before that it is asked more often.
    public var interval: Duration = .seconds(10)
    /// A check that takes longer has failed.
    public var timeout: Duration = .seconds(5)
    /// So many failures in a row make it unhealthy.
    public var retries: Int = 3
    /// From the spawn; failures before the first success do not count so long. Nil: until `listenTimeout`.
    public var startPeriod: Duration?
    /// Whether an instance that was healthy and is not any more is replaced.
    public var liveness: Bool = false

    public enum Probe: Equatable, Sendable {
        case http(HTTPProbe)
        /// The program accepts a connection; nil: on the first port that it listens on.
        case tcp(port: UInt16?)
        /// A command, run as the program is, ends with 0.
        case command([String])
    }

    public init(_ probe: Probe) { self.probe = probe }
}

/// What to ask an instance over HTTP, and which answer is a good one.
public struct HTTPProbe: Equatable, Sendable {
    public var path: String
    /// Nil: the first port that it listens on.
    public var port: UInt16?
    /// Empty: any from 200 to 399.
    public var statuses: [Int] = []
    public var headers: [String: String] = [:]

    public init(path: String) { self.path = path }

    public func accepts(_ status: Int) -> Bool {
        statuses.isEmpty ? (200..<400).contains(status) : statuses.contains(status)
    }
}

/// How one check went.
public enum CheckResult: Equatable, Sendable {
    case passed
    /// Why not: "500 from /healthz".
    case failed(String)
}

/// What the checks of an instance have shown so far.
struct Health: Equatable, Sendable {
    /// Failures in a row.
    private(set) var failures = 0
    private(set) var reason: String?
    private(set) var state = State.unknown

    enum State: Equatable, Sendable {
        /// Never healthy so far.
        case unknown
        case healthy, unhealthy
    }

    mutating func pass() {
        self = Health()
        state = .healthy
    }

    mutating func fail(_ why: String) {
        failures += 1
        reason = why
    }

    /// So many failures that it has to be believed.
    mutating func giveUp() { state = .unhealthy }
}

extension AppSpec {
    /// Listening, or having lived for a while, is not enough to be ready.
    var isGated: Bool { waitReady || health != nil }

    /// From the spawn to ready, for an instance that has to show it.
    var startTimeout: Duration { max(listenTimeout, health?.startPeriod ?? .zero) }
}
