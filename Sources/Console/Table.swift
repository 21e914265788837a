/// Rows and columns: boxed on a terminal and cut to its width, plain and complete elsewhere.
struct Table: Sendable {
    struct Column: Sendable {
        var title: String
        var alignedRight = false
        /// Columns with a higher number give way first when the terminal is narrow; nil: never.
        var yields: Int?
        /// What it may be cut down to; nil: it is shown whole or not at all.
        var least: Int?
    }

    struct Cell: Sendable {
        let text: String
        let width: Int
        let style: Palette.Style

        init(_ text: String, _ style: Palette.Style = .plain) {
            self.text = Text.sanitised(text)
            width = Text.width(self.text)
            self.style = style
        }
    }

    var columns: [Column]
    var rows: [[Cell]]

    /// Where a table goes.
    enum Frame: Sendable {
        case boxed(columns: Int)
        case plain
    }

    func lines(_ frame: Frame, _ palette: Palette) -> [String] {
        switch frame {
        case .plain: plainLines(palette)
        case .boxed(let limit): boxedLines(limit, palette)
        }
    }

    /// The natural width of each column, or less where the whole must fit; 0: left out.
    func widths(within limit: Int?, perColumn overhead: Int) -> [Int] {
        let natural = columns.indices.map { index in
            rows.reduce(Text.width(columns[index].title)) { max($0, $1[index].width) }
        }
        guard let limit else { return natural }
        var widths = natural
        func excess() -> Int {
            widths.reduce(1) { $0 + ($1 == 0 ? 0 : $1 + overhead) } - limit
        }
        let order = columns.indices.filter { columns[$0].yields != nil }
            .sorted { columns[$0].yields! > columns[$1].yields! }
        for index in order where excess() > 0 {
            let least = columns[index].least.map { max($0, Text.width(columns[index].title)) } ?? 0
            widths[index] = least == 0 ? 0 : max(min(widths[index], least), widths[index] - excess())
        }
        for index in order where excess() > 0 { widths[index] = 0 }
        // A wide column that went may have left room for smaller ones, and for those that were cut.
        for index in order.reversed() where widths[index] == 0 && natural[index] + overhead <= -excess() {
            widths[index] = natural[index]
        }
        for index in order where widths[index] > 0 && excess() < 0 {
            widths[index] = min(natural[index], widths[index] - excess())
        }
        return widths
    }

    private func plainLines(_ palette: Palette) -> [String] {
        let widths = widths(within: nil, perColumn: 2)
        let header = columns.map { Cell($0.title, .bold) }
        return ([header] + rows).map { row in
            var line = ""
            for index in columns.indices {
                let isLast = index == columns.indices.last
                let text = isLast ? row[index].text : pad(row[index], widths[index], index)
                line += palette.paint(text, row[index].style) + (isLast ? "" : "  ")
            }
            return Table.trimmed(line)
        }
    }

    private func boxedLines(_ limit: Int, _ palette: Palette) -> [String] {
        let widths = widths(within: limit, perColumn: 3)
        let shown = columns.indices.filter { widths[$0] > 0 }
        func rule(_ left: String, _ middle: String, _ right: String) -> String {
            left + shown.map { String(repeating: "─", count: widths[$0] + 2) }.joined(separator: middle)
                + right
        }
        func line(_ row: [Cell]) -> String {
            "│"
                + shown.map { index in
                    " " + palette.paint(pad(row[index], widths[index], index), row[index].style) + " "
                }.joined(separator: "│") + "│"
        }
        let header = line(columns.map { Cell($0.title, .boldCyan) })
        let body = rows.map(line)
        return [rule("┌", "┬", "┐"), header, rule("├", "┼", "┤")] + body + [rule("└", "┴", "┘")]
    }

    private func pad(_ cell: Cell, _ width: Int, _ column: Int) -> String {
        Text.fitted(cell.text, taking: cell.width, to: width, alignedRight: columns[column].alignedRight)
    }

    private static func trimmed(_ line: String) -> String {
        var bytes = line.utf8[...]
        while bytes.last == UInt8(ascii: " ") { bytes.removeLast() }
        return String(bytes) ?? line
    }
}
