public import Supervision

/// What `monit` shows, and what its keys do: everything of it but the terminal.
public struct Dashboard: Sendable {
    public var size: Size
    public var palette: Palette
    public var now: Instant
    /// A sentence about the last action, until the next one.
    public var message: String = ""
    /// The end of the selected row's log, oldest first.
    public var log: [String] = []
    public private(set) var rows: [Row] = []
    public private(set) var selection: Row.Identity?
    private(set) var snapshot = Snapshot()

    public struct Size: Equatable, Sendable {
        public var columns: Int
        public var lines: Int

        public init(columns: Int, lines: Int) {
            self.columns = columns
            self.lines = lines
        }
    }

    /// A line of the table: an app of several instances, or an instance.
    public struct Row: Equatable, Sendable {
        public var identity: Identity
        var app: AppSnapshot
        var slot: SlotSnapshot?

        public enum Identity: Equatable, Sendable {
            case app(AppName)
            case slot(AppName, SlotIndex)

            public var app: AppName {
                switch self {
                case .app(let name), .slot(let name, _): name
                }
            }
        }
    }

    /// What a key asks of the shell.
    public enum Action: Equatable, Sendable {
        case quit
        case restart(Selector)
        case reload(Selector)
        case stop(Selector)
        /// The log of another row is to be shown.
        case select
    }

    public init(size: Size, palette: Palette, now: Instant) {
        self.size = size
        self.palette = palette
        self.now = now
    }

    // MARK: - Facts

    /// Takes a new snapshot; the selection stays with its app, and falls to a neighbour if that has gone.
    public mutating func show(_ snapshot: Snapshot, at now: Instant) {
        let position = selectedIndex ?? 0
        self.snapshot = snapshot
        self.now = now
        rows = snapshot.apps.sorted { $0.spec.name < $1.spec.name }.flatMap(Dashboard.rows)
        if selectedIndex == nil {
            selection = rows.isEmpty ? nil : rows[min(position, rows.count - 1)].identity
        }
    }

    private static func rows(of app: AppSnapshot) -> [Row] {
        let name = app.spec.name
        let slots = app.slots.map { Row(identity: .slot(name, $0.index), app: app, slot: $0) }
        return slots.count == 1 ? slots : [Row(identity: .app(name), app: app, slot: nil)] + slots
    }

    var selectedIndex: Int? { rows.firstIndex { $0.identity == selection } }

    /// The slots whose logs the selected row shows.
    public var selectedSlots: [(SlotID, SlotIndex)] {
        guard let index = selectedIndex else { return [] }
        let slots = rows[index].slot.map { [$0] } ?? rows[index].app.slots
        return slots.map { ($0.id, $0.index) }
    }

    // MARK: - Keys

    public mutating func press(_ key: Key) -> Action? {
        switch key {
        case .character("q"), .escape, .interrupt: return .quit
        case .up, .character("k"): return move(by: -1)
        case .down, .character("j"): return move(by: 1)
        case .pageUp: return move(by: -tableHeight)
        case .pageDown: return move(by: tableHeight)
        case .home, .character("g"): return move(by: -rows.count)
        case .end, .character("G"): return move(by: rows.count)
        case .character("r"): return act("restarting") { .restart($0) }
        case .character("l"): return act("reloading") { .reload($0) }
        case .character("s"): return act("stopping") { .stop($0) }
        case .character, .enter, .unknown: return nil
        }
    }

    private mutating func move(by distance: Int) -> Action? {
        guard let index = selectedIndex else { return nil }
        let target = max(0, min(rows.count - 1, index + distance))
        guard target != index else { return nil }
        selection = rows[target].identity
        return .select
    }

    private mutating func act(_ verb: String, _ action: (Selector) -> Action) -> Action? {
        guard let index = selectedIndex else { return nil }
        message = "\(verb) \(Dashboard.label(rows[index])) ..."
        return action(selector(of: rows[index]))
    }

    /// One instance of several is meant by its id, unless something else is called like that number.
    private func selector(of row: Row) -> Selector {
        let name = row.identity.app
        guard let slot = row.slot, row.app.slots.count > 1 else { return .named(name.description) }
        let id = "\(slot.id.number)"
        let isAmbiguous = snapshot.apps.contains { $0.spec.name.name == id || $0.spec.name.namespace == id }
        return .named(isAmbiguous ? name.description : id)
    }

    static func label(_ row: Row) -> String {
        let name = row.identity.app
        guard let slot = row.slot, row.app.slots.count > 1 else { return Wording.name(name) }
        return Wording.instance(name, slot.index)
    }
}
