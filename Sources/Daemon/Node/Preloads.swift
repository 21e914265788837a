internal import Linux
internal import Supervision
internal import Wire

/// Which Node programs have the preload, and what they said about themselves. A class, because callbacks lead back
/// to it.
final class Preloads {
    /// No HTTP connection of the program is left, or none by a path where it was asked about those.
    var onDrained: (InstanceID) -> Void = { _ in }

    private let channels: Channels
    /// The signals that each handles.
    private var handled: [InstanceID: [Signal]] = [:]

    init(_ channels: Channels) {
        self.channels = channels
    }

    /// A program that runs since before this daemon is asked whether it has one.
    func ask(_ instance: InstanceID) { channels.greet(instance) }

    func forget(_ instance: InstanceID) { handled[instance] = nil }

    func hear(_ message: PreloadMessage, from instance: InstanceID) {
        switch message {
        case .present(let signals): handled[instance] = signals
        case .drained: onDrained(instance)
        case .gone: forget(instance)
        }
    }

    func isPresent(_ instance: InstanceID) -> Bool { handled[instance] != nil }

    /// Has the program finish its connections; false: it cannot be asked.
    @discardableResult
    func drain(_ instance: InstanceID, idle: Duration? = nil, isDeaf: Bool = false) -> Bool {
        guard isPresent(instance) else { return false }
        let delivery = channels.send(PreloadOrder.drain(idle: idle, isDeaf: isDeaf).line, to: instance)
        return delivery == .sent || delivery == .queued
    }

    /// The signal that asks this program to end: SIGINT where it handles that and not SIGTERM, as a program does
    /// that was written for PM2.
    func signal(_ wanted: Signal, for instance: InstanceID) -> Signal {
        // A wrapper's signals are its own affair.
        let isPreferred = handled[instance] == [.interrupt] && !channels.isWrapped(instance)
        return wanted == .terminate && isPreferred ? .interrupt : wanted
    }
}
