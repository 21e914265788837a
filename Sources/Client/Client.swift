internal import Console
internal import Linux

/// The command that people type: one request, one answer.
public enum Client {
    /// Carries out a command line (without the program's name), and gives the exit code.
    public static func run(_ arguments: [String]) -> Int32 {
        let parsed: ParsedCommand
        do throws(UsageError) {
            parsed = try ParsedCommand(arguments)
        } catch {
            return Voice(ParsedCommand.Manner()).tell(Report(error))
        }
        if case .version = parsed.command {
            StandardStream.output.write(Peer.ownText + "\n")
            return ExitCode.done.rawValue
        }
        // A reader that leaves (`swpm logs | head`) is an end like any other.
        Signals.ignore(Signals.brokenPipe)
        let voice = Voice(parsed.manner)
        let session = Session(voice)
        do throws(Stop) {
            let code = try session.run(parsed.command)
            session.remind(after: parsed.command)
            return code
        } catch {
            if !error.isMisunderstanding { session.remind(after: parsed.command) }
            let code = voice.tell(session.caller.peer.explained(error))
            return error.signal.map { 128 + $0 } ?? code
        }
    }
}
