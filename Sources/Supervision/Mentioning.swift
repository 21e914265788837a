extension StringProtocol {
    /// Whether these very bytes stand somewhere in it. The standard library's own way would bring its regular
    /// expressions along.
    public func mentions(_ words: String) -> Bool {
        let (text, sought) = (Array(utf8), Array(words.utf8))
        guard text.count >= sought.count else { return false }
        return (0...text.count - sought.count).contains { text[$0...].starts(with: sought) }
    }
}
