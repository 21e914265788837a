public import Supervision

/// Finds what somebody probably meant.
enum Suggestion {
    static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        let limit = max(1, min(3, word.utf8.count / 3))
        let target = simplified(word)
        return known.map { (distance: distance(target, simplified($0), limit: limit), word: $0) }
            .filter { $0.distance <= limit }
            .min { ($0.distance, $0.word.count, $0.word) < ($1.distance, $1.word.count, $1.word) }?.word
    }

    private static func simplified(_ word: String) -> [UInt8] {
        word.lowercased().utf8.filter { $0 != UInt8(ascii: "_") && $0 != UInt8(ascii: "-") }
    }

    /// Insertions, deletions, changes and swaps of neighbours.
    private static func distance(_ left: [UInt8], _ right: [UInt8], limit: Int) -> Int {
        guard abs(left.count - right.count) <= limit else { return .max }
        var before: [Int] = []
        var last = Array(0...right.count)
        for (i, a) in left.enumerated() {
            var row = [i + 1]
            for (j, b) in right.enumerated() {
                var best = min(last[j + 1] + 1, row[j] + 1, last[j] + (a == b ? 0 : 1))
                if i > 0, j > 0, a == right[j - 1], left[i - 1] == b { best = min(best, before[j - 1] + 1) }
                row.append(best)
            }
            (before, last) = (last, row)
        }
        return last[right.count]
    }
}

/// Arguments written as one text.
public enum CommandLineText {
    /// Splits at blanks, honouring quotes and backslashes as a shell does; nil if a quote is never closed.
    public static func split(_ text: String) -> [String]? {
        var words: [String] = []
        var word: String.UnicodeScalarView?
        var quote: Unicode.Scalar?
        var isEscaped = false
        for scalar in text.unicodeScalars {
            if isEscaped {
                if quote == "\"", scalar != "\"", scalar != "\\" { word?.append("\\") }
                word?.append(scalar)
                isEscaped = false
            } else if scalar == "\\", quote != "'" {
                word = word ?? String.UnicodeScalarView()
                isEscaped = true
            } else if let open = quote {
                if scalar == open { quote = nil } else { word?.append(scalar) }
            } else if scalar == "\"" || scalar == "'" {
                word = word ?? String.UnicodeScalarView()
                quote = scalar
            } else if scalar == " " || scalar == "\t" || scalar == "\n" || scalar == "\r" {
                if let word { words.append(String(word)) }
                word = nil
            } else {
                word = word ?? String.UnicodeScalarView()
                word?.append(scalar)
            }
        }
        guard quote == nil, !isEscaped else { return nil }
        if let word { words.append(String(word)) }
        return words
    }
}

/// Paths as texts: nothing is looked up, and `..` stays, because a symbolic link may stand before it.
enum FilePath {
    static func join(_ directory: String, _ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let parts = path.split(separator: "/").filter { $0 != "." }
        let base = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        return parts.isEmpty && base.isEmpty ? "/" : ([base] + parts.map(String.init)).joined(separator: "/")
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension AppName {
    /// What an app is called when nobody named it: its script, without directory and extension.
    public static func derived(fromScript script: String) -> String {
        var words = script.split(separator: " ").map(String.init)
        guard let first = words.first else { return script }
        var base = String(first.split(separator: "/").last ?? "")
        if words.count == 1, let dot = base.lastIndex(of: "."), dot > base.startIndex {
            base = String(base[..<dot])
        }
        words[0] = base
        let name = words.joined(separator: " ").split(separator: "/").joined(separator: "-")
        return String(name.prefix(64))
    }

    /// Why a name cannot be one: it becomes part of file names, and `all` means every app.
    public static func objection(to name: String) -> String? {
        if name.isEmpty { return "is empty" }
        if name.utf8.count > Limits.nameBytes { return "is longer than \(Limits.nameBytes) bytes" }
        if name.utf8.contains(UInt8(ascii: "/")) { return "has a slash" }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "has a control character" }
        if name == "all" { return "stands for every app" }
        if name == "." || name == ".." { return "is a directory" }
        return nil
    }
}
