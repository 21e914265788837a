import Glibc

/// What was measured: a line for each thing, a column for each program.
struct Table {
    private var lines: [String] = []
    private var columns = ["swpm"]
    private var cells: [String: [String: String]] = [:]
    private var notes: [String] = []

    mutating func add(_ what: String, _ value: String, of program: String = "swpm") {
        if cells[what] == nil { lines.append(what) }
        if !columns.contains(program) { columns.append(program) }
        cells[what, default: [:]][program] = value
        write("  \(what): \(program) \(value)\n", to: 2)
    }

    mutating func note(_ sentence: String) { notes.append(sentence) }

    func print() {
        let head = ["median"] + columns
        let body = lines.map { line in [line] + columns.map { cells[line]?[$0] ?? "" } }
        let widths = head.indices.map { column in ([head] + body).map { $0[column].count }.max() ?? 0 }
        show(head, widths)
        write("|" + widths.map { String(repeating: "-", count: $0 + 2) + "|" }.joined() + "\n", to: 1)
        for row in body { show(row, widths) }
        for note in notes { write(note + "\n", to: 1) }
    }

    private func show(_ row: [String], _ widths: [Int]) {
        let padded = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        write("| " + padded.joined(separator: " | ") + " |\n", to: 1)
    }

    private func write(_ text: String, to descriptor: Int32) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}

func milliseconds(_ nanoseconds: Int64) -> String {
    let hundredths = (nanoseconds + 5000) / 10_000
    let rest = hundredths % 100
    return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) ms"
}

func megabytes(_ bytes: Int) -> String {
    let tenths = (bytes * 10 + 500_000) / 1_000_000
    return "\(tenths / 10).\(tenths % 10) MB"
}

func microseconds(_ nanoseconds: Int64) -> String { "\((nanoseconds + 500) / 1000) us" }
