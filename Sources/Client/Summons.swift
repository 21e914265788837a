internal import Console
internal import Linux
internal import Supervision

/// Brings a daemon to the telephone, starting one if that is allowed.
struct Summons {
    let caller: Caller
    let mayLaunch: Bool
    /// Between two tries while another client's daemon comes up, or ours goes.
    private static let pause = Duration.milliseconds(10)
    /// How long another client's daemon may take before ours is tried again: theirs may have been on its way out.
    private static let faith = Duration.milliseconds(300)

    func connect(disturbance: Int32) throws(Stop) -> Connection {
        if let connection = try caller.connect(disturbance: disturbance) { return connection }
        guard mayLaunch else { throw Stop(Wording.notRunning(knowsApps: false), .noSuchApp) }
        let deadline = Deadline(in: Launcher.patience)
        while true {
            try Launcher(home: caller.home).launch(by: deadline)
            let attempt = Deadline(in: Summons.faith)
            repeat {
                if let connection = try caller.connect(disturbance: disturbance) { return connection }
                try Summons.rest()
            } while !attempt.isPast
            guard !deadline.isPast else {
                throw caller.home.noAnswer(within: Launcher.patience)
            }
        }
    }

    /// Until nobody listens on the socket any more and the lock is free: then keeper and daemon are gone.
    func awaitSilence() throws(Stop) {
        let deadline = Deadline(in: Launcher.patience)
        while try isOccupied() {
            guard !deadline.isPast else { throw Stop(Wording.stillThere(Launcher.patience), .timedOut) }
            try Summons.rest()
        }
    }

    private func isOccupied() throws(Stop) -> Bool {
        if try caller.connect() != nil { return true }
        return Summons.isLocked(caller.home)
    }

    /// Whether a keeper or a daemon lives.
    static func isLocked(_ home: Home) -> Bool {
        do throws(SystemError) {
            return try !File.open(home.lock, .readAndWrite).lock()
        } catch {
            // No lock, nobody who holds it.
            return false
        }
    }

    /// A wait that a poller does, because nothing tells when a socket appears.
    static func rest() throws(Stop) {
        do throws(SystemError) {
            _ = try Poller().wait(atMost: pause)
        } catch {
            throw Stop(error)
        }
    }
}
