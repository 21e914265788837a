/// Decides what should happen. It does nothing itself, knows no clock and rolls no dice but its own.
///
/// **What it asks of the shell.** Perform the effects of one event in order, before the next event. Feed every
/// outcome back as an event, as `Event` promises it. Call `handle(.deadlinePassed)` at `nextDeadline` at the
/// latest, after all facts that are at hand; calling it early does no harm. Write `saved` when told `.save`, and
/// make the next supervisor from what was written last.
///
/// **What it promises.** Every ticket is answered exactly once, by one `.reply`, after which no `.progress`
/// follows; whoever asks again under the ticket of a former daemon's time hears the end of what was begun then. Every instance ordered by `.spawn`, also one that could not be started, ends in exactly one
/// `.release` or in one `.spawn` that is its heir. No signal goes to an instance before its `.spawned`, to a main
/// process after its `.exited`, or to anything after its `.vanished`. The same events at the same instants with
/// the same seed give the same effects, in every process.
///
/// **How it works.** An event touches the apps it is about, and only those. For each of these three stages run in
/// order and never call back: what happened is noted (`take`), the operation on it is carried on (`operate`), and
/// what is, is brought nearer to what is wanted (`tend`). The answers come last.
public struct Supervisor: Sendable {
    /// How often what has not vanished is killed again.
    static let sweepInterval: Duration = .seconds(1)
    /// A replacement that comes later than this does not inherit the accept queue of the dead.
    static let longestInheritance: Duration = .seconds(1)
    /// How long what is in a hurry may drain: for handshakes under way, not for requests in work.
    static let hurriedDrain: Duration = .seconds(2)

    var apps: [AppName: App] = [:]
    /// Who waits for an answer; it outlives the daemon, and so do they.
    var inquiries: [Ticket: Inquiry] = [:]
    /// In which order apps came: they are started in it, also after a boot.
    private(set) var ranks: [AppName: Int] = [:]
    /// When each app must be looked at without anybody saying so.
    var due: [AppName: Instant] = [:]
    var desk: Desk
    /// What was said last, for clients who could not hear it because the daemon died.
    var answered: [SavedState.Answered] = []
    static let answeredLimit = 32
    /// Asked to stop everything, by this ticket.
    var closing: Ticket?

    public init(seed: UInt64) {
        desk = Desk(seed: seed, nextInstance: 1)
    }

    public mutating func handle(_ event: Event, at now: Instant) -> [Effect] {
        desk.open(at: now)
        var answers: [Effect] = []
        let touched = take(event, &answers)
        for name in inOrder(touched) { advance(name) }
        answer(&answers)
        return desk.close(answers: answers)
    }

    /// Puts a new app behind all others.
    mutating func rank(_ name: AppName) {
        if ranks[name] == nil { ranks[name] = (ranks.values.max() ?? 0) + 1 }
    }

    func inOrder(_ names: some Sequence<AppName>) -> [AppName] {
        names.sorted { (ranks[$0] ?? 0, $0) < (ranks[$1] ?? 0, $1) }
    }

    /// To be set when the calendar of the machine may have been, before an event at the latest.
    public var calendar: Calendar {
        get { desk.calendar }
        set { desk.calendar = newValue }
    }

    /// When `.deadlinePassed` is due, if nothing else happens before.
    public var nextDeadline: Instant? { due.values.min() }
}

// MARK: - Stages

extension Supervisor {
    /// Notes what happened and says which apps it concerns.
    private mutating func take(_ event: Event, _ answers: inout [Effect]) -> [AppName] {
        switch event {
        case .requested(let request, let ticket):
            return admit(request, ticket, &answers)
        case .deadlinePassed:
            let late = due.filter { $0.value <= desk.now }.keys
            for name in inOrder(late) { apps[name]?.lapse(&desk) }
            return Array(late)
        case .spawned(let id, _), .spawnFailed(let id, _), .neverSpawned(let id), .listened(let id, _),
            .unlistened(let id, _),
            .drained(let id), .exited(let id, _), .vanished(let id), .faltered(let id), .recovered(let id),
            .said(let id, _), .checked(let id, _), .stuck(let id, _), .unstuck(let id), .located(let id, _),
            .killed(let id, _), .weighed(let id, _):
            return note(event, about: id)
        }
    }

    private mutating func note(_ event: Event, about id: InstanceID) -> [AppName] {
        guard let home = desk.homes[id], apps[home.app]?.note(event, about: id, in: home.slot, &desk) == true
        else {
            desk.order(.announce(.impossible("of instance \(id.number), which cannot be: \(event.kind)")))
            return []
        }
        return [home.app]
    }

