internal import CLinux

/// What this process says when it dies of its own mistake.
public enum Crashes {
    /// From now on a fatal signal (a trap, a bad address, abort(3)) first appends a trace to this file: the signal and
    /// the addresses that were being executed, as the linker called them. The process then ends as it would have.
    ///
    /// The threads that `Thread` starts from now on are included.
    public static func report(to path: String, as who: String) { clinux_report_crashes(path, who) }
}
