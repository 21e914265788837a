// What an end that was asked for had to take by force.

/// Processes of an instance that got SIGKILL.
public struct Victims: Equatable, Sendable {
    /// So many are named.
    public static let limit = 8

    /// The main process, if it had not ended.
    public var main: ProcessID?
    /// Whatever else was there; at most `limit`.
    public private(set) var others: [KilledProcess]
    /// How many more there were.
    public private(set) var more: Int

    public init(main: ProcessID? = nil, others: [KilledProcess] = [], more: Int = 0) {
        self.main = main
        self.others = Array(others.prefix(Victims.limit))
        self.more = more + max(0, others.count - Victims.limit)
    }

    public var isEmpty: Bool { main == nil && others.isEmpty }
    /// Whether one more would be named.
    public var hasRoom: Bool { others.count < Victims.limit }

    public mutating func add(_ process: KilledProcess) {
        // It may take more than one SIGKILL, where the kernel is busy with it.
        guard !others.contains(where: { $0.process == process.process }) else { return }
        if hasRoom { others.append(process) } else { more += 1 }
    }

    mutating func add(_ later: Victims) {
        main = main ?? later.main
        for process in later.others { add(process) }
        // Who does not die at once is found again, so the numbers cannot be added up.
        more = max(more, later.more)
    }
}

public struct KilledProcess: Equatable, Sendable {
    /// In bytes, of its command line.
    public static let commandLimit = 100

    public var process: ProcessID
    /// Its command line, or the beginning of it.
    public var command: String

    public init(_ process: ProcessID, command: String) {
        self.process = process
        // A script can be an argument, with all its lines.
        let line = command.utf8.prefix(KilledProcess.commandLimit).map {
            $0 < 0x20 || $0 == 0x7F ? UInt8(ascii: " ") : $0
        }
        self.command = String(decoding: line, as: UTF8.self)
    }
}

/// An instance that was asked to end and had to be killed, or had left behind what had to be. Kept with its slot.
public struct Killing: Equatable, Sendable {
    /// Remembered per slot.
    public static let historyLimit = 3

    public var generation: Generation
    public var at: Instant
    /// How long it was given (`kill_timeout`).
    public var patience: Duration
    public var victims: Victims

    public init(generation: Generation, at: Instant, patience: Duration, victims: Victims) {
        self.generation = generation
        self.at = at
        self.patience = patience
        self.victims = victims
    }
}

/// All that an operation on one app had to kill.
public struct Toll: Equatable, Sendable {
    /// So many are told of.
    public static let limit = 10

    /// How many instances.
    public private(set) var count: Int
    /// The first of them.
    public private(set) var told: [Entry]

    public struct Entry: Equatable, Sendable {
        public var slot: SlotIndex
        public var killing: Killing

        public init(_ slot: SlotIndex, _ killing: Killing) {
            self.slot = slot
            self.killing = killing
        }
    }

    public init(count: Int = 0, told: [Entry] = []) {
        self.count = count
        self.told = told
    }

    mutating func add(_ killing: Killing, in slot: SlotIndex) {
        count += 1
        if told.count < Toll.limit { told.append(Entry(slot, killing)) }
    }
}

extension App {
    mutating func noteKilled(_ victims: Victims, _ place: Slot.Place, of k: Int) {
        slots[k][place].victims.add(victims)
    }

    /// Nothing is left of an instance. What was killed counts as a fact of its own only where an end was asked for, perhaps
    /// after it had failed: what has crashed has a death.
    mutating func rememberVictims(of instance: Instance, _ k: Int, _ desk: inout Desk) {
        guard instance.fate == .unwanted, !instance.isBuried, !instance.victims.isEmpty else { return }
        let killing = Killing(
            generation: instance.generation, at: desk.now,
            patience: spec(of: instance.generation).killTimeout, victims: instance.victims)
        slots[k].record(killing)
        work?.toll.add(killing, in: slots[k].index)
        desk.order(.announce(.killed(name, slots[k].index, killing)))
    }
}
