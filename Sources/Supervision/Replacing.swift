/// That an instance is to be replaced by another of the same version, because it runs and does its work no more.
///
/// **How to ask for it.** The shell says `Event.faltered(id)` when it has seen enough (a liveness check that failed so
/// many times, a queue that does not shrink, memory beyond its limit), or another part of Supervision calls `App.replace(_:at:)` while it notes
/// an event. `Event.recovered(id)`, or `App.spare(_:)`, takes the wish back as long as nobody stands beside the instance.
///
/// **What comes of it.** As soon as nothing else is being done to the app, and nobody waits in its queue, a candidate
/// of the version in force is raised beside the instance. It has to prove itself as in a reload, then gets the new
/// connections, and the old instance is drained and stopped. One slot of an app at a time. A candidate that fails
/// goes, and the wish with it; the old instance stays. Where a canary has the place beside it, it is restarted in place. Between two replacements in one slot lie 10 s, then 20 s, and
/// so on up to ten minutes, until an instance has been there for ten minutes without being asked to go. However long it has been there: once its
/// successor has failed, the next tries come ever more seldom, too.
///
/// Ask again as long as it lasts, as often as you like: what is wished already is not wished twice, and comes when it
/// is due.
struct Replacement: Equatable, Sendable {
    static let shortestInterval: Duration = .seconds(10)
    static let longestInterval: Duration = .seconds(600)

    /// Who is to go; nil: nobody at present.
    var outworn: InstanceID?
    /// Who was to go when the last one began.
    private var begun: InstanceID?
    /// Why it is to go, or the last one went, if it is for its memory.
    var excess: Excess?
    /// The next one may not begin before.
    private(set) var earliest: Instant?
    private var interval = Replacement.shortestInterval

    mutating func wish(_ instance: Instance, at now: Instant) {
        guard outworn != instance.id else { return }
        outworn = instance.id
        excess = nil
        let served = instance.readySince.map { now - $0 } ?? .zero
        guard served >= Replacement.longestInterval, begun != instance.id else { return }
        interval = Replacement.shortestInterval
        earliest = nil
    }

    mutating func begin(at now: Instant) {
        begun = outworn
        earliest = now + interval
        interval = min(interval * 2, Replacement.longestInterval)
    }

    func mayBegin(at now: Instant) -> Bool {
        earliest.map { $0 <= now } ?? true
    }
}

extension App {
    /// Has the instance that serves in a slot replaced by another of the same version: see `Replacement`.
    mutating func replace(_ k: Int, at now: Instant) {
        guard isWanted(k), let current = slots[k].current, current.isActive else { return }
        replacements[k, default: Replacement()].wish(current, at: now)
    }

    /// Takes that back: it does its work again.
    mutating func spare(_ k: Int) {
        replacements[k]?.outworn = nil
    }

    mutating func noteFaltered(_ place: Slot.Place, of k: Int, _ desk: inout Desk) {
        switch place {
        case .current: replace(k, at: desk.now)
        case .candidate: failCandidate(k, .faltered(missing: []), &desk)
        case .leaving: break
        }
    }

    mutating func noteRecovered(_ place: Slot.Place, of k: Int) {
        if place == .current { spare(k) }
    }

    /// Begins the first replacement that is wished and due; false if there is none.
    mutating func beginReplacement(_ desk: inout Desk) -> Bool {
        guard !replacements.isEmpty else { return false }
        forgetReplacements()
        let due = replacements.filter { $0.value.outworn != nil && $0.value.mayBegin(at: desk.now) }.keys
        // Of what is on its way out there may be much: never more processes than a reload would need.
        guard let k = due.min(), slots.allSatisfy({ $0.surplus == ($0.isTried ? 1 : 0) }) else {
            return false
        }
        stir(k)
        replacements[k]?.begin(at: desk.now)
        guard !slots[k].isTried else {
            recordExcess(k, &desk)
            work = Work(
                Operation(kind: .replace), .turning(Turns(left: [k], awaited: [])), change: .restarted)
            return true
        }
        raiseCandidate(k, generation, &desk)
        work = Work(Operation(kind: .replace), .replacing(k), change: .reloaded)
        return true
    }

    /// Those whose slot, or whose instance, is not there any more.
    private mutating func forgetReplacements() {
        for (k, replacement) in replacements {
            guard slots.indices.contains(k) else {
                replacements[k] = nil
                continue
            }
            guard let outworn = replacement.outworn else { continue }
            let isThere = slots[k].current.map { $0.id == outworn && $0.isActive } ?? false
            if !isThere || !isWanted(k) { replacements[k]?.outworn = nil }
        }
    }

    /// True when the candidate has taken over, and the old one is gone; or the candidate is.
    mutating func pursueReplacement(of k: Int, _ desk: inout Desk) -> Bool {
        stir(k)
        if let candidate = slots[k].candidate {
            if slots[k].verdict == .died {
                fail(because: k)
                slots[k].reject()
                spare(k)
                if let failure = work?.failure { desk.order(.announce(.replacementFailed(name, failure))) }
            } else if canTakeOver(candidate, in: k, at: desk.now) {
                recordExcess(k, &desk)
                takeOver(k, generation, &desk)
            }
        }
        return slots[k].candidate == nil && slots[k].leaving.isEmpty
    }

    /// When a replacement that is wished may begin. One that is due waits for something to happen, not for the clock.
    func nextReplacement(after now: Instant) -> Instant? {
        guard work == nil, !replacements.isEmpty else { return nil }
        return replacements.values.reduce(into: nil as Instant?) { next, replacement in
            guard replacement.outworn != nil, !replacement.mayBegin(at: now) else { return }
            next = Instant.earlier(next, replacement.earliest)
        }
    }
}
