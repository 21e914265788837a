import Support
import Testing

/// What was put aside of a log, oldest first.
func rotated(_ log: String) -> [String] {
    let parts = log.split(separator: "/")
    let directory = "/" + parts.dropLast().joined(separator: "/")
    return names(in: directory).filter { $0.hasPrefix("\(parts.last!).") && !$0.hasSuffix(".part") }
        .sorted().map { "\(directory)/\($0)" }
}

/// How many lines there are, also of what was put aside: "line 1 rest", "line 2 rest", and so on. Another one is an issue.
func countNumbered(_ log: String, _ rest: String) throws -> Int {
    var number = 0
    for file in rotated(log) + [log] {
        let text =
            file.hasSuffix(".gz") ? try Command("gzip", ["-dc", file]).run().output : readFile(file) ?? ""
        for line in text.utf8.split(separator: 0x0a) {
            number += 1
            guard line.elementsEqual("line \(number) \(rest)".utf8) else {
                Issue.record("in \(file) line \(number) is \(line)")
                return number
            }
        }
    }
    return number
}
