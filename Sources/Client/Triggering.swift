internal import Console
internal import Linux
internal import Supervision
internal import Wire

// MARK: - Actions that programs offer

extension Session {
    /// How long programs may take to answer.
    static let triggerPatience = Duration.seconds(10)

    /// As PM2's libraries have it: a message names the action, and the answer comes as an `axm:reply`.
    func trigger(_ action: String, of name: String, parameter: String?) throws(Stop) -> Int32 {
        guard var following = try caller.connect() else { throw Session.notRunning(home) }
        let deadline = Deadline(in: Session.triggerPatience)
        try caller.send(.events, over: following, by: deadline)
        var lines = FollowedLines()
        // Only then nothing of the answers can be missed.
        while !lines.hasBegun {
            guard try lines.read(&following, by: deadline) else {
                throw home.noAnswer(within: Session.triggerPatience)
            }
        }
        let message = Session.message(action, parameter)
        guard let body = try caller.ask(.pass(.message(message), to: Selector(name))) else {
            throw Session.notRunning(home)
        }
        let receipts = try Session.receipts(body)
        var awaited = Set(receipts.filter { $0.outcome == .delivered }.map(\.id))
        var output: [String] = []
        while !awaited.isEmpty {
            for answer in lines.take() where answer.type == "axm:reply" && awaited.contains(answer.id) {
                guard answer.data["action_name"].map({ $0 == .string(action) }) ?? true else { continue }
                awaited.remove(answer.id)
                let value = answer.data["return"] ?? answer.data
                output.append(Wording.answered(answer.app, answer.slot, Session.text(value)))
            }
            if awaited.isEmpty { break }
            guard try lines.read(&following, by: deadline) else { break }
        }
        let silent = receipts.filter { awaited.contains($0.id) }
            .flatMap { Wording.notAnswered($0.app, $0.slot, action, within: Session.triggerPatience) }
        let missed = receipts.filter { $0.outcome != .delivered }
            .flatMap { Wording.notPassed(Wording.theMessage, to: $0.app, $0.slot, $0.obstacle) }
        let isDone = silent.isEmpty && missed.isEmpty && !receipts.isEmpty
        let code: ExitCode = isDone ? .done : silent.isEmpty ? .failed : .timedOut
        return voice.tell(Report(output: output, errors: missed + silent, code: code))
    }

    private static func message(_ action: String, _ parameter: String?) -> JSON {
        guard let parameter else { return .string(action) }
        let value = (try? JSON(parsing: Array(parameter.utf8))) ?? .string(parameter)
        return .object([JSON.Member("msg", .string(action)), JSON.Member("opts", value)])
    }

    private static func text(_ value: JSON) -> String {
        String(decoding: value.line.dropLast(), as: UTF8.self)
    }
}

/// What comes over a connection that follows the programs' messages.
private struct FollowedLines {
    private(set) var hasBegun = false
    private var splitter = LineSplitter()
    private var messages: [ProgramMessage] = []

    mutating func take() -> [ProgramMessage] {
        defer { messages = [] }
        return messages
    }

    /// Waits for more; false: there was nothing in time.
    mutating func read(_ connection: inout Connection, by deadline: Deadline) throws(Stop) -> Bool {
        switch try Caller.next(of: &connection, within: deadline.remaining) {
        case .head: return true
        case .silence, .disturbance: return false
        case .end: throw Stop(Wording.connectionLost(), .unreachable)
        case .data(let bytes):
            do {
                for line in try splitter.feed(bytes) where !line.isEmpty {
                    hasBegun = true
                    if let message = try Answer.message(line) { messages.append(message) }
                }
            } catch {
                throw .notUnderstood("\(error)")
            }
            return true
        }
    }
}
