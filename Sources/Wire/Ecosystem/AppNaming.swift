public import Supervision

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
