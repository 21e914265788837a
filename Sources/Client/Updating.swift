internal import Console
internal import Linux
internal import Wire

/// Which program answered. A class, because everybody who asks shares it.
final class Peer {
    private(set) var program: ProgramName?

    /// To be told of the head of every answer.
    func note(_ head: HTTPResponseHead) {
        program = head.headers["server"].flatMap(ProgramName.init(header:)) ?? program
    }

    /// What there is to say if it is another program than this one; nil: it is not, or nobody has answered.
    var reminder: String? {
        guard let program, program != Peer.own else { return nil }
        return Wording.otherProgram(
            version: program.version, build: program.build, isNewer: Peer.own.isOlder(than: program))
    }

    /// Whoever does not understand is told by whom it was not understood, whether on a terminal or not.
    func explained(_ stop: Stop) -> Report {
        guard stop.isMisunderstanding, let reminder else { return stop.report }
        var report = stop.report
        report.errors.append(reminder)
        return report
    }

    /// What `swpm version` says.
    static let ownText = own.build.isEmpty ? Version.text : "\(Version.text) (\(own.build))"
    static let own = ProgramName(version: Version.number, build: Image.buildID)
}

// MARK: - Update

extension Session {
    /// The new program looks at the state, the daemon writes its own, the next one comes up: each has its patience in
    /// the keeper, and this is more than all of them together.
    private static let updatePatience = Duration.seconds(60)

    func update(to binary: String?) throws(Stop) -> Int32 {
        let path =
            if let binary { Path.absolute(binary, from: try Session.directory()) } else {
                try Session.program()
            }
        guard let body = try ask(for: path) else {
            return voice.tell(Report(output: [Wording.nothingToUpdate]))
        }
        if voice.manner.json {
            voice.say(bytes: body)
            return ExitCode.done.rawValue
        }
        do throws(JSONError) {
            let facts = try Answer.facts(body, clock: .now)
            return voice.tell(Report(output: Wording.updated(version: facts.version, build: facts.build)))
        } catch {
            throw .notUnderstood("\(error)")
        }
    }

    private func ask(for path: String) throws(Stop) -> [UInt8]? {
        do throws(Stop) {
            return try caller.ask(.update(path), within: Session.updatePatience)
        } catch {
            guard error.report.code == .failed, let reason = error.report.errors.first else { throw error }
            var stop = Stop(Wording.notUpdated(reason), .failed)
            stop.isMisunderstanding = error.isMisunderstanding
            throw stop
        }
    }

    private static func program() throws(Stop) -> String {
        do throws(SystemError) { return try ThisProcess.executable() } catch { throw Stop(error) }
    }

    /// After an installation the daemon is still the program from before, and only a command can notice.
    func remind(after command: Command) {
        if !voice.manner.silent, !voice.manner.json, command.needsTheList { voice.complain(lostState) }
        guard command != .listAsJSON, let reminder = caller.peer.reminder else { return }
        voice.whisper(reminder)
    }
}
