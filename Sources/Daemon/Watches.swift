internal import Linux

/// What the loop waits for: descriptors, each with what to do when it stirs.
///
/// A registration is named by a token that is never used again, so an event that was already fetched for a
/// registration that has just been removed finds nobody and is dropped.
final class Watches {
    typealias Action = (Poller.Interest) -> Void

    private let poller: Poller
    private var actions: [UInt64: Action] = [:]
    private var nextToken: UInt64 = 1

    init() throws(SystemError) {
        poller = try Poller()
    }

    func watch(
        _ number: Int32, for interest: Poller.Interest, _ act: @escaping Action
    ) throws(SystemError) -> Watch {
        let watch = Watch(token: nextToken, number: number)
        nextToken += 1
        try poller.add(number, token: watch.token, for: interest)
        actions[watch.token] = act
        return watch
    }

    /// Also re-arms a one-shot watch.
    func change(_ watch: Watch, for interest: Poller.Interest) {
        guard actions[watch.token] != nil else { return }
        // Modifying a registration allocates nothing: it cannot fail but by a mistake of ours.
        do { try poller.change(watch.number, token: watch.token, for: interest) } catch {
            preconditionFailure("\(error)")
        }
    }

    /// Must come before the descriptor is closed.
    func remove(_ watch: Watch) {
        guard actions.removeValue(forKey: watch.token) != nil else { return }
        poller.remove(watch.number)
    }

    /// Waits, then lets everybody act whose descriptor stirred; false: nobody's did.
    @discardableResult
    func wait(atMost limit: Duration?, atRest: Bool = false) throws(SystemError) -> Bool {
        let events = try poller.wait(atMost: limit, atRest: atRest)
        for event in events { actions[event.token]?(event.what) }
        return !events.isEmpty
    }
}

/// One registration.
struct Watch {
    fileprivate let token: UInt64
    let number: Int32
}