    /// Brings one app on as far as is possible now.
    private mutating func advance(_ name: AppName) {
        guard let before = apps[name].map(Plans.init) else { return }
        defer { if apps[name].map(Plans.init) != before { desk.save() } }
        apps[name]!.operate(&desk)
        while apps[name]!.isGone {
            apps[name] = apps[name]!.reborn()
            desk.save()
            guard apps[name] != nil else {
                due[name] = nil
                ranks[name] = nil
                return
            }
            apps[name]!.operate(&desk)
        }
        apps[name]!.tend(&desk)
        due[name] = apps[name]!.deadline(after: desk.now)
    }

    /// Answers the tickets of which every app has been heard.
    private mutating func answer(_ answers: inout [Effect]) {
        for completion in desk.completions {
            guard let ticket = completion.ticket else { continue }
            inquiries[ticket]?.take(completion)
            desk.save()
        }
        let answered = inquiries.filter { $0.value.pending == 0 && $0.key != closing }.keys.sorted()
        for ticket in answered {
            guard let inquiry = inquiries.removeValue(forKey: ticket) else { continue }
            remember(inquiry.reply, to: ticket)
            desk.save()
            answers.append(.reply(ticket, inquiry.reply))
        }
        guard let closing, inquiries[closing]?.pending == 0, apps.values.allSatisfy({ $0.work == nil }) else {
            return
        }
        guard let inquiry = inquiries.removeValue(forKey: closing) else { return }
        answers += [.reply(closing, inquiry.reply), .finish]
    }
}

// MARK: - Facts

extension App {
    /// Notes a fact about an instance; false if it cannot be.
    mutating func note(_ event: Event, about id: InstanceID, in k: Int, _ desk: inout Desk) -> Bool {
        guard slots.indices.contains(k), let place = slots[k].place(of: id) else { return false }
        stir(k)
        let instance = slots[k][place]
        let isLaunching = instance.phase == .launching
        switch event {
        case .spawned(_, let process) where isLaunching:
            noteSpawned(process, place, of: k, &desk)
        case .spawnFailed(_, let reason) where isLaunching:
            noteSpawnFailed(reason, place, of: k, &desk)
        case .neverSpawned where isLaunching:
            noteNeverSpawned(place, of: k, &desk)
        case .listened(_, let address) where !isLaunching:
            noteListened(on: address, place, of: k, &desk)
        case .unlistened(_, let address) where !isLaunching:
            noteUnlistened(address, place, of: k, &desk)
        case .drained where !isLaunching:
            noteDrained(place, of: k, &desk)
        case .exited(_, let exit) where !isLaunching && !instance.hasExited:
            noteExited(exit, place, of: k, &desk)
        case .vanished where instance.hasExited:
            noteVanished(place, of: k, &desk)
        case .faltered where !isLaunching:
            noteFaltered(place, of: k, &desk)
        case .recovered where !isLaunching:
            noteRecovered(place, of: k)
        case .said(_, let word) where !isLaunching:
            noteSaid(word, place, of: k, &desk)
        case .checked(_, let result) where !isLaunching:
            noteChecked(result, place, of: k, &desk)
        case .stuck(_, let waiting) where !isLaunching:
            noteStuck(waiting, place, of: k, &desk)
        case .unstuck where !isLaunching:
            noteUnstuck(place, of: k, &desk)
        case .located(_, let places) where !isLaunching:
            noteLocated(places, instance.generation, &desk)
        case .killed(_, let victims) where !isLaunching:
            noteKilled(victims, place, of: k)
        case .weighed(_, let used) where !isLaunching:
            noteWeighed(used, place, of: k, &desk)
        case .requested, .spawned, .spawnFailed, .neverSpawned, .listened, .unlistened, .drained, .exited,
            .vanished, .deadlinePassed, .faltered, .recovered, .said, .checked, .stuck, .unstuck, .located,
            .killed, .weighed:
            return false
        }
        return true
    }

    /// A new app under the same name, if one was asked for while this one was being deleted.
    func reborn() -> App? {
        guard let first = queue.first, case .become(let spec) = first.kind else { return nil }
        var app = App(spec)
        app.queue = queue
        app.queue[0].kind = .create
        return app
    }
}

extension Event {
    /// What it says, in a word.
    var kind: String {
        switch self {
        case .requested: "requested"
        case .spawned: "spawned"
        case .spawnFailed: "spawnFailed"
        case .neverSpawned: "neverSpawned"
        case .listened: "listened"
        case .unlistened: "unlistened"
        case .drained: "drained"
        case .exited: "exited"
        case .vanished: "vanished"
        case .deadlinePassed: "deadlinePassed"
        case .faltered: "faltered"
        case .recovered: "recovered"
        case .said: "said"
        case .checked: "checked"
        case .stuck: "stuck"
        case .unstuck: "unstuck"
        case .located: "located"
        case .killed: "killed"
        case .weighed: "weighed"
        }
    }
}
