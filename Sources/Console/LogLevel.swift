/// How serious a line is, by the numbers of pino and bunyan.
public enum LogLevel: Int, CaseIterable, Comparable, Sendable {
    case trace = 10
    case debug = 20
    case info = 30
    case warn = 40
    case error = 50
    case fatal = 60

    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    /// As pino and bunyan write it; a number between two names belongs to the lower.
    public init?(number: Int64) {
        guard let level = LogLevel.allCases.last(where: { Int64($0.rawValue) <= number }) else { return nil }
        self = level
    }

    /// As loggers of any language call it, in any case; `INFO+2`, as slog writes what lies between two names.
    public init?(name: String) {
        let word = name.lowercased()
        let end = word.firstIndex { $0 == "+" || $0 == "-" } ?? word.endIndex
        guard let level = LogLevel.named(String(word[..<end])) else { return nil }
        let beyond = Int(word[end...]) ?? 0
        switch level {
        case .debug where beyond <= -4: self = .trace
        case .error where beyond >= 4: self = .fatal
        case .trace, .debug, .info, .warn, .error, .fatal: self = level
        }
    }

    private static func named(_ word: String) -> LogLevel? {
        switch word {
        case "trace", "silly", "finest": .trace
        // winston has http and verbose between info and debug.
        case "debug", "verbose", "http", "fine": .debug
        case "info", "information", "notice": .info
        case "warn", "warning": .warn
        case "error", "err", "severe": .error
        case "fatal", "critical", "crit", "alert", "emerg", "emergency", "panic", "dpanic": .fatal
        default: nil
        }
    }

    /// Five columns wide.
    var label: String {
        switch self {
        case .trace: "TRACE"
        case .debug: "DEBUG"
        case .info: "INFO "
        case .warn: "WARN "
        case .error: "ERROR"
        case .fatal: "FATAL"
        }
    }

    var style: Palette.Style {
        switch self {
        case .trace, .debug: .dim
        case .info: .green
        case .warn: .yellow
        case .error: .red
        case .fatal: .inverse
        }
    }
}
