/// What a program says of itself, by sd_notify(3) or over Node's message channel.
///
/// The shell has made sure that it was the instance's own program that spoke, and that no text is longer than
/// `textLimit`.
public enum Word: Equatable, Sendable {
    /// Of what a program says of its state, so many bytes are kept.
    public static let textLimit = 200

    /// It can do its work: for the first time, or again after `reloading` or `stopping`.
    case ready
    /// It is reading its configuration again, and works on meanwhile.
    case reloading
    /// It is about to end, and wants no new connections.
    case stopping
    /// What it is doing, for people.
    case status(String)
    /// From now on this process of the instance is its main one.
    case mainProcess(ProcessID)
    /// It lives: the watchdog may wait for another interval.
    case alive
    /// It has found out that it does not work: as if the watchdog had waited in vain.
    case trouble
}
