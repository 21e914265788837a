/// A fact that flows into the supervisor.
///
/// The shell promises: `.spawned`, `.spawnFailed` or `.neverSpawned` answers every `.spawn` once and precedes every other fact
/// about that instance; `.exited` comes once per spawned instance and `.vanished` once, after it; no fact about an
/// instance follows its `.vanished` (or its `.spawnFailed`).
public enum Event: Equatable, Sendable {
    case requested(Request, Ticket)
    case spawned(InstanceID, ProcessID)
    /// Nothing runs; the text names the stage: "cannot change directory to /x: No such file or directory".
    case spawnFailed(InstanceID, reason: String)
    /// A former daemon died between the order to spawn it and the deed: there is no such process, and never was.
    case neverSpawned(InstanceID)
    /// The program called listen(2). Nil: on something that is not held (port 0, a Unix socket, no filter).
    case listened(InstanceID, ListenAddress?)
    /// It closed that listener and lives on.
    case unlistened(InstanceID, ListenAddress)
    /// Out of rotation, its accept queue is empty and no request is in work.
    case drained(InstanceID)
    /// The main process ended.
    case exited(InstanceID, Exit)
    /// Nothing of the instance runs any more: no child, no helper.
    case vanished(InstanceID)
    case deadlinePassed
    /// It runs and does its work no more: it is to be replaced, see `Replacement`. May be said again.
    case faltered(InstanceID)
    /// It does its work again.
    case recovered(InstanceID)
    /// Its program said something of itself.
    case said(InstanceID, Word)
    /// It was looked at as its `HealthCheck` says.
    case checked(InstanceID, CheckResult)
    /// So many connections wait for it, and it takes none.
    case stuck(InstanceID, waiting: Int)
    /// It takes connections again.
    case unstuck(InstanceID)
    /// These processes of it got SIGKILL.
    case killed(InstanceID, Victims)
    /// What it uses at present, with everything below it, in bytes.
    case weighed(InstanceID, UInt64)
    /// Where it was found when it was spawned, if symbolic links led there.
    case located(InstanceID, Places)
}
