internal import Supervision

// What daemon.log says.
extension Notice {
    var sentence: String {
        switch self {
        case .died(let app, let slot, let death):
            "\(app)/\(slot.number) (generation \(death.generation.number)) \(death.cause.sentence) "
                + "after \(death.uptime.milliseconds) ms"
        case .waiting(let app, let slot, let delay):
            "\(app)/\(slot.number) is started again in \(delay.milliseconds) ms"
        case .gaveUp(let app, let slot, let restarts):
            "\(app)/\(slot.number) is given up after \(restarts) unstable runs (max_restarts)"
        case .reloadFailed(let app, let failure):
            "the reload of \(app) failed: instance \(failure.slot.number) of generation "
                + "\(failure.generation.number) \(failure.death.cause.sentence); the previous version serves on"
        case .stuck(let app, let slot, let waiting):
            "warning: \(app)/\(slot.number) is stuck: it accepts no connections, and \(waiting) wait (stuck_timeout)"
        case .unstuck(let app, let slot, let after):
            "\(app)/\(slot.number) accepts connections again, after \(after.milliseconds) ms"
        case .killed(let app, let slot, let killing):
            "\(app)/\(slot.number) (generation \(killing.generation.number)) was to end, and had to be killed: "
                + killing.victims.sentence
        case .impossible(let what):
            "a mistake in swpm, please report it: \(what)"
        case .replacementFailed(let app, let failure):
            "instance \(failure.slot.number) of \(app) is not replaced: what should replace it "
                + failure.death.cause.sentence
        case .outgrown(let app, let slot, let excess): "\(app)/\(slot.number) \(excess): it is to be replaced"
        case .recurs(let app): "\(app) is reloaded: it is time (cron_restart)"
        case .recursNot(let app):
            "warning: \(app) is not reloaded, though it is time (cron_restart): something else is being done to it"
        }
    }
}

extension Victims {
    fileprivate var sentence: String {
        let head = main.map { ["its main process \($0.number)"] } ?? []
        let tail = others.map { "process \($0.process.number) (\($0.command))" }
        return (head + tail + (more > 0 ? ["\(more) more"] : [])).joined(separator: ", ")
    }
}

extension Death.Cause {
    fileprivate var sentence: String {
        switch self {
        case .exited(.code(let code)): "exited with code \(code)"
        case .exited(.signal(let signal)): "was ended by \(signal)"
        case .exited(.unknown): "ended while nobody was watching"
        case .notStarted(let reason): "could not be started: \(reason)"
        case .neverReady(let patience, let missing):
            "did not listen on \(missing.map(\.description).joined(separator: ", ")) "
                + "within \(patience.milliseconds) ms (listen_timeout)"
        case .neverSaidReady(let patience):
            "did not say that it was ready within \(patience.milliseconds) ms (wait_ready, listen_timeout)"
        case .unhealthy(let reason, let failures): "failed its health check \(failures) times: \(reason)"
        case .silent(let patience): "said nothing to its watchdog for \(patience.milliseconds) ms"
        case .stuck(let after):
            "was killed: stuck for \(after.milliseconds) ms (stuck_replace)"
        case .faltered(let missing):
            missing.isEmpty
                ? "did its work no more"
                : "stopped listening on \(missing.map(\.description).joined(separator: ", "))"
        case .exceeded(let excess): excess.description
        }
    }
}
