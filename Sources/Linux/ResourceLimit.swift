internal import CLinux
internal import Glibc

/// How much of something a process may use (getrlimit(2)).
public struct ResourceLimit: Equatable, Sendable {
    public var resource: Resource
    public var soft: UInt64
    public var hard: UInt64

    public static let unlimited = UInt64.max

    public struct Resource: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }
        public static let dataBytes = Resource(rawValue: 2)
        public static let stackBytes = Resource(rawValue: 3)
        public static let coreBytes = Resource(rawValue: 4)
        public static let processes = Resource(rawValue: 6)
        public static let openFiles = Resource(rawValue: 7)
        public static let lockedBytes = Resource(rawValue: 8)
        public static let addressSpace = Resource(rawValue: 9)
        public static let all = (0..<16).map { Resource(rawValue: $0) }

        public var description: String {
            switch self {
            case .openFiles: "open files"
            case .processes: "processes"
            case .coreBytes: "core files"
            default: "resource \(rawValue)"
            }
        }
    }

    public init(_ resource: Resource, soft: UInt64, hard: UInt64) {
        self.resource = resource
        self.soft = soft
        self.hard = hard
    }

    /// This process' own.
    public static func current(_ resource: Resource) throws(SystemError) -> ResourceLimit {
        var limit = ResourceLimit(resource, soft: 0, hard: 0)
        try check(
            clinux_get_limit(resource.rawValue, &limit.soft, &limit.hard), "get the limit of \(resource)")
        return limit
    }

    /// Applies it to this process.
    public func apply() throws(SystemError) {
        try check(clinux_set_limit(resource.rawValue, soft, hard), "limit \(resource)")
    }

    /// Lets this process have as many open files as it may; returns what the limit was before.
    ///
    /// To be called before the first thread is started: the table of descriptors is made so large at once that it
    /// hardly ever has to grow, which in a process of several threads takes the kernel ten milliseconds each time.
    @discardableResult
    public static func raiseOpenFiles() throws(SystemError) -> ResourceLimit {
        let before = try current(.openFiles)
        var raised = before
        raised.soft = before.hard
        try raised.apply()
        // The table never shrinks. Where there is no room for so many, it grows as it must.
        close(fcntl(0, F_DUPFD_CLOEXEC, Int32(min(raised.soft, tableSize)) - 1))
        return before
    }

    private static let tableSize: UInt64 = 4096

    var raw: clinux_limit { clinux_limit(resource: resource.rawValue, soft: soft, hard: hard) }
}
