internal import Linux

/// An update on its way: what the keeper waits for, and until when.
///
/// Nothing is given up before it is certain that there is something better, and as long as it is not, there is a way
/// back: the new program looks at what it would take over; the daemon ends; the keeper becomes the new program, with
/// the old one still open; and if the new program's daemon does not work, becomes the old one again.
enum Update {
    /// The new program, in a process of its own, looks at the state and the handover.
    case rehearsing(Rehearsal)
    /// The daemon is to end.
    case leaving(SharedDescriptor, until: Int64?)
    /// This is the new program. Its first daemon has to say that it is ready.
    case trying(Trial)
    /// It has, but one that ends twice soon afterwards was not.
    case watching(previous: SharedDescriptor, until: Int64, deaths: Int)
    /// A daemon that hangs has to end before this becomes the previous program again.
    case returning(SharedDescriptor, because: String)

    struct Rehearsal {
        var program: SharedDescriptor
        var process: Int32
        var output: SharedDescriptor
        var until: Int64
    }

    struct Trial {
        var previous: SharedDescriptor
        /// Where the new daemon says that it is ready, or why it cannot be.
        var ready: SharedDescriptor
        var until = Clock.monotonic() + Update.trialPatience
        var complaint = ""

        /// Nil: nothing yet.
        func hear() -> [UInt8]? { (try? ready.descriptor.read(atMost: Update.outputLimit)) ?? nil }
    }

    /// For looking at the state, for writing it, and for coming up: each takes milliseconds.
    static let rehearsalPatience: Int64 = 5_000_000_000
    static let leavingPatience: Int64 = 2_000_000_000
    static let trialPatience: Int64 = 5_000_000_000
    /// How long the way back is kept open.
    static let watchingTime: Int64 = 10_000_000_000
    static let deathsTolerated = 1
    /// Of what the new program may say.
    static let outputLimit = 4096

    var deadline: Int64? {
        switch self {
        case .rehearsing(let rehearsal): rehearsal.until
        case .leaving(_, let until): until
        case .watching(_, let until, _): until
        case .trying(let trial): trial.until
        case .returning: nil
        }
    }

    /// The process that rehearses.
    var rehearsal: Int32? {
        if case .rehearsing(let rehearsal) = self { rehearsal.process } else { nil }
    }
}

/// What a rehearsal says when all is well. It is read by other versions of this program.
public enum Rehearsed {
    public static func sentence(version: String) -> String { "swpm \(version) can take over" }

    /// Why the program cannot take over; nil: it can.
    static func objection(_ end: Reaped.End, _ output: [UInt8]) -> String? {
        let said = String(decoding: output, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
        if end == .code(0) {
            let isOurs = said.hasPrefix("swpm ") && said.hasSuffix(" can take over")
            return isOurs ? nil : "it is not swpm"
        }
        // Another program's complaint about our arguments explains nothing.
        guard case .code(Rehearsed.objects) = end, said.hasPrefix(prefix) else {
            return "it is not swpm, or does not work: it \(end.words)"
        }
        return String(said.dropFirst(prefix.count))
    }

    /// The exit code of a rehearsal that found something, which it has said after this (EX_DATAERR of sysexits.h).
    public static let objects: Int32 = 65
    public static let prefix = "swpm cannot take over: "
}
