/// What the calendar shows, told to the core by whoever runs it.
public struct Calendar: Sendable {
    /// What to add to an instant to get the time since 1970.
    public var offset: Duration = .zero
    /// How many seconds this place is ahead of UTC at a time in seconds since 1970.
    public var zone: @Sendable (Int64) -> Int = { _ in 0 }

    func nanoseconds(at now: Instant) -> Int64 { (now + offset).nanoseconds }
}

/// When `cron_restart` comes next.
///
/// The calendar may be set, and stands still for nobody who sleeps: it is looked at once a minute. Set back, it brings no
/// time twice; put forward, it brings what was passed over once. Where it was set by more than `leap` it is taken
/// to have been wrong before: nothing is made up for then, and nothing waited for.
struct Recurrence: Equatable, Sendable {
    static let longestWait: Int64 = 60
    static let leap: Int64 = 3 * 3600

    let schedule: Schedule
    /// In seconds since 1970.
    private var strikesAt: Int64
    private(set) var lookAt: Instant

    init(_ schedule: Schedule, _ calendar: Calendar, at now: Instant) {
        self.schedule = schedule
        strikesAt = 0
        lookAt = now
        _ = look(calendar, at: now)
    }

    /// True when the time has come.
    mutating func look(_ calendar: Calendar, at now: Instant) -> Bool {
        let wall = calendar.nanoseconds(at: now)
        let present = wall / 1_000_000_000
        let lateness = present - strikesAt
        if lateness >= 0 || isBeyond(present + Recurrence.leap, calendar) {
            strikesAt = schedule.next(after: present, offset: calendar.zone) ?? present + Recurrence.leap
        }
        let wait = min(strikesAt - present, Recurrence.longestWait)
        lookAt = now + .nanoseconds(wait * 1_000_000_000 - wall % 1_000_000_000)
        return (0...Recurrence.leap).contains(lateness)
    }

    /// What it waits for lies further ahead than it could if the calendar had not been set back.
    private func isBeyond(_ time: Int64, _ calendar: Calendar) -> Bool {
        schedule.next(after: time, offset: calendar.zone).map { $0 < strikesAt } ?? false
    }
}

extension App {
    mutating func planRecurrence(_ desk: Desk) {
        let schedule = isBeingDeleted ? nil : spec.restart.schedule
        guard recurrence?.schedule != schedule else { return }
        recurrence = schedule.map { Recurrence($0, desk.calendar, at: desk.now) }
    }

    mutating func lapseRecurrence(_ desk: inout Desk) {
        guard let due = recurrence?.lookAt, due <= desk.now,
            recurrence?.look(desk.calendar, at: desk.now) == true, isRecurring
        else { return }
        let isFree = work == nil && queue.isEmpty
        desk.order(.announce(isFree ? .recurs(name) : .recursNot(name)))
        if isFree { enqueue(Operation(kind: .reload), &desk) }
    }

    /// Somebody runs, or has done his work and is to do it again. What was stopped, or was given up, stays so.
    private var isRecurring: Bool {
        slots.contains { slot in
            guard slot.wanted else { return false }
            return slot.isRunning || (!spec.restart.automatic && slot.isEmpty && slot.rest == .finished)
        }
    }
}
