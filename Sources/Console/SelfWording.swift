internal import Supervision

/// What is said about swpm itself, and about programs that are not the same.
extension Wording {
    /// Another user's swpm.
    public struct Neighbour: Equatable, Sendable {
        public var user: String
        public var programs: Int

        public init(user: String, programs: Int) {
            self.user = user
            self.programs = programs
        }
    }

    /// For whoever finds nothing of his own, and may have meant another's.
    public static func neighbours(_ neighbours: [Neighbour]) -> [String] {
        neighbours.prefix(5).map { neighbour in
            let user = Text.sanitised(neighbour.user)
            let sudo = neighbour.user == "root" ? "sudo" : "sudo -iu \(ShellWords.quoted(neighbour.user))"
            return hint(
                "\(sudo) swpm list", "\(user) runs \(Quantities.count(neighbour.programs, "program"))")
        }
    }

    static func daemonDied(_ deaths: Snapshot.DaemonDeaths, at now: Instant, log: String) -> String {
        let times = deaths.count == 1 ? "once" : "\(deaths.count) times"
        return
            "the daemon was restarted \(times), the last time \(Quantities.duration(now - deaths.last)) ago: "
            + "see \(Text.sanitised(log))"
    }

    /// `forgotten`: programs that run, and that only the lost state named.
    public static func lostState(
        _ path: String, age: Duration, forgotten: [Int32], isSaved: Bool
    ) -> [String] {
        var lines = [
            "the saved state could not be read \(Quantities.duration(age)) ago: apps that only it names are not known",
            "  it is kept as \(Text.sanitised(path))",
        ]
        if !forgotten.isEmpty {
            let some = forgotten.prefix(8).map { "\($0)" }.joined(separator: " ")
            lines.append(hint("kill \(some)", "to end what runs on of them, unwatched"))
        }
        lines.append(
            isSaved
                ? hint("swpm resurrect", "to bring back what `save` has kept")
                : hint("swpm start <file.json>", "to bring the apps back"))
        return lines + [hint("rm \(typed(path))", "to hear no more of it")]
    }

    /// A program of ours, in words.
    public static func program(_ version: String, _ build: String) -> String {
        build.isEmpty ? version : "\(version) (\(build))"
    }

    public static func updated(version: String, build: String) -> [String] {
        ["swpm is updated to \(Text.sanitised(program(version, build))); every program runs on"]
    }

    public static func notUpdated(_ reason: String) -> [String] {
        ["not updated: \(Text.sanitised(reason))", "  the daemon goes on as it was"]
    }

    public static let nothingToUpdate = "swpm is not running: what is started next is this program"

    /// The daemon is another program than the one that was called. `isOlder`: than it.
    public static func otherProgram(version: String, build: String, isNewer: Bool) -> String {
        let daemon = "the daemon is another swpm, \(Text.sanitised(program(version, build)))"
        return isNewer
            ? "\(daemon), newer than this one: an old swpm is first in PATH, or was not replaced"
            : "\(daemon): swpm update has it go on as this one"
    }
}
