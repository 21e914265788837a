/// What a user asks for. Only requests change what is wanted.
public enum Request: Equatable, Sendable {
    /// Make these apps be as specified: new ones start, changed ones reload, counts are applied, stopped ones
    /// start. Apps of the same `origin` that are no longer in it are named in the reply and left alone.
    case apply([AppSpec])
    case start(Selector)
    case stop(Selector)
    case restart(Selector)
    case reload(Selector)
    case scale(Selector, Scale)
    case delete(Selector)
    /// Stop everything, then `.finish`.
    case shutdown
    /// The same without waiting for requests in work; whatever drains already is not waited for either.
    case forced(Forcible, Selector)

    public enum Forcible: String, Equatable, Sendable {
        case stop, reload
    }
    /// A reload for this part of the new connections only, until it is promoted or rolled back. 1 to 99.
    case canary(Selector, percent: Int)
    /// `apply`, with changed and unchanged apps reloaded as a canary.
    case applyCanary([AppSpec], percent: Int)
    /// Go on from the canary to all instances.
    case promote(Selector)
    /// Break off a reload on its way, or end the canary, or return to the version before.
    case rollback(Selector)
}

extension Request {
    /// It names programs to run, and so comes with its caller's environment.
    public var bringsSpecs: Bool {
        switch self {
        case .apply, .applyCanary: true
        case .start, .stop, .restart, .reload, .scale, .delete, .shutdown, .forced, .canary, .promote,
            .rollback:
            false
        }
    }
}

extension Request {
    /// The same, with a caller's environment for what it brings.
    public func inheriting(_ environment: EnvironmentID) -> Request {
        func equipped(_ specs: [AppSpec]) -> [AppSpec] {
            specs.map { spec in
                var spec = spec
                spec.inherited = environment
                return spec
            }
        }
        switch self {
        case .apply(let specs): return .apply(equipped(specs))
        case .applyCanary(let specs, let percent): return .applyCanary(equipped(specs), percent: percent)
        case .start, .stop, .restart, .reload, .scale, .delete, .shutdown, .forced, .canary, .promote,
            .rollback:
            return self
        }
    }
}

/// Which apps a command means.
public enum Selector: Equatable, Sendable {
    case all
    /// An app's name, else a namespace, else (if it is a number) a slot's id: PM2's order.
    case named(String)
}

public enum Scale: Equatable, Sendable {
    case to(Int)
    case by(Int)
}

/// Everything a user can make grow has a bound.
public enum Limits {
    /// Rotated files of one log.
    public static let keptLogs = 1000
    /// In bytes, before it is rotated: whoever says less means megabytes.
    public static let leastLogSize: Int64 = 4096
    /// In bytes.
    public static let logDateFormat = 100
    public static let apps = 1000
    public static let instancesPerApp = 1000
    public static let instances = 4000
    public static let queuedOperationsPerApp = 64
    /// Addresses that a version is known to have listened on.
    public static let listenersPerVersion = 4000
    /// Of an app's name or namespace.
    public static let nameBytes = 100
    /// No timeout or delay is longer.
    public static let duration: Duration = .seconds(31 * 86_400)
    /// Of health checks and watchdogs.
    public static let shortestInterval: Duration = .milliseconds(50)
    public static let healthRetries = 1000
    /// Path and headers of a health check.
    public static let healthRequestBytes = 4096
}
