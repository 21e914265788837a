public import Supervision

/// What a text is written for.
public struct Surface: Equatable, Sendable {
    /// The terminal's width, or nil for a file or a pipe.
    public var columns: Int?
    public var palette: Palette

    public init(columns: Int? = nil, palette: Palette = .plain) {
        self.columns = columns
        self.palette = palette
    }

    var frame: Table.Frame { columns.map { .boxed(columns: $0) } ?? .plain }
}

/// The table of `list`: one row for each slot.
public enum Listing {
    /// Wide: with what `PortsSnapshot` tells.
    public static func lines(
        _ snapshot: Snapshot, at now: Instant, on surface: Surface, isWide: Bool = false
    ) -> [String] {
        table(snapshot, at: now, isWide: isWide).lines(surface.frame, surface.palette)
    }

    /// What there is to say of the daemon itself, for as long as somebody may not have seen it.
    public static func remarks(_ snapshot: Snapshot, at now: Instant, home: String) -> [String] {
        guard let deaths = snapshot.daemonDeaths, now - deaths.last < memory else { return [] }
        return [Wording.daemonDied(deaths, at: now, log: "\(home)/daemon.log")]
    }

    private static let memory = Duration.seconds(86_400)

    static func table(_ snapshot: Snapshot, at now: Instant, isWide: Bool = false) -> Table {
        let showsNamespace = snapshot.apps.contains { $0.spec.name.namespace != AppName.defaultNamespace }
        let apps = snapshot.apps.sorted { $0.spec.name < $1.spec.name }
        let rows = apps.flatMap { app in
            app.slots.map { slot in
                var cells = row(slot, of: app, at: now, showsNamespace: showsNamespace)
                if isWide { cells.insert(contentsOf: portCells(slot), at: cells.count - 2) }
                return cells
            }
        }
        var columns = columns(showsNamespace: showsNamespace)
        if isWide { columns.insert(contentsOf: portColumns, at: columns.count - 2) }
        return Table(columns: columns, rows: rows)
    }

    private static func columns(showsNamespace: Bool) -> [Table.Column] {
        var columns = [
            Table.Column(title: "id", alignedRight: true),
            Table.Column(title: "name", yields: 1, least: 8),
        ]
        if showsNamespace { columns.append(Table.Column(title: "namespace", yields: 5, least: 6)) }
        return columns + [
            Table.Column(title: "mode", yields: 9),
            Table.Column(title: "pid", alignedRight: true, yields: 2),
            Table.Column(title: "uptime", alignedRight: true, yields: 3),
            Table.Column(title: "↺", alignedRight: true),
            Table.Column(title: "status"),
            Table.Column(title: "cpu", alignedRight: true, yields: 6),
            Table.Column(title: "mem", alignedRight: true, yields: 4),
            Table.Column(title: "address", yields: 8, least: 7),
            Table.Column(title: "why", yields: 7, least: 16),
        ]
    }

    private static let portColumns = [
        Table.Column(title: "conn", alignedRight: true),
        Table.Column(title: "wait", alignedRight: true),
        Table.Column(title: "ports", yields: 8),
    ]

    private static func portCells(_ slot: SlotSnapshot) -> [Table.Cell] {
        guard let ports = slot.current?.ports else { return portColumns.map { _ in Table.Cell("-") } }
        let waiting = ports.listeners.reduce(0) { $0 + $1.waiting }
        let isStuck = ports.listeners.contains(where: \.isStuck)
        return [
            Table.Cell(ports.connections.map { "\($0)" } ?? "?"),
            Table.Cell("\(waiting)", isStuck ? .yellow : .plain),
            Table.Cell(ports.tier.rawValue),
        ]
    }

    private static func row(
        _ slot: SlotSnapshot, of app: AppSnapshot, at now: Instant, showsNamespace: Bool
    ) -> [Table.Cell] {
        let current = slot.current
        var cells = [Table.Cell("\(slot.id.number)", .boldCyan), Table.Cell(app.spec.name.name, .bold)]
        if showsNamespace { cells.append(Table.Cell(app.spec.name.namespace)) }
        return cells + [
            Table.Cell(app.spec.mode.rawValue, app.spec.mode == .cluster ? .blue : .plain),
            Table.Cell(current?.process.map { "\($0.number)" } ?? "-"),
            Table.Cell(current.map { Quantities.shortDuration(now - $0.since) } ?? "-"),
            Table.Cell("\(slot.restarts)"),
            Table.Cell(slot.status.rawValue, style(of: slot.status)),
            Table.Cell(current?.usage.map { Quantities.processor(tenths: $0.processorTenths) } ?? "-"),
            Table.Cell(current?.usage.map { Quantities.memory($0.memory) } ?? "-"),
            Table.Cell(current.map { Quantities.addresses($0.listening) } ?? ""),
            Table.Cell(Reason.of(slot, in: app, at: now), isAlarming(slot, app) ? .yellow : .dim),
        ]
    }

    static func style(of status: SlotSnapshot.Status) -> Palette.Style {
        switch status {
        case .online: .green
        case .launching: .cyan
        case .stopping, .waitingRestart: .yellow
        case .stopped: .dim
        case .errored: .red
        }
    }

    private static func isAlarming(_ slot: SlotSnapshot, _ app: AppSnapshot) -> Bool {
        app.lastFailure != nil || slot.current?.stuckSince != nil
            || slot.current?.queueStuckSince != nil || slot.status == .waitingRestart
            || slot.status == .errored
    }
}
