public import Supervision

/// What holds for all apps of a home: `$SWPM_HOME/config.json`.
public struct HomeSettings: Equatable, Sendable {
    /// A group, by name or number, whose members may look and change nothing.
    public var controlGroup: String?
    /// For apps that do not say otherwise.
    public var rotation = HomeSettings.usualRotation
    /// For the rotated logs of all apps together, in bytes; 0: without limit.
    public var total: Int64 = 10 << 30
    public var free = FreeSpace()
    /// Where syslog and journald listen.
    public var syslog = "/dev/log"
    public var journald = "/run/systemd/journal/socket"

    /// How much of a disk logs leave alone.
    public struct FreeSpace: Equatable, Sendable {
        public var percent = 5
        public var bytes: Int64 = 200 << 20

        public init() {}

        /// Nothing is written while less than this is free: the smaller of both, so that neither a huge disk is
        /// left half empty nor a tiny one never used.
        public func limit(ofDisk size: Int64) -> Int64 { min(bytes, size / 100 * Int64(percent)) }
    }

    public static let usualRotation = LogRotation(
        size: 20 << 20, interval: .zero, keep: 10, total: 500 << 20, compression: .by(.gzip))

    public init() {}

    public init(parsing bytes: [UInt8]) throws(JSONError) {
        let json = try JSON(parsing: bytes, options: .configuration)
        do throws(JSONMismatch) {
            try self.init(json)
        } catch {
            throw JSONError(error, in: bytes, options: .configuration)
        }
    }

    private init(_ json: JSON) throws(JSONMismatch) {
        guard case .object(let members) = json else {
            throw JSONMismatch(expected: "an object", found: json)
        }
        for member in members where member.value != .null {
            do throws(JSONMismatch) { try set(member) } catch { throw error.under(.key(member.key)) }
        }
    }

    private mutating func set(_ member: JSON.Member) throws(JSONMismatch) {
        switch member.key {
        case "control_group": controlGroup = try String(json: member.value, clock: WallClock())
        case "log_rotate":
            rotation = try LogRotation(json: member.value, lenient: false).over(HomeSettings.usualRotation)
        case "log_total": total = try ByteCount.read(member.value)
        case "log_free_percent": free.percent = try Int(number: member.value, within: 0...99)
        case "log_free": free.bytes = try ByteCount.read(member.value)
        case "syslog_socket": syslog = try String(json: member.value, clock: WallClock())
        case "journald_socket": journald = try String(json: member.value, clock: WallClock())
        default: throw JSONMismatch("unknown key \"\(member.key)\"")
        }
    }
}
