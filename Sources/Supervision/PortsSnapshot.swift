/// How the ports of one instance stand, at the moment when somebody asked.
public struct PortsSnapshot: Equatable, Sendable {
    public var tier: Tier
    /// Why it is no better one; nil: there is none for this program.
    public var obstacle: Obstacle?
    public var listeners: [Listener]
    /// Accepted and not closed yet; nil: its descriptors are not for us to see.
    public var connections: Int?

    /// How well its listeners are looked after, best first.
    public enum Tier: String, Equatable, Sendable {
        /// Held, one for each instance, and new connections are steered among them.
        case steered
        /// Held, one for all instances of a version: Node workers.
        case shared
        /// As steered, on sockets of ours in place of its own.
        case substituted
        /// It was given sockets when it was started (sd_listen_fds(3)).
        case declared
        /// Left to the program.
        case plain
    }

    public enum Obstacle: Equatable, Sendable {
        /// It was the only one of an ordinary user's app that did not ask for `zero_downtime`.
        case single
        /// `zero_downtime` is false.
        case switchedOff
        /// The machine refused something: in the kernel's words.
        case refused(String)
    }

    /// Where it listens, held or not.
    public struct Listener: Equatable, Sendable {
        public var address: ListenAddress
        /// Connections that nobody has accepted yet, and how many there can be.
        public var waiting: Int
        public var limit: Int
        /// What waits here is for all instances of the version.
        public var isShared: Bool
        /// It has not become shorter for `stuck_timeout`.
        public var isStuck: Bool

        public init(
            address: ListenAddress, waiting: Int, limit: Int, isShared: Bool = false, isStuck: Bool = false
        ) {
            self.address = address
            self.waiting = waiting
            self.limit = limit
            self.isShared = isShared
            self.isStuck = isStuck
        }
    }

    public init(
        tier: Tier, obstacle: Obstacle? = nil, listeners: [Listener] = [], connections: Int? = nil
    ) {
        self.tier = tier
        self.obstacle = obstacle
        self.listeners = listeners
        self.connections = connections
    }
}
