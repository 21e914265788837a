/// Which word was meant.
public enum Spelling {
    /// The known word with the fewest mistakes to this one, if they are few; dashes and capitals do not count.
    public static func nearest(to word: String, among known: some Sequence<String>) -> String? {
        let limit = max(1, min(3, word.utf8.count / 3))
        let target = simplified(word)
        return known.map { (distance: distance(target, simplified($0), limit: limit), word: $0) }
            .filter { $0.distance <= limit }
            // Of two as near, the longer: a letter is left out more often than typed too much.
            .min { ($0.distance, -$0.word.count, $0.word) < ($1.distance, -$1.word.count, $1.word) }?.word
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
