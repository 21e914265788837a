/// Which word was meant.
enum Spelling {
    /// The known word with the fewest mistakes to this one, if they are few.
    static func nearest(to word: String, in known: [String]) -> String? {
        let tolerated = max(1, word.count / 3)
        let ranked = known.map { (distance: distance(word, $0), word: $0) }
        guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
        return best.distance <= tolerated ? best.word : nil
    }

    /// Letters to add, drop, change, or swap with their neighbour (the restricted Damerau-Levenshtein distance).
    static func distance(_ left: String, _ right: String) -> Int {
        let left = Array(left)
        let right = Array(right)
        var beforeLast: [Int] = []
        var last = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            for column in right.indices {
                let change = last[column] + (left[row] == right[column] ? 0 : 1)
                var best = min(last[column + 1] + 1, current[column] + 1, change)
                let swapped =
                    row > 0 && column > 0 && left[row] == right[column - 1] && left[row - 1] == right[column]
                if swapped { best = min(best, beforeLast[column - 1] + 1) }
                current.append(best)
            }
            beforeLast = last
            last = current
        }
        return last[right.count]
    }
}
