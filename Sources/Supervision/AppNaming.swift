// How apps may be called, and how they are called when nobody says.

extension AppName {
    /// What an app is called when nobody named it: its program, without directory and extension. A line for the
    /// shell that names no path is its own name.
    public static func derived(fromScript script: String) -> String {
        if script.contains(" "), !script.contains("/") { return String(script.prefix(64)) }
        let first = script.split(separator: " ").first.map(String.init) ?? script
        let base = first.split(separator: "/").last.map(String.init) ?? first
        guard let dot = base.lastIndex(of: "."), dot != base.startIndex else { return base }
        return String(base[..<dot])
    }

    /// Why a text cannot be a name: it becomes part of file names and of commands, and `all` means every app.
    public static func objection(to name: String) -> String? {
        if name.isEmpty { return "is empty" }
        if name.utf8.count > Limits.nameBytes { return "is longer than \(Limits.nameBytes) bytes" }
        if name.utf8.contains(UInt8(ascii: "/")) { return "has a slash" }
        if name.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { return "has a control character" }
        if name == "all" { return "stands for every app" }
        if name == "." || name == ".." { return "is a directory" }
        return nil
    }

    /// What is wrong with it; nil: nothing.
    var fault: String? {
        for (what, text) in [("name", name), ("namespace", namespace)] {
            if let objection = AppName.objection(to: text) { return "the \(what) \"\(text)\" \(objection)" }
        }
        return nil
    }
}
