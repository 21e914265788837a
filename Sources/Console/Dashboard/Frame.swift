internal import Supervision

extension Dashboard {
    /// The table takes what it needs up to half of the screen, the log the rest.
    var tableHeight: Int {
        let available = max(1, size.lines - Dashboard.fixedLines)
        return max(1, min(rows.count, max(available / 2, available - Dashboard.leastLog)))
    }

    /// Title, column titles, log title, message, keys.
    private static let fixedLines = 5
    /// Lines of log that a long table leaves.
    private static let leastLog = 8

    /// The screen: exactly `size.lines` lines, none wider than `size.columns`.
    public func frame() -> [String] {
        guard size.columns >= 20, size.lines >= Dashboard.fixedLines + 2 else { return tooSmall }
        let logHeight = size.lines - Dashboard.fixedLines - tableHeight
        var lines = [title] + table + [logTitle] + logLines(logHeight)
        lines.append(palette.paint(Text.fitted(Text.sanitised(message), to: size.columns), .yellow))
        lines.append(palette.paint(Text.fitted(Dashboard.keys, to: size.columns), .inverse))
        return lines
    }

    private static let keys = " ↑↓ select   r restart   l reload   s stop   q quit"

    private var tooSmall: [String] {
        let note = Text.truncated("the terminal is too small", to: max(0, size.columns))
        return (0..<max(0, size.lines)).map { $0 == 0 ? note : "" }
    }

    private var title: String {
        let slots = snapshot.apps.flatMap(\.slots)
        let online = slots.count { $0.status == .online }
        let text =
            " \(Version.text)   \(Quantities.count(snapshot.apps.count, "app")), "
            + "\(online) of \(Quantities.count(slots.count, "instance")) online"
        return palette.paint(Text.fitted(text, to: size.columns), .inverse)
    }

    private var logTitle: String {
        let what = selectedIndex.map { " log of \(Dashboard.label(rows[$0])) " } ?? " no apps "
        let text = "──" + Text.truncated(what, to: size.columns - 4)
        let rule = String(repeating: "─", count: max(0, size.columns - Text.width(text)))
        return palette.paint(text + rule, .dim)
    }

    private func logLines(_ height: Int) -> [String] {
        let shown = log.suffix(height).map { Text.truncated(Text.sanitised($0), to: size.columns) }
        return shown + Array(repeating: "", count: height - shown.count)
    }
}

// MARK: - Table

extension Dashboard {
    /// One column of the live table.
    private struct Column {
        let title: String
        let width: Int
        let alignedRight: Bool
    }

    private var columns: [Column] {
        let names = rows.map { Text.width(Dashboard.shownName($0)) }
        let name = min(max(8, names.max() ?? 0), max(8, size.columns / 4))
        let wide = size.columns >= 72
        return [
            Column(title: "id", width: 4, alignedRight: true),
            Column(title: "name", width: name, alignedRight: false),
            Column(title: "status", width: 15, alignedRight: false),
            Column(title: "cpu", width: wide ? 6 : 0, alignedRight: true),
            Column(title: "mem", width: wide ? 8 : 0, alignedRight: true),
            Column(title: "↺", width: 4, alignedRight: true),
            Column(title: "uptime", width: wide ? 6 : 0, alignedRight: true),
            // The last one takes what is left.
            Column(title: "why", width: 0, alignedRight: false),
        ]
    }

    private var table: [String] {
        let header = palette.paint(line(columns.map(\.title)), .boldCyan)
        let selected = selectedIndex ?? 0
        let first = max(0, min(selected - tableHeight / 2, rows.count - tableHeight))
        let shown = (0..<tableHeight).map { offset in
            let index = first + offset
            return rows.indices.contains(index) ? paintedLine(rows[index], isSelected: index == selected) : ""
        }
        return [header] + shown
    }

    private func paintedLine(_ row: Row, isSelected: Bool) -> String {
        let text = line(cells(row))
        if isSelected { return palette.isEnabled ? palette.paint(text, .inverse) : ">" + text.dropFirst() }
        guard let slot = row.slot, slot.status != .online else { return text }
        return palette.paint(text, Listing.style(of: slot.status))
    }

    private func line(_ cells: [String]) -> String {
        var text = " "
        let columns = columns
        for (column, cell) in zip(columns, cells).dropLast() where column.width > 0 {
            text +=
                Text.fitted(Text.sanitised(cell), to: column.width, alignedRight: column.alignedRight) + " "
        }
        return Text.fitted(text + Text.sanitised(cells.last ?? ""), to: size.columns)
    }

    private func cells(_ row: Row) -> [String] {
        guard let slot = row.slot else { return appCells(row) }
        let usage = slot.current?.usage
        return [
            "\(slot.id.number)", Dashboard.shownName(row), slot.status.rawValue,
            usage.map { Quantities.processor(tenths: $0.processorTenths) } ?? "-",
            usage.map { Quantities.memory($0.memory) } ?? "-", "\(slot.restarts)",
            slot.current.map { Quantities.shortDuration(now - $0.since) } ?? "-",
            Reason.of(slot, in: row.app, at: now),
        ]
    }

    private func appCells(_ row: Row) -> [String] {
        let slots = row.app.slots
        let usages = slots.compactMap { $0.current?.usage }
        let online = slots.count { $0.status == .online }
        let memory = usages.reduce(0) { $0 + $1.memory }
        let processor = usages.reduce(0) { $0 + $1.processorTenths }
        return [
            "", Dashboard.shownName(row), "\(online)/\(slots.count) online",
            usages.isEmpty ? "-" : Quantities.processor(tenths: processor),
            usages.isEmpty ? "-" : Quantities.memory(memory), "\(slots.reduce(0) { $0 + $1.restarts })", "",
            appReason(row.app),
        ]
    }

    private func appReason(_ app: AppSnapshot) -> String {
        if let operation = app.operation {
            return operation == .rollingBack ? "rolling back" : operation.rawValue
        }
        guard let failure = app.lastFailure else { return "" }
        return
            "reload failed: \(Wording.instance(failure.app, failure.slot)) \(Wording.brief(failure.death))"
    }

    /// Instances stand indented below their app.
    private static func shownName(_ row: Row) -> String {
        switch row.identity {
        case .app(let name): Wording.name(name)
        case .slot(let name, let index):
            row.app.slots.count == 1 ? Wording.name(name) : "  \(Wording.instance(name, index))"
        }
    }
}
