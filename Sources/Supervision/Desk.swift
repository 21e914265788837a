/// What all apps share while an event is handled: what time it is, the numbers to give out, and the tray of
/// effects.
struct Desk: Sendable {
    /// Instance numbers are reserved on disk in blocks of this size, so that a number is never given twice although the
    /// disk is always a little behind.
    static let reservation: UInt64 = 1000

    private(set) var now = Instant(nanoseconds: 0)
    var generator: SeededGenerator
    var calendar = Calendar()
    /// Where each instance lives.
    var homes: [InstanceID: Home] = [:]
    /// What was finished in this event, to be answered at its end.
    var completions: [Completion] = []
    private var effects: [Effect] = []
    private var isUnsaved = false
    private var nextInstance: UInt64
    /// No number from here on was ever given out.
    private(set) var reserved: UInt64
    private var usedSlotIDs: Set<Int> = []
    private var lowestFreeSlotID = 0

    struct Home: Equatable, Sendable {
        var app: AppName
        var slot: Int
    }

    /// How an operation on one app ended.
    struct Completion: Sendable {
        var ticket: Ticket?
        var outcome: Outcome
        var failure: Failure?
        var isRolledBack = false
    }

    init(seed: UInt64, nextInstance: UInt64) {
        generator = SeededGenerator(seed: seed)
        self.nextInstance = nextInstance
        reserved = nextInstance
    }
}

// MARK: - The tray

extension Desk {
    mutating func open(at now: Instant) {
        self.now = now
    }

    mutating func order(_ effect: Effect) {
        effects.append(effect)
    }

    mutating func order(_ more: [Effect]) {
        effects += more
    }

    /// What is wanted or how it is identified has changed.
    mutating func save() {
        isUnsaved = true
    }

    /// Everything ordered since `open`. What was decided is written before anything of it is done: a daemon that dies
    /// in between leaves to the next what it meant.
    mutating func close(answers: [Effect]) -> [Effect] {
        let all = (isUnsaved ? [.save] : []) + effects + answers
        effects = []
        completions = []
        isUnsaved = false
        return all
    }
}

// MARK: - Numbers

extension Desk {
    mutating func takeInstanceID() -> InstanceID {
        if nextInstance >= reserved {
            reserved = nextInstance + Desk.reservation
            save()
        }
        defer { nextInstance += 1 }
        return InstanceID(nextInstance)
    }

    mutating func takeSlotID() -> SlotID {
        while usedSlotIDs.contains(lowestFreeSlotID) { lowestFreeSlotID += 1 }
        return keepSlotID(SlotID(lowestFreeSlotID))
    }

    @discardableResult
    mutating func keepSlotID(_ id: SlotID) -> SlotID {
        usedSlotIDs.insert(id.number)
        return id
    }

    mutating func returnSlotID(_ id: SlotID) {
        usedSlotIDs.remove(id.number)
        lowestFreeSlotID = min(lowestFreeSlotID, id.number)
    }
}
