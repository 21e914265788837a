/// Text as a terminal shows it.
public enum Text {
    /// How many columns it takes. Contains no control characters and no escape sequences.
    public static func width(_ text: String) -> Int {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.reduce(0) { $0 + width($1) }
    }

    /// The longest beginning that fits, marked by an ellipsis if it is not all.
    public static func truncated(_ text: String, to columns: Int) -> String {
        width(text) > columns ? cut(text, to: columns) : text
    }

    private static func cut(_ text: String, to columns: Int) -> String {
        guard columns > 0 else { return "" }
        var result = ""
        var used = 0
        for character in text {
            let next = width(character)
            if used + next > columns - 1 { break }
            result.append(character)
            used += next
        }
        return result + "…"
    }

    /// Filled up with blanks, or truncated, to exactly this many columns.
    public static func fitted(_ text: String, to columns: Int, alignedRight: Bool = false) -> String {
        fitted(text, taking: width(text), to: columns, alignedRight: alignedRight)
    }

    /// The same of a text whose width is known.
    static func fitted(_ text: String, taking width: Int, to columns: Int, alignedRight: Bool) -> String {
        guard columns > 0 else { return "" }
        guard width != columns else { return text }
        guard width < columns else {
            let text = cut(text, to: columns)
            return fitted(text, taking: Text.width(text), to: columns, alignedRight: alignedRight)
        }
        let blanks = String(repeating: " ", count: columns - width)
        return alignedRight ? blanks + text : text + blanks
    }

    public static func quoted(_ text: String) -> String { "\u{201C}\(sanitised(text))\u{201D}" }

    private static func width(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        if first.value < 0x7F { return 1 }
        // U+FE0F asks for the picture form of what follows it.
        if scalars.count > 1, scalars.contains(where: { $0.value == 0xFE0F }) { return 2 }
        return width(first)
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// East Asian wide and full-width blocks (Unicode TR11).
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
        0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
        0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x20000...0x3FFFD,
    ]
}

// MARK: - Sanitising

extension Text {
    /// What a program wrote, with nothing in it that could move the cursor or retitle the terminal.
    ///
    /// Escape sequences go, tabs become blanks, and other control characters (also those that reverse the reading
    /// order) become a visible replacement. Colours may stay, and are then ended with the text.
    public static func sanitised(_ text: String, keepingColours: Bool = false) -> String {
        guard text.unicodeScalars.contains(where: isUnsafe) else { return text }
        var result = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        var hasColours = false
        while let scalar = rest.popFirst() {
            if scalar == "\u{1B}" {
                let sequence = takeSequence(from: &rest)
                if keepingColours, sequence.last == "m", sequence.first == "[" {
                    result.append(scalar)
                    result.append(contentsOf: sequence)
                    hasColours = true
                }
            } else if scalar == "\t" {
                result.append(contentsOf: "    ".unicodeScalars)
            } else {
                result.append(isUnsafe(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        return String(result) + (hasColours ? "\u{1B}[0m" : "")
    }

    private static func isUnsafe(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// What belongs to an escape character: a control sequence, a string with its end, or one character.
    private static func takeSequence(from rest: inout Substring.UnicodeScalarView) -> [Unicode.Scalar] {
        guard let kind = rest.first, kind.value >= 0x20, kind.value < 0x7F else { return [] }
        rest.removeFirst()
        var sequence = [kind]
        switch kind {
        case "[":
            while let next = rest.first, next.value >= 0x20, next.value < 0x7F {
                rest.removeFirst()
                sequence.append(next)
                if next.value >= 0x40 { break }
            }
        case "]", "P", "X", "^", "_":
            while let next = rest.popFirst() {
                if next == "\u{07}" { break }
                if next == "\u{1B}" {
                    if rest.first == "\\" { rest.removeFirst() }
                    break
                }
            }
        default: break
        }
        return sequence
    }
}
