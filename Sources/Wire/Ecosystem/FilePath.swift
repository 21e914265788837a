/// Paths as texts: nothing is looked up, and `..` stays, because a symbolic link may stand before it.
enum FilePath {
    static func join(_ directory: String, _ path: String) -> String {
        if path.hasPrefix("/") { return path }
        let parts = path.split(separator: "/").filter { $0 != "." }
        let base = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
        return parts.isEmpty && base.isEmpty ? "/" : ([base] + parts.map(String.init)).joined(separator: "/")
    }

    /// The same path without `.` and `..`, as whoever typed it reads it.
    static func normalized(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
