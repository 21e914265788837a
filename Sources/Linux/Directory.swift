internal import Glibc

/// Directories by their path (mkdir(2), readdir(3)).
public enum Directory {
    /// Makes a directory and those above it; that it is there already is as good.
    ///
    /// The mode is set on those that are made, whatever the umask.
    public static func create(_ path: String, mode: UInt32 = 0o700) throws(SystemError) {
        if mkdir(path, mode) == 0 { return try File.setMode(path, mode) }
        switch errno {
        case EEXIST where try File.status(path)?.kind == .directory: return
        case ENOENT where File.parent(of: path) != path:
            try create(File.parent(of: path), mode: mode)
            guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure(path, errno) }
        case let code: throw failure(path, code)
        }
    }

    /// The names in it, sorted, without "." and "..".
    public static func names(in path: String) throws(SystemError) -> [String] {
        guard let directory = opendir(path) else { throw SystemError("list \(path)", code: errno) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { field in
                String(cString: UnsafeRawPointer(field).assumingMemoryBound(to: CChar.self))
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes an empty directory.
    public static func remove(_ path: String) throws(SystemError) {
        guard rmdir(path) == 0 || errno == ENOENT else { throw SystemError("remove \(path)", code: errno) }
    }

    /// Removes a directory and everything below it; links are removed, never followed.
    public static func removeTree(_ path: String) throws(SystemError) {
        guard let status = try File.status(path, followingLinks: false) else { return }
        guard status.kind == .directory else { return try File.remove(path) }
        for name in try names(in: path) { try removeTree("\(path)/\(name)") }
        try remove(path)
    }

    /// Makes a new directory whose name nobody else has (mkdtemp(3)).
    public static func createUnique(_ prefix: String) throws(SystemError) -> String {
        var template = Array((prefix + "XXXXXX").utf8CString)
        guard mkdtemp(&template) != nil else { throw SystemError("create \(prefix)...", code: errno) }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func failure(_ path: String, _ code: Int32) -> SystemError {
        SystemError("create the directory \(path)", code: code)
    }
}
