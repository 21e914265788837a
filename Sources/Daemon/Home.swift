internal import Supervision

/// Where everything of one swpm lies: `$SWPM_HOME`, by default `~/.swpm`.
struct Home: Sendable {
    let path: String

    /// The control interface.
    var socket: String { "\(path)/swpm.sock" }
    var state: String { "\(path)/state.json" }
    var history: String { "\(path)/history.json" }
    /// Written by the user, read when the daemon comes up.
    var configuration: String { "\(path)/config.json" }
    var logs: String { "\(path)/logs" }
    var daemonLog: String { "\(path)/daemon.log" }
    /// As it was called once, for logs; nobody reads it any more.
    var formerSettings: String { "\(path)/settings.json" }
    #if FAULTS
        /// Where a test says at which place the daemon is to die.
        var fault: String { "\(path)/fault" }
    #endif

    /// What `SWPM_ID` says in every process of an instance: no two swpm have the same home.
    func marker(of instance: InstanceID) -> String { "\(path):\(instance.number)" }

    /// No two swpm have the same; long homes are made short by a hash (FNV-1a).
    func notifySocket(of instance: InstanceID) -> String {
        let hash = path.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) {
            ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3
        }
        return "swpm/\(String(hash, radix: 16))/\(instance.number)"
    }
}
