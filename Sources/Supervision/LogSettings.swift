/// What becomes of an app's output.
public struct LogSettings: Equatable, Sendable {
    public var output: Target = .usual
    public var error: Target = .usual
    /// A file that gets the lines of both streams besides their own.
    public var combined: Target = .none
    /// All instances write to one file.
    public var merges = false
    public var isDisabled = false
    /// What stands before each line, in tokens of day.js or of strftime(3).
    public var dateFormat: String?
    /// One JSON object for each line.
    public var isJSON = false
    /// Everywhere that the lines go, in the order of all cases.
    public var outlets: [LogOutlet] = [.file]
    public var rotation = LogRotation()
    /// How long a program may be held up by a log that cannot be written; nil: for ever.
    public var block: Duration? = .zero

    public init() {}

    /// Takes over what is the pump's business alone: no program notices when that changes. Whether there are files at
    /// all is settled when an instance begins.
    mutating func keepAs(_ other: LogSettings) {
        (rotation, block) = (other.rotation, other.block)
        if outlets.contains(.file) == other.outlets.contains(.file) { outlets = other.outlets }
    }

    /// Where one stream goes.
    public enum Target: Equatable, Sendable {
        /// To the file that is called by the app's name.
        case usual
        /// Nowhere.
        case none
        /// An absolute path, as it was written.
        case file(String)
    }
}

/// Where lines can go.
public enum LogOutlet: String, CaseIterable, Sendable {
    case file
    /// The daemon's own standard output.
    case stdout
    case syslog, journald
}

/// When a log is put aside, and how many are kept. What is nil is as the home says.
public struct LogRotation: Equatable, Sendable {
    /// In bytes; 0: never for its size.
    public var size: Int64?
    /// 0: never for its age.
    public var interval: Duration?
    /// In place of an interval: when what was written before is put aside.
    public var schedule: Schedule?
    /// How many rotated ones of one log.
    public var keep: Int?
    /// For all logs of an app, in bytes; 0: without limit.
    public var total: Int64?
    public var compression: Compression?

    public enum Compression: Equatable, Sendable {
        case none
        case by(LogCompression)
    }

    public init(
        size: Int64? = nil, interval: Duration? = nil, schedule: Schedule? = nil, keep: Int? = nil,
        total: Int64? = nil, compression: Compression? = nil
    ) {
        self.size = size
        self.interval = interval
        self.schedule = schedule
        self.keep = keep
        self.total = total
        self.compression = compression
    }

    public static let never = LogRotation(size: 0, interval: .zero)

    /// This, and of the other what this leaves open.
    public func over(_ other: LogRotation) -> LogRotation {
        let saysWhen = interval != nil || schedule != nil
        return LogRotation(
            size: size ?? other.size, interval: saysWhen ? interval : other.interval,
            schedule: saysWhen ? schedule : other.schedule, keep: keep ?? other.keep,
            total: total ?? other.total, compression: compression ?? other.compression)
    }
}

/// The log files of one slot, as absolute paths.
public struct LogFiles: Equatable, Sendable {
    public var output: String
    public var error: String
    public var combined: String?

    public static let nowhere = "/dev/null"

    public init(output: String, error: String, combined: String? = nil) {
        self.output = output
        self.error = error
        self.combined = combined
    }
}

extension AppSpec {
    /// Where a slot's output goes, if `directory` is where logs without a path of their own lie.
    public func logFiles(of slot: SlotIndex, in directory: String) -> LogFiles {
        guard !logs.isDisabled, logs.outlets.contains(.file) else {
            return LogFiles(output: LogFiles.nowhere, error: LogFiles.nowhere)
        }
        let number = logs.merges ? nil : slot
        func path(_ target: LogSettings.Target, _ stream: LogStream?) -> String? {
            switch target {
            case .usual: "\(directory)/\(LogFileName(name, number, stream))"
            case .none: nil
            case .file(let path): number.map { LogFiles.numbered(path, $0) } ?? path
            }
        }
        return LogFiles(
            output: path(logs.output, .out) ?? LogFiles.nowhere,
            error: path(logs.error, .error) ?? LogFiles.nowhere, combined: path(logs.combined, nil))
    }
}

extension LogFiles {
    /// As PM2 does it: `out.log` becomes `out-0.log`. Devices stay what they are.
    static func numbered(_ path: String, _ slot: SlotIndex) -> String {
        guard !path.hasPrefix("/dev/") else { return path }
        let start = path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex
        let dot = path[start...].lastIndex(of: ".") ?? path.endIndex
        let end = dot == start ? path.endIndex : dot
        return "\(path[..<end])-\(slot.number)\(path[end...])"
    }
}
