internal import Console
internal import Linux

/// Where the words go: the two streams, and how they want them.
struct Voice {
    let manner: ParsedCommand.Manner
    let output: Surface
    let errors: Surface

    init(_ manner: ParsedCommand.Manner) {
        self.manner = manner
        output = Voice.surface(.output, manner)
        errors = Voice.surface(.error, manner)
    }

    var isOnTerminal: Bool { output.columns != nil }

    /// False when nobody reads any more.
    @discardableResult
    func say(_ lines: [String]) -> Bool { Voice.write(lines, to: .output) }

    @discardableResult
    func say(bytes: [UInt8]) -> Bool { StandardStream.output.write(bytes) }

    func complain(_ lines: [String]) { Voice.write(lines, to: .error) }

    /// Says what there is to say, and gives the exit code.
    func tell(_ report: Report) -> Int32 {
        if !manner.silent { say(report.output) }
        complain(report.errors)
        return report.code.rawValue
    }

    /// What happens on the way, for whoever watches.
    func whisper(_ line: String) {
        guard errors.columns != nil, !manner.silent, !manner.json else { return }
        complain([errors.palette.dimmed(line)])
    }

    @discardableResult
    private static func write(_ lines: [String], to stream: StandardStream) -> Bool {
        guard !lines.isEmpty else { return true }
        return stream.write(lines.joined(separator: "\n") + "\n")
    }

    private static func surface(_ stream: StandardStream, _ manner: ParsedCommand.Manner) -> Surface {
        guard Terminal.isTerminal(stream.rawValue) else { return Surface() }
        let wantsNone =
            !(ThisProcess.variable("NO_COLOR") ?? "").isEmpty || ThisProcess.variable("TERM") == "dumb"
        return Surface(
            columns: Terminal.size(stream.rawValue)?.columns ?? 80,
            palette: Palette(isEnabled: manner.colour && !wantsNone))
    }
}
