internal import Console
internal import Linux
internal import Supervision
internal import Wire

/// An operation that runs while something else is looked at.
///
/// A class, because a connection that is being read cannot be copied, and a monitor has at most one.
final class Errand {
    private let caller: Caller
    private var connection: Connection
    private var answer = OperationAnswer()

    /// Nil where no daemon runs.
    init?(_ request: Request, _ caller: Caller) throws(Stop) {
        guard let connection = try caller.connect() else { return nil }
        try caller.send(
            .operate(request, environment: nil), over: connection, by: Deadline(in: Caller.patience))
        self.caller = caller
        self.connection = connection
    }

    func join(_ poller: borrowing Poller, token: UInt64) throws(Stop) {
        do throws(SystemError) {
            try poller.add(connection.number, token: token, for: .readable)
        } catch {
            throw Stop(error)
        }
    }

    func leave(_ poller: borrowing Poller) { poller.remove(connection.number) }

    /// What there is to say now, and whether that was all.
    func hear() -> (message: String?, isOver: Bool) {
        var message: String?
        do throws(Stop) {
            while true {
                switch try Caller.next(of: &connection, within: .zero) {
                case .head(let head): answer.status = head.status
                case .data(let bytes):
                    let reply = try answer.take(bytes) { line, _ in
                        if case .progress(let progress) = line { message = Wording.progress(progress) }
                    }
                    if let reply { return (Errand.sentence(reply), true) }
                case .end: return (Errand.sentence(try answer.end()), true)
                case .silence, .disturbance: return (message, false)
                }
            }
        } catch {
            return (error.report.errors.first, true)
        }
    }

    private static func sentence(_ reply: Reply) -> String {
        let report = Report(reply)
        return report.errors.first ?? report.output.first ?? ""
    }
}
