internal import Linux
internal import Supervision
internal import Wire

/// What is to become of one stream.
struct StreamPlan: Sendable {
    var path: String
    /// A file that gets the same lines besides.
    var combined: String?
    var style: LogFormatter.Style
    var speaker: LogFormatter.Speaker
    var rules: LogRules
    /// How long the program may be held up; nil: for ever.
    var block: Duration?
    /// As the index of times has it.
    var generation: UInt16 = 0
    /// Where lines go besides files, and who they are of.
    var outlets: [LogOutlet] = []
    var source: LineSource

    /// Bytes go from the pipe to the file and nowhere else. Of what goes nowhere the last words of stderr are kept.
    var isRaw: Bool {
        style == .plain && combined == nil && outlets.isEmpty
            && (path != LogFiles.nowhere || speaker.stream == .out)
    }
}

/// What holds for a file. A class, because all files of an app share one.
final class LogRules: Equatable, Sendable {
    /// All that there is to compare.
    let values: Values

    struct Values: Equatable, Sendable {
        /// Whose files count together.
        let app: String
        /// 0: not for its size.
        let size: Int64
        /// In nanoseconds; 0: not for its age.
        let interval: Int64
        let schedule: Schedule?
        let keep: Int
        /// 0: without limit.
        let total: Int64
        let compression: LogCompression?
        let free: HomeSettings.FreeSpace
    }

    init(_ app: String, _ rotation: LogRotation, _ settings: HomeSettings) {
        let rotation = rotation.over(settings.rotation)
        let compression: LogCompression? =
            if case .by(let program) = rotation.compression { program } else { nil }
        values = Values(
            app: app, size: rotation.size ?? 0, interval: rotation.interval?.nanoseconds ?? 0,
            schedule: rotation.schedule, keep: rotation.keep ?? 0, total: rotation.total ?? 0,
            compression: compression, free: settings.free)
    }

    /// Of an app that is not known, because it was deleted or the state is lost: nobody says what may be taken away.
    convenience init(ofUnknown settings: HomeSettings) {
        self.init("", LogRotation(keep: .max, total: 0, compression: LogRotation.Compression.none), settings)
    }

    static func == (left: LogRules, right: LogRules) -> Bool { left.values == right.values }
}

extension StreamPlan {
    init(
        _ spec: AppSpec, _ slot: SlotIndex, _ id: SlotID, _ stream: LogStream, _ place: LogPlace,
        _ generation: Generation = Generation(0)
    ) {
        let logs = spec.logs
        let files = spec.logFiles(of: slot, in: place.directory)
        path = stream == .out ? files.output : files.error
        combined = files.combined
        // The only file of the stream need not be written line by line.
        if path == LogFiles.nowhere, let only = combined { (path, combined) = (only, nil) }
        if combined == path { combined = nil }
        let format = logs.dateFormat.map(LogTimeFormat.init)
        style = logs.isJSON ? .json(format ?? .iso) : format.map { .stamped($0) } ?? .plain
        speaker = LogFormatter.Speaker(app: spec.name.name, id: id, stream: stream)
        rules = LogRules("\(spec.name)", logs.rotation, place.settings)
        block = logs.block
        outlets = logs.outlets.filter { $0 != .file }
        source = LineSource(
            app: "\(spec.name)", slot: slot.number, generation: generation.number, stream: stream)
        self.generation = TimeIndex.Record.mark(of: generation.number)
    }

    /// For a stream of which nothing is known but its file.
    init(path: String, _ stream: LogStream, _ place: LogPlace) {
        self.path = path
        style = .plain
        speaker = LogFormatter.Speaker(app: "", id: SlotID(0), stream: stream)
        rules = LogRules(ofUnknown: place.settings)
        block = .zero
        source = LineSource(app: "", slot: 0, generation: 0, stream: stream)
    }
}

/// Where logs lie that have no path of their own, and what holds for all of them.
struct LogPlace: Equatable, Sendable {
    var directory: String
    var settings = HomeSettings()

    init(directory: String, settings: HomeSettings = HomeSettings()) {
        self.directory = directory
        self.settings = settings
    }

    /// As the user has set it; what cannot be read is said and not obeyed.
    init(_ home: Home, tell: (String) -> Void) {
        self.init(directory: home.logs)
        do {
            if try File.status(home.formerSettings) != nil {
                tell("\(home.formerSettings) is not obeyed: what it says belongs into \(home.configuration)")
            }
            guard try File.status(home.configuration) != nil else { return }
            settings = try HomeSettings(parsing: try File.read(home.configuration, atMost: 1 << 20))
        } catch {
            tell("\(home.configuration) is not obeyed: \(error)")
        }
    }
}
