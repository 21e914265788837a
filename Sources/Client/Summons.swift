internal import Console
internal import Linux
internal import Supervision

/// Brings a daemon to the telephone, starting one if that is allowed.
struct Summons {
    let caller: Caller
    let mayLaunch: Bool
    /// Between two tries while another client's daemon comes up, or ours goes.
    private static let pause = Duration.milliseconds(10)

    func connect(disturbance: Int32) throws(Stop) -> Connection {
        if let connection = try caller.connect(disturbance: disturbance) { return connection }
        guard mayLaunch else { throw Stop(Wording.notRunning(), .noSuchApp) }
        let deadline = Deadline(in: Launcher.patience)
        try Launcher(home: caller.home).launch(by: deadline)
        while true {
            if let connection = try caller.connect(disturbance: disturbance) { return connection }
            guard !deadline.isPast else {
                throw Stop(Wording.noAnswer(within: Launcher.patience), .unreachable)
            }
            try Summons.rest()
        }
    }

    /// Until nobody listens on the socket any more.
    func awaitSilence() throws(Stop) {
        let deadline = Deadline(in: Launcher.patience)
        while try caller.connect() != nil {
            guard !deadline.isPast else { throw Stop(Wording.stillThere(Launcher.patience), .timedOut) }
            try Summons.rest()
        }
    }

    /// A wait that a poller does, because nothing tells when a socket appears.
    private static func rest() throws(Stop) {
        do throws(SystemError) {
            _ = try Poller().wait(atMost: pause)
        } catch {
            throw Stop(error)
        }
    }
}
