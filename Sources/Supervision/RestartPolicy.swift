/// How patiently a crashed instance is brought back.
///
/// The first crash after a stable run is answered at once, because most crashes are one request's. After that
/// the delay doubles, because a program that cannot start seldom can a moment later; jitter keeps a hundred
/// instances that lost the same database from coming back in step.
public struct RestartPolicy: Equatable, Sendable {
    public var automatic: Bool = true
    /// An uptime below this counts as an unstable run (PM2's `min_uptime`).
    public var minUptime: Duration = .seconds(1)
    /// Unstable runs in a row after which the slot has failed for good; nil: never.
    public var maxRestarts: Int?
    /// A fixed delay before every restart (PM2's `restart_delay`); replaces the backoff.
    public var fixedDelay: Duration?
    /// The first delay of the backoff (PM2's `exp_backoff_restart_delay`).
    public var firstDelay: Duration = .milliseconds(100)
    public var longestDelay: Duration = .seconds(30)
    /// Exit codes that end the slot peacefully (PM2's `stop_exit_codes`).
    public var stopExitCodes: [Int32] = []
    /// In bytes; an instance that uses more is replaced (PM2's `max_memory_restart`). Nil: as much as there is.
    public var maxMemory: UInt64?
    /// When the app is reloaded, also if all is well (PM2's `cron_restart`).
    public var schedule: Schedule?

    public init() {}
}
