internal import Keeper
internal import Linux
internal import Supervision
internal import Wire

/// Whether this program could take over what another swpm is looking after: it reads all that it would read, and
/// changes nothing.
public enum Rehearsal {
    /// The body of `swpm keeper --check`: the handover of the running keeper lies on the descriptor.
    public static func run(home path: String, version: String, handover: Int32) -> Int32 {
        do throws(Objection) {
            try check(Home(path: path), handover)
            StandardStream.output.write(Rehearsed.sentence(version: version) + "\n")
            return 0
        } catch {
            StandardStream.error.write(Rehearsed.prefix + error.reason + "\n")
            return Rehearsed.objects
        }
    }

    private struct Objection: Error {
        var reason: String
    }

    private static func check(_ home: Home, _ number: Int32) throws(Objection) {
        let handover = try machine { () throws(SystemError) in
            try Descriptor.copy(of: number).contents()
        }
        guard Handover(decoding: handover) != nil else {
            throw Objection(
                reason: "the running keeper holds things in a way that this program does not know")
        }
        let state = try read(home.state) { bytes throws(JSONError) in try StateFile(parsing: bytes).state }
        let history = try read(home.history) { bytes throws(JSONError) in
            try HistoryFile(parsing: bytes, clock: .now).history
        }
        // What it cannot make sense of, it says so by ending here.
        let supervisor = Supervisor(
            restoring: state ?? SavedState(), history: history ?? History(), seed: 0, now: .now)
        _ = supervisor.saved
    }

    /// Nil: there is no such file.
    private static func read<Value>(
        _ path: String, _ parse: ([UInt8]) throws(JSONError) -> Value
    ) throws(Objection) -> Value? {
        let bytes = try machine { () throws(SystemError) in
            try File.status(path) == nil ? nil : try File.read(path)
        }
        guard let bytes else { return nil }
        do throws(JSONError) {
            return try parse(bytes)
        } catch {
            throw Objection(reason: "\(path): \(error)")
        }
    }

    private static func machine<Value>(
        _ attempt: () throws(SystemError) -> Value
    ) throws(Objection) -> Value {
        do throws(SystemError) {
            return try attempt()
        } catch {
            throw Objection(reason: "\(error)")
        }
    }
}
