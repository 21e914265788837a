internal import Supervision

/// Where everything of one swpm lies: `$SWPM_HOME`, by default `~/.swpm`.
struct Home: Sendable {
    let path: String

    /// The control interface.
    var socket: String { "\(path)/swpm.sock" }
    var state: String { "\(path)/state.json" }
    var history: String { "\(path)/history.json" }
    var logs: String { "\(path)/logs" }
    var daemonLog: String { "\(path)/daemon.log" }

    /// What `SWPM_ID` says in every process of an instance: no two swpm have the same home.
    func marker(of instance: InstanceID) -> String { "\(path):\(instance.number)" }

    func log(of app: AppName, _ slot: SlotIndex, _ stream: LogStream) -> String {
        "\(logs)/\(LogFileName(app, slot, stream))"
    }
}
