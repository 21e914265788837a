internal import Console
internal import Supervision
internal import Wire

// MARK: - To the programs themselves

extension Session {
    func signal(_ signal: Signal, _ name: String) throws(Stop) -> Int32 {
        try pass(.signal(signal), to: name, as: signal.description)
    }

    /// JSON as the value it is, anything else as text.
    func send(_ message: String, to name: String) throws(Stop) -> Int32 {
        let value = (try? JSON(parsing: Array(message.utf8))) ?? .string(message)
        return try pass(.message(value), to: name, as: Wording.theMessage)
    }

    static func receipts(_ body: [UInt8]) throws(Stop) -> [Receipt] {
        do throws(JSONError) {
            return try Answer.receipts(body)
        } catch {
            throw .notUnderstood("\(error)")
        }
    }

    private func pass(_ missive: Missive, to name: String, as what: String) throws(Stop) -> Int32 {
        guard let body = try caller.ask(.pass(missive, to: Selector(name))) else {
            throw Session.notRunning(home)
        }
        let receipts = try Session.receipts(body)
        let failed = receipts.filter { $0.outcome != .delivered }
        let code: ExitCode = failed.isEmpty && !receipts.isEmpty ? .done : .failed
        if voice.manner.json {
            voice.say(bytes: body)
            return code.rawValue
        }
        let said = receipts.filter { $0.outcome == .delivered }
            .map { Wording.passed(what, to: $0.app, $0.slot) }
        let missed = failed.flatMap { Wording.notPassed(what, to: $0.app, $0.slot, $0.obstacle) }
        return voice.tell(Report(output: said, errors: missed, code: code))
    }
}

extension Receipt {
    var obstacle: Wording.Obstacle {
        switch outcome {
        case .notRunning, .delivered: .notRunning
        case .noChannel: .noChannel
        case .full: .full
        case .tooLong: .tooLong
        }
    }
}
