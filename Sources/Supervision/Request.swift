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
    public static let apps = 1000
    public static let instancesPerApp = 1000
    public static let instances = 4000
    public static let queuedOperationsPerApp = 64
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
