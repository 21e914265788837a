public import Supervision

/// What the preload in a Node program says to the daemon.
public enum PreloadMessage: Equatable, Sendable {
    /// It is there, and these are the signals meaning "end" that the program handles now.
    case present(signals: [Signal])
    /// No HTTP connection is left.
    case drained
    /// The process below a wrapper that had the channel ends, and another may take it.
    case gone

    static let command = "NODE_SWPM"

    init?(_ json: JSON) {
        guard json["cmd"] == .string(PreloadMessage.command), case .string(let act)? = json["act"] else {
            return nil
        }
        switch act {
        case "present":
            guard case .array(let names)? = json["signals"], names.count < 3 else { return nil }
            let signals = names.compactMap { name -> Signal? in
                guard case .string(let text) = name else { return nil }
                return Signal(text)
            }
            self = .present(signals: signals)
        case "drained": self = .drained
        case "gone": self = .gone
        default: return nil
        }
    }
}

/// What the daemon tells the preload.
public enum PreloadOrder: Equatable, Sendable {
    /// Say that you are there: a new daemon asks.
    case hello
    /// Finish all connections. A deaf program takes no new ones, because its listener is shared.
    ///
    /// With `idle`, servers on a path take no new ones from now on, those of their connections that are idle after so
    /// long are closed, and `drained` is about them: nobody sees them from outside.
    case drain(idle: Duration?, isDeaf: Bool)

    /// One line, with its end.
    public var line: [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("cmd", PreloadMessage.command)
            switch self {
            case .hello: writer.field("act", "hello")
            case .drain(let idle, let isDeaf):
                writer.field("act", "drain")
                if let idle { writer.field("idle", idle.milliseconds) }
                writer.field("deaf", isDeaf)
            }
        }
        writer.newline()
        return writer.bytes
    }
}

/// How a Node program is made to load another file before its own.
public enum NodeOptions {
    /// What `NODE_OPTIONS` is to say; nil where that would keep the program from starting.
    ///
    /// The program's own options come first, so that its preloads do; ours is taken off again by the preload.
    public static func loading(_ path: String, before options: String?, arguments: [String]) -> String? {
        let words = arguments + (options ?? "").split(separator: " ").map(String.init)
        let restricts = words.contains { word in
            ["--permission", "--experimental-permission", "--experimental-policy"].contains {
                word == $0 || word.hasPrefix("\($0)=")
            }
        }
        guard !restricts, !path.contains("\n") else { return nil }
        let quoted = path.reduce(into: "") { quoted, character in
            if "\"\\".contains(character) { quoted.append("\\") }
            quoted.append(character)
        }
        let own = "--require \"\(quoted)\""
        // A command that runs below a wrapper has it in its environment.
        if let options, options.hasSuffix(own) { return options }
        return options.map { $0.isEmpty ? own : "\($0) \(own)" } ?? own
    }
}
