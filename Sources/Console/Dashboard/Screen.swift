/// What must be written to a terminal to go from one frame to the next (ECMA-48; DEC private modes of xterm).
public enum Screen {
    /// The alternate screen, without a cursor.
    public static let enter: [UInt8] = Array("\u{1B}[?1049h\u{1B}[?25l\u{1B}[2J".utf8)
    /// Everything back as it was, whatever state it was left in.
    public static let leave: [UInt8] = Array("\u{1B}[?2026l\u{1B}[0m\u{1B}[?25h\u{1B}[?1049l".utf8)

    /// Only rows that differ are written, as one synchronised update. An empty `old` means that nothing is known of
    /// the screen.
    public static func update(from old: [String], to new: [String]) -> [UInt8] {
        var body = old.isEmpty ? "\u{1B}[2J" : ""
        for (row, line) in new.enumerated() where row >= old.count || old[row] != line {
            body += "\u{1B}[\(row + 1);1H\u{1B}[K\(line)"
        }
        for row in new.count..<max(new.count, old.count) { body += "\u{1B}[\(row + 1);1H\u{1B}[K" }
        guard !body.isEmpty else { return [] }
        return Array("\u{1B}[?2026h\(body)\u{1B}[?2026l".utf8)
    }
}
