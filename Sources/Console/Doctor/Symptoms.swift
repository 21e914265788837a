/// What a look at a machine and at the swpm on it has found. `Doctor` says what that means.
///
/// A class, because the code that copies so many values would be larger than what looks at them.
public final class Symptoms {
    // MARK: - The kernel
    public var isRoot = false
    /// Why not; nil: it can be done.
    public var filterRefusal: String?
    public var borrowRefusal: String?
    public var cloneRefusal: String?
    public var traceScope = 0
    public var firstFreePort = 1024
    public var bindsLowPorts = false
    /// Nil: the kernel has no such setting.
    public var migrates: Bool? = true
    /// In the unified tree; nil: there is none.
    public var group: String?
    public var groupIsWritable = false
    public var controllers = ""
    public var openFiles: UInt64 = 1 << 20
    public var roomForProcesses = 32768
    public var backlog = 4096
    public var hasIPv6 = true

    // MARK: - The clock
    /// Nil: not told.
    public var isSynchronised: Bool? = true
    /// How far the state was written in the future.
    public var isBehind = Duration.zero

    // MARK: - The home
    public var user = ""
    public var home = ""
    public var homeOwner: String?
    /// Nil: it is not there yet.
    public var homeMode: UInt32?
    public var sharesHome = false
    /// Of another user, or closed to their own.
    public var foreignFiles: [String] = []
    public var closedFiles: [String] = []
    public var disks: [Disk] = []
    public var state = State.none
    /// States that were put aside.
    public var aside: [String] = []
    /// What is wrong with the files that the user writes.
    public var settingsFaults: [String] = []

    public enum State {
        case none
        case readable(apps: Int)
        case unreadable(String)
    }

    public struct Disk {
        public var path: String
        public var available: Int64
        /// Less than this is left to others.
        public var reserve: Int64

        public init(_ path: String, available: Int64, reserve: Int64) {
            self.path = path
            self.available = available
            self.reserve = reserve
        }
    }

    // MARK: - The service
    /// Nil: neither of those that are known.
    public var platform: Platform?
    /// Where the service is described; nil: nowhere.
    public var unit: String?
    public var isEnabled = false
    public var isPersonal = false
    public var lingers = false

    // MARK: - The programs
    /// Where this one lies, and what `swpm` is in PATH; nil: nothing.
    public var program = ""
    public var inPath: String?
    public var inPathIsOther = false
    public var daemon = Daemon.absent
    public var log = ""
    /// How often it was restarted, and how long ago the last time.
    public var restarts = 0
    public var lastRestart = Duration.zero
    /// Instances whose keeper was killed.
    public var orphans = 0

    public enum Daemon {
        case absent
        /// Something holds the lock, and nobody answers.
        case mute(String)
        /// What it says it is, and whether that is another program than this one.
        case up(String, process: Int32, isOther: Bool)
    }

    public init() {}
}
